/** The connections that are open: at most so many, of which a new one takes the place of the one that was of use longest ago. */
import type { Socket } from 'node:net'

interface Connection {
  readonly socket: Socket
  /** Requests on it that are being answered. */
  busy: number
}

export class Connections {
  /** Those that were of no use longest are in front. */
  readonly #open = new Map<string, Connection>()
  readonly #most: number
  #closed = 0

  constructor(most: number) {
    this.#most = most
  }

  /** How many were closed for others, or not taken. */
  get closed(): number {
    return this.#closed
  }

  /**
   * A new connection. Where there are too many, one is closed that waits for a request, or for the rest of one: a server that
   * turned the new one away would be shut by whoever opens connections and says nothing, to probes too.
   */
  add(socket: Socket): void {
    const key = keyOf(socket)
    if (this.#open.size >= this.#most) {
      this.#closed++
      const given = [...this.#open.values()].find(({ busy }) => busy === 0)
      if (!given) return void socket.destroy()
      this.#open.delete(keyOf(given.socket))
      given.socket.destroy()
    }
    const connection: Connection = { socket, busy: 0 }
    this.#open.set(key, connection)
    socket.once('close', () => {
      if (this.#open.get(key) === connection) this.#open.delete(key)
    })
  }

  /** A request has come whole over this connection, or over what is within it. */
  begin(socket: Socket): void {
    const connection = this.#open.get(keyOf(socket))
    if (connection) connection.busy++
  }

  /** Its answer is sent. */
  end(socket: Socket): void {
    const key = keyOf(socket)
    const connection = this.#open.get(key)
    if (!connection) return
    connection.busy--
    this.#open.delete(key)
    this.#open.set(key, connection)
  }

  closeAll(): void {
    for (const { socket } of this.#open.values()) socket.destroy()
  }
}

/** The same for a TLS connection and the one that carries it. It is told after the end, too. */
const keyOf = (socket: Socket): string => (keys.get(socket) ?? keep(socket))

const keys = new WeakMap<Socket, string>()

function keep(socket: Socket): string {
  const key = `${socket.remoteAddress}|${socket.remotePort}`
  keys.set(socket, key)
  return key
}
