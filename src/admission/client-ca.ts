import { readFile } from 'node:fs/promises'
import { readAll } from '../x509/read.ts'

/** The authorities whose clients may send reviews: a file of PEM certificates, which may be replaced while it is served by. */
export class ClientCa {
  readonly #file: string | undefined
  #pem: string | undefined

  private constructor(file: string | undefined) {
    this.#file = file
  }

  /**
   * @param file undefined where anybody may send reviews
   * @throws an error that names the file where there is no certificate in it
   */
  static async read(file: string | undefined): Promise<ClientCa> {
    const ca = new ClientCa(file)
    await ca.isRead()
    return ca
  }

  get pem(): string | undefined {
    return this.#pem
  }

  /** For a server's options. */
  get asked(): { readonly clientCa?: string } {
    return this.#pem === undefined ? {} : { clientCa: this.#pem }
  }

  /** Reads the file anew. True where it says something else; where it says nothing, what it said last holds. @throws as `read` */
  async isRead(): Promise<boolean> {
    if (this.#file === undefined) return false
    let text
    try {
      text = await readFile(this.#file, 'utf8')
    } catch (error) {
      throw new Error(`${this.#file}: cannot be read: ${(error as NodeJS.ErrnoException).code}`, { cause: error })
    }
    if (readAll(text).length === 0) throw new Error(`${this.#file}: must hold PEM certificates`)
    const former = this.#pem
    this.#pem = text
    return former !== text
  }
}
