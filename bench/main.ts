/**
 * Benchmarks, one after the other: `npm run bench`, or those that are named: `npm run bench -- scan`, which takes many minutes
 * and is run by its name only. Each compares with a baseline of the same run, or with what is to be reached. `--beside REF` measures
 * the webhook of that commit in the same run as well.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const at = process.argv.indexOf('--beside')
const beside = at < 0 ? [] : process.argv.slice(at, at + 2)
const named = process.argv.slice(2).filter((word) => !beside.includes(word))
for (const name of named.length > 0 ? named : ['webhook', 'bulk', 'documents', 'start']) {
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, `${name}.ts`), ...(name === 'webhook' ? beside : [])], {
    stdio: 'inherit',
  })
  if (status !== 0) process.exitCode = 1
}
