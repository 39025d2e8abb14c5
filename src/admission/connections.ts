/** The connections that are open: at most so many, of which a new one takes the place of the one that was of use longest ago. */
import type { Socket } from 'node:net'

/** A connection, as long as it is open. */
export interface Connection {
  readonly socket: Socket
  /** Requests on it that are being answered. */
  busy: number
  /** When it was of use last: a count, no time. */
  used: number
}

export class Connections {
  readonly #open = new Map<string, Connection>()
  /** By the sockets that requests name: what is looked up once for each connection. */
  readonly #known = new WeakMap<Socket, Connection>()
  readonly #most: number
  #closed = 0
  #uses = 0

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
      const given = this.#leastUseful()
      if (!given) return void socket.destroy()
      this.#open.delete(keyOf(given.socket))
      given.socket.destroy()
    }
    const connection: Connection = { socket, busy: 0, used: ++this.#uses }
    this.#open.set(key, connection)
    socket.once('close', () => {
      if (this.#open.get(key) === connection) this.#open.delete(key)
    })
  }

  /** The one that was of no use longest, of those that are of none now. */
  #leastUseful(): Connection | undefined {
    let least: Connection | undefined
    for (const connection of this.#open.values()) if (connection.busy === 0 && !(least && least.used < connection.used)) least = connection
    return least
  }

  /** A request has come whole over this connection, or over what is within it; undefined for one that is closed already. */
  begin(socket: Socket): Connection | undefined {
    let connection = this.#known.get(socket)
    if (!connection) {
      connection = this.#open.get(keyOf(socket))
      if (connection) this.#known.set(socket, connection)
    }
    if (connection) connection.busy++
    return connection
  }

  /** Its answer is sent. */
  end(connection: Connection): void {
    connection.busy--
    connection.used = ++this.#uses
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
