/** Registries of the test's own, which do as they are told: well, slowly, or not at all. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { networkInterfaces } from 'node:os'
import type { AddressInfo } from 'node:net'
import { distribution, layer, MadeLayout, pythonWithGunicorn, type Listing } from '../oci/made-images.ts'

/** An address of this machine that is not its loopback, where the webhook never looks; undefined where there is none. */
export const ownAddress = Object.values(networkInterfaces()).flat().find((one) => one?.family === 'IPv4' && !one.internal)?.address

export interface PythonImage {
  readonly layout: MadeLayout
  readonly manifest: { readonly digest: string; readonly mediaType: string; readonly size: number }
}

/** An image with a Python and such distributions: gunicorn 23.0.0 among them. */
export async function pythonImage(distributions: Readonly<Record<string, string>> = {}, config: object = {},
  more: Listing = []): Promise<PythonImage> {
  const layout = new MadeLayout()
  const layers = [
    await layer([
      ...pythonWithGunicorn,
      ...distribution('packaging', '24.0'),
    ]),
    await layer([...Object.entries(distributions).flatMap(([name, version]) => [...distribution(name, version)]), ['app/wsgi.py', 'x'],
      ...more]),
  ]
  return { layout, manifest: layout.image(layers, config) }
}

export type Behaviour = (request: IncomingMessage, response: ServerResponse) => void

/** A registry without TLS that serves one image under any name, unless it is told to do otherwise. */
export class ServedImages {
  readonly host: string
  /** Blobs that were asked for, by digest. */
  readonly asked = new Map<string, number>()
  /** What it does in place of serving. */
  behaviour: Behaviour | undefined
  /** The digests of its configuration and its layers. */
  readonly blobs: readonly string[]
  /** That of its manifest. */
  readonly digest: string
  readonly #server: Server

  private constructor(host: string, { layout, manifest }: PythonImage, server: Server) {
    const { config, layers } = JSON.parse(String(layout.files.get(`blobs/${manifest.digest.replace(':', '/')}`))) as {
      config: { digest: string }
      layers: { digest: string }[]
    }
    this.digest = manifest.digest
    this.blobs = [config, ...layers].map(({ digest }) => digest)
    this.host = host
    this.#server = server
  }

  static async start(address: string, image: PythonImage): Promise<ServedImages> {
    const { layout, manifest } = image
    const server = createServer((request, response) => {
      if (served.behaviour) return served.behaviour(request, response)
      const [, kind, name = ''] = /^\/v2\/[^?]*?\/(manifests|blobs)\/([^/?]+)/.exec(request.url ?? '') ?? []
      const digest = kind === 'manifests' && !name.startsWith('sha256:') ? manifest.digest : name
      const content = layout.files.get(`blobs/${digest.replace(':', '/')}`)
      if (!content) return void response.writeHead(404).end()
      if (kind === 'blobs') served.asked.set(digest, (served.asked.get(digest) ?? 0) + 1)
      response.writeHead(200, { 'content-type': kind === 'manifests' ? manifest.mediaType : 'application/octet-stream',
        'content-length': content.length }).end(content)
    })
    await new Promise<void>((resolve) => server.listen(0, address, resolve))
    const served = new ServedImages(`${address}:${(server.address() as AddressInfo).port}`, image, server)
    return served
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
