/** `paddock check` on 10,000 Deployments in one file, beside js-yaml alone reading the same file. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deployment } from './deployment.ts'
import { cores, measure } from './measure.ts'

const documents = 10_000
const goals = { seconds: 6, memory: 400 }
const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'paddock-bench-'))
try {
  const file = join(folder, 'deployments.yaml')
  writeFileSync(file, Array.from({ length: documents }, (_, index) => deployment(index)).join('---\n'))
  const megabytes = statSync(file).size / 1e6
  const reader = `import { loadAll } from 'js-yaml'; import { readFileSync } from 'node:fs'; loadAll(readFileSync(process.argv[1], 'utf8'))`
  const yaml = await measure([process.execPath, '--input-type=module', '-e', reader, file], 3)
  const check = await measure([process.execPath, join(root, 'dist/paddock.js'), 'check', file], 3)
  const row = ({ seconds, memory }: typeof check): string =>
    `${seconds.toFixed(2)} s  ${Math.round(documents / seconds)} documents/s  ${Math.round(memory)} MiB`
  console.log(`\npaddock check on ${documents} Deployments in one file of ${megabytes.toFixed(0)} MB, ${cores}
  js-yaml alone   ${row(yaml)}
  paddock check   ${row(check)}  (${
    (check.seconds / yaml.seconds).toFixed(2)
  } times; to reach: under ${goals.seconds} s and ${goals.memory} MiB)`)
} finally {
  rmSync(folder, { recursive: true })
}
