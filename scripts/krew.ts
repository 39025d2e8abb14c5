/**
 * The krew manifest of a release: `node scripts/krew.ts --archive FILE.tar.gz --uri URI [--output FILE]`. `--archive` is what
 * `npm run archive` has packed, `--uri` where it can be downloaded. Writes deploy/krew/paddock.yaml with its version, address
 * and SHA-256 to `--output`, .cache/krew/paddock.yaml unless set.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import manifest from '../package.json' with { type: 'json' }

const root = dirname(import.meta.dirname)
const { values: settings } = parseArgs({
  options: {
    archive: { type: 'string' },
    uri: { type: 'string' },
    output: { type: 'string', short: 'o', default: join(root, '.cache/krew/paddock.yaml') },
  },
})
const { archive, uri } = settings
if (archive === undefined || uri === undefined || !URL.canParse(uri)) {
  console.error('krew: --archive must name the release archive, and --uri where it can be downloaded')
  process.exit(2)
}
const values: Readonly<Record<string, string>> = {
  version: `v${manifest.version}`,
  uri: JSON.stringify(uri),
  sha256: createHash('sha256').update(readFileSync(archive)).digest('hex'),
}
const template = readFileSync(join(root, 'deploy/krew/paddock.yaml'), 'utf8')
const text = template
  .replace(/^(#.*\n)+/, '')
  .replaceAll(/^( +)(version|uri|sha256): [A-Z0-9]+$/gm, (_, indent: string, name: string) => `${indent}${name}: ${values[name]}`)
const output = resolve(settings.output)
mkdirSync(dirname(output), { recursive: true })
writeFileSync(output, text)
console.log(output)
