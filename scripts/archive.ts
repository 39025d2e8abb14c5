/**
 * What is published beside the image, for krew, the GitHub Action and whoever has a Node of their own:
 * `npm run archive -- [--output FILE.tar.gz]` packs the bundle with its licences, and prints the archive's SHA-256.
 * The same input gives the same bytes. `--dist DIR` takes the bundle from there, rather than building it.
 *
 * With `--npm` it is a package for npm: `npm install FILE.tgz`, or `npm publish FILE.tgz` (docs/releasing.md). It needs no other package.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import manifest from '../package.json' with { type: 'json' }
import { withBundle } from './image/bundle.ts'
import { complete, file } from './image/entries.ts'
import type { Entry } from './image/entries.ts'
import { sourceOf } from './image/source.ts'
import { packed } from './image/tar.ts'

/** As npm knows it. The name without a scope is another project's. */
const publishedName = '@paddock-gunicorn/paddock'

const root = dirname(import.meta.dirname)
const { name, version, license, type, engines } = manifest
const { values: settings } = parseArgs({
  options: {
    output: { type: 'string', short: 'o' },
    dist: { type: 'string' },
    npm: { type: 'boolean', default: false },
  },
})
const output = resolve(settings.output ?? join(root, `.cache/paddock-${version}.${settings.npm ? 'tgz' : 'tar.gz'}`))

const programs = { paddock: 'dist/paddock.js', 'kubectl-paddock': 'dist/paddock.js' }

/** The repository's own leads to files that are not in the package. */
const readme = `# Paddock

${manifest.description}.

\`\`\`sh
npx ${publishedName} check .                       # manifests, Procfiles and app_desc.yaml of this folder
npx ${publishedName} check . --fix                 # mends them in place
npx ${publishedName} explain -- gunicorn app:app   # what a command comes to
\`\`\`

\`paddock --help\` lists the rest. It needs Node ${engines.node} and no other package; nothing is sent anywhere.
`

await withBundle(root, settings.dist, pack).catch((error: unknown) => {
  console.error(`archive: ${(error as Error).message}`)
  process.exitCode = 1
})

async function pack(dist: string): Promise<void> {
  const described = { name, version, license, type, engines, bin: programs }
  const entries = settings.npm ? npmPackage(dist) : contents(dist, described)
  const archive = gzipSync(await buffer(packed(complete(entries), sourceOf(root).created)), { level: 9 })
  // The tenth byte of gzip's header names the operating system that packed (RFC 1952): 255 is "unknown".
  archive.writeUInt8(255, 9)
  const sha256 = createHash('sha256').update(archive).digest('hex')
  mkdirSync(dirname(output), { recursive: true })
  writeFileSync(output, archive)
  writeFileSync(`${output}.sha256`, `${sha256}  ${basename(output)}\n`)
  console.log(`${output}\n  ${(archive.length / 1e6).toFixed(1)} MB  sha256:${sha256}`)
}

/** @throws where the bundle's licences are not beside it: a build that has failed leaves none */
function contents(dist: string, described: object): Entry[] {
  if (!existsSync(join(dist, 'THIRD-PARTY-NOTICES.txt'))) throw new Error(`${dist} holds no whole bundle: build it again`)
  const bundle = readdirSync(dist).map((part) => {
    const path = join(dist, part)
    return file(`dist/${part}`, readFileSync(path), statSync(path).mode & 0o100 ? 0o755 : 0o644)
  })
  return [
    ...bundle,
    file('LICENSE', readFileSync(join(root, 'LICENSE'))),
    file('package.json', `${JSON.stringify(described, null, 2)}\n`),
  ]
}

/** What npm unpacks: all of it stands in a folder `package`. */
function npmPackage(dist: string): Entry[] {
  const { description, keywords } = manifest
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: built } = process.env
  // What npm compares its provenance with: the repository that is built in.
  const repository = server !== undefined && built !== undefined ? { repository: { type: 'git', url: `git+${server}/${built}.git` } } : {}
  const described = { name: publishedName, version, description, keywords, license, type, engines, bin: programs, ...repository,
    publishConfig: { access: 'public', provenance: true } }
  return [...contents(dist, described), file('README.md', readme)].map((entry) => ({ ...entry, path: `package/${entry.path}` }))
}
