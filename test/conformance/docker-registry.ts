/** Debian's docker-registry as a process: over TLS, with basic authentication. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { cacheFolder } from '../../scripts/gunicorn-release.ts'
import { randomBytes } from 'node:crypto'
import { freePorts } from '../cluster/control-plane.ts'
import { makeCertificates } from '../../src/x509/authority.ts'
import type { MadeLayout } from '../oci/made-images.ts'

const run = promisify(execFile)

/** Where the program is. Throws where it cannot be had, with a sentence on why. */
export async function findRegistry(): Promise<string> {
  const folder = cacheFolder('docker-registry')
  const program = join(folder, 'usr/bin/docker-registry')
  if (existsSync(program)) return program
  mkdirSync(folder, { recursive: true })
  try {
    await run('apt-get', ['download', 'docker-registry'], { cwd: folder })
    const [name = ''] = readdirSync(folder).filter((one) => one.endsWith('.deb'))
    await run('dpkg-deb', ['-x', name, '.'], { cwd: folder })
    return program
  } catch (error) {
    throw new Error('docker-registry cannot be had (apt-get download docker-registry, on a Debian)', { cause: error })
  }
}

/** `user` and `secret`, by bcrypt: it knows nothing else. */
const htpasswd = 'user:$2b$04$TKvsuZLE5jjeCYeAsIa3tOd26mVI7tVFk7O.eTXg.kgzZ9UlqGxR6\n'

export class DockerRegistry {
  readonly host: string
  /** A file with the authority of its certificate. */
  readonly ca: string
  readonly folder: string
  readonly #process: ChildProcess
  readonly #authority: string

  private constructor(host: string, ca: string, authority: string, folder: string, process: ChildProcess) {
    this.host = host
    this.ca = ca
    this.#authority = authority
    this.folder = folder
    this.#process = process
  }

  /** @param address where it listens; unless it is given, at a name of this machine's own */
  static async start(program: string, address?: string): Promise<DockerRegistry> {
    const folder = mkdtempSync(join(tmpdir(), 'paddock-registry-'))
    const [port = 0] = await freePorts(1)
    const { ca: authority, cert, key } = makeCertificates(['localhost', '127.0.0.1', ...(address === undefined ? [] : [address])],
      Date.now(), randomBytes)
    const file = (name: string, content: string): string => {
      writeFileSync(join(folder, name), content)
      return join(folder, name)
    }
    const ca = file('ca.pem', authority)
    const config = [
      'version: 0.1',
      'log: {level: error}',
      `storage: {filesystem: {rootdirectory: ${folder}/data}, delete: {enabled: true}}`,
      `http: {addr: "${address ?? '127.0.0.1'}:${port}", secret: x, tls: {certificate: ${file('tls.crt', cert)}, key: ${
        file('tls.key', key)
      }}}`,
      `auth: {htpasswd: {realm: test, path: ${file('htpasswd', htpasswd)}}}`,
    ]
    const child = spawn(program, ['serve', file('config.yml', config.join('\n'))], { stdio: 'ignore' })
    const registry = new DockerRegistry(`${address ?? 'localhost'}:${port}`, ca, authority, folder, child)
    for (let tries = 0; tries < 200; tries++) {
      if (await registry.#send('GET', '/v2/').then(({ status }) => status === 200, () => false)) return registry
      await sleep(50)
    }
    throw new Error('docker-registry does not answer')
  }

  /** Puts the blobs of a layout there, then its manifests, the last of which gets the tag. */
  async push(repository: string, tag: string, layout: MadeLayout,
    manifests: readonly { digest: string; mediaType: string }[]): Promise<void> {
    for (const [path, content] of layout.files) {
      const [, hex] = /^blobs\/sha256\/(.*)$/.exec(path) ?? []
      if (hex === undefined) continue
      const { location } = await this.#send('POST', `/v2/${repository}/blobs/uploads/`)
      const to = new URL(location ?? '')
      to.searchParams.set('digest', `sha256:${hex}`)
      const { status } = await this.#send('PUT', `${to.pathname}${to.search}`, content, 'application/octet-stream')
      if (status !== 201) throw new Error(`a blob is refused: ${status}`)
    }
    for (const [index, { digest, mediaType }] of manifests.entries()) {
      const { status } = await this.#send('PUT', `/v2/${repository}/manifests/${index === manifests.length - 1 ? tag : digest}`,
        layout.files.get(`blobs/${digest.replace(':', '/')}`), mediaType)
      if (status !== 201) throw new Error(`a manifest is refused: ${status}`)
    }
  }

  #send(method: string, path: string, body?: Buffer, type = 'application/json'): Promise<{ status: number; location: string | undefined }> {
    return new Promise((resolve, reject) => {
      const sent = request(`https://${this.host}${path}`, { method, ca: this.#authority,
        headers: { authorization: `Basic ${Buffer.from('user:secret').toString('base64')}`, 'content-type': type,
          ...(body ? { 'content-length': body.length } : {}) } }, (response) => {
        response.resume().on('end', () => resolve({ status: response.statusCode ?? 0, location: response.headers.location }))
      })
      sent.on('error', reject)
      sent.end(body)
    })
  }

  stop(): void {
    this.#process.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
