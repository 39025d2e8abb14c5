/** All benchmarks, one after the other: `npm run bench`. Each compares with a baseline of the same run. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

for (const name of ['webhook', 'documents', 'start']) {
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, `${name}.ts`)], { stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}
