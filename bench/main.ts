/**
 * Benchmarks, one after the other: `npm run bench`, or those that are named: `npm run bench -- scan`, which takes many minutes
 * and is run by its name only. Each compares with a baseline of the same run, or with what is to be reached.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const named = process.argv.slice(2)
for (const name of named.length > 0 ? named : ['webhook', 'bulk', 'documents', 'start']) {
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, `${name}.ts`)], { stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}
