/**
 * `paddock image` on a large image, beside `gzip -dc` alone over the same layers: `node bench/image.ts [MIB] [FOLDER]`, 2048 MiB unpacked of
 * layers out of /usr/share unless said. It needs the build (`npm run build`) and half of that on disk, and prints processor time, the ratio, and memory.
 */
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGzip } from 'node:zlib'

const folder = mkdtempSync(join(tmpdir(), 'paddock-bench-'))
const blobs = join(folder, 'image', 'blobs', 'sha256')
mkdirSync(blobs, { recursive: true })

interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

function document(value: object, mediaType: string): Descriptor {
  const text = JSON.stringify(value)
  const hex = createHash('sha256').update(text).digest('hex')
  writeFileSync(join(blobs, hex), text)
  return { mediaType, digest: `sha256:${hex}`, size: Buffer.byteLength(text) }
}

/** A layer of a folder's files, each below a folder of the layer's own. */
async function layer(number: number, source: string): Promise<Descriptor & { readonly diffId: string; readonly unpacked: number }> {
  const tar = spawn('tar', ['--ignore-failed-read', '--transform', `s,^,layer${number}/,`, '-cf', '-', '-C', source, '.'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [whole, packed] = [createHash('sha256'), createHash('sha256')]
  let unpacked = 0
  const file = join(folder, 'layer')
  tar.stdout.on('data', (part: Buffer) => {
    whole.update(part)
    unpacked += part.length
  })
  const gzip = tar.stdout.pipe(createGzip())
  gzip.on('data', (part: Buffer) => packed.update(part))
  await once(gzip.pipe(createWriteStream(file)), 'finish')
  const hex = packed.digest('hex')
  renameSync(file, join(blobs, hex))
  return { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: `sha256:${hex}`, size: statSync(join(blobs, hex)).size,
    diffId: `sha256:${whole.digest('hex')}`, unpacked }
}

/** Seconds of processor time, and MiB, of a command; both as `time` of GNU has them. */
function measure(...command: readonly string[]): { readonly seconds: number; readonly memory: number } {
  const said = join(folder, 'time')
  const { status } = spawnSync('/usr/bin/time', ['-f', '%U %S %M', '-o', said, 'sh', '-c', '"$@" > /dev/null', 'sh', ...command])
  if (status !== 0) throw new Error(`${command.join(' ')} has failed`)
  const [user = 0, system = 0, kilobytes = 0] = readFileSync(said, 'utf8').trim().split(' ').map(Number)
  return { seconds: user + system, memory: kilobytes / 1024 }
}

try {
  const [mebibytes = '2048', source = '/usr/share'] = process.argv.slice(2)
  const layers: Awaited<ReturnType<typeof layer>>[] = []
  for (let left = Number(mebibytes) * 2 ** 20; left > 0; left -= layers.at(-1)?.unpacked ?? left)
    layers.push(await layer(layers.length, source))
  const config = document({ os: 'linux', architecture: 'amd64', config: { Entrypoint: ['gunicorn', '-k', 'gevent', 'app:app'] },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) } }, 'application/vnd.oci.image.config.v1+json')
  const manifest = document({ schemaVersion: 2, config,
    layers: layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })) }, 'application/vnd.oci.image.manifest.v1+json')
  writeFileSync(join(folder, 'image', 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }))
  const gzip = measure('gzip', '-dc', ...layers.map(({ digest }) => join(blobs, digest.slice('sha256:'.length))))
  const paddock = measure('node', join(import.meta.dirname, '..', 'dist', 'paddock.js'), 'image', `oci:${join(folder, 'image')}`,
    '--format', 'json')
  const mib = (bytes: readonly number[]): number => Math.round(bytes.reduce((sum, one) => sum + one, 0) / 2 ** 20)
  console.log(
    `${layers.length} layers, ${mib(layers.map(({ size }) => size))} MiB, ${
      mib(layers.map(({ unpacked }) => unpacked))
    } unpacked: gzip -dc ${gzip.seconds.toFixed(2)} s, paddock image ${paddock.seconds.toFixed(2)} s and ${
      Math.round(paddock.memory)
    } MiB: ${(paddock.seconds / gzip.seconds).toFixed(2)} times`,
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}
