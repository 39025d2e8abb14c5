import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A way to a server that can be cut. What goes through is passed on as it is, TLS with it. */
export type Proxy = {
  port: number
  /** Loses all connections; new ones can be made. */
  cut(): void
  /** Loses all connections, and takes none until it is opened. */
  close(): void
  open(): void
  /** Passes nothing on any more of the connections there are, and says nothing of it: as a router that has forgotten them. */
  forget(): void
  /** Passes nothing on of any connection, until it is opened. */
  silence(): void
  stop(): Promise<void>
}

export async function startProxy(host: string, port: number): Promise<Proxy> {
  const pairs = new Set<readonly [Socket, Socket]>()
  let state: 'open' | 'closed' | 'silent' = 'open'
  const server = createServer((near) => {
    if (state === 'closed') return void near.resetAndDestroy()
    const far = connect(port, host)
    const pair = [near, far] as const
    pairs.add(pair)
    for (const [one, other] of [pair, [far, near] as const]) {
      one.on('error', () => {})
      one.on('close', () => {
        other.destroy()
        pairs.delete(pair)
      })
      if (state === 'open') one.pipe(other)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const forget = () => {
    for (const pair of pairs) for (const socket of pair) socket.unpipe().pause()
  }
  const cut = () => pairs.forEach(([near]) => near.resetAndDestroy())
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    close() {
      state = 'closed'
      cut()
    },
    open() {
      // What was passed over in silence is lost.
      if (state === 'silent') cut()
      state = 'open'
    },
    forget,
    silence() {
      state = 'silent'
      forget()
    },
    async stop() {
      const closed = once(server, 'close')
      server.close()
      cut()
      await closed
    },
  }
}
