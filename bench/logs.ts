/**
 * `paddock diagnose` on a large log, beside `grep -c` and one `awk` sum over the same file: `node bench/logs.ts [MIB]`, 1024 unless said.
 * It needs the build (`npm run build`), and prints processor time, their ratio, and memory.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const format = '[%(h)s] %({request_id}i)s %(u)s %(t)s "%(r)s" %(s)s %(D)s %(b)s "%(f)s" "%(a)s"'
const folder = mkdtempSync(join(tmpdir(), 'paddock-bench-'))
const log = join(folder, 'web.log')

/** A log of the platform's format: 60 requests a second on paths of many kinds. */
function write(bytes: number): void {
  const file = openSync(log, 'w')
  let seed = 1
  const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below
  for (let [written, index] = [0, 0]; written < bytes;) {
    let text = ''
    for (let count = 0; count < 1000; count++, index++) {
      const second = Math.floor(index / 60) % 86_400
      const time = [second / 3600, (second / 60) % 60, second % 60].map((part) => String(Math.floor(part)).padStart(2, '0')).join(':')
      const path = ['/', `/orders/${random(20_000)}`, `/static/app.${random(50)}.js`, `/api/report?from=${random(9)}`][random(4)]
      text += `[10.0.${random(256)}.${random(256)}] ${
        String(random(2_000_000_000)).padStart(32, '0')
      } - [30/Nov/2026:${time} +0000] "GET ${path} HTTP/1.1" 200 ${random(100_000)} ${
        random(90_000)
      } "https://shop.example/cart" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"\n`
    }
    written += writeSync(file, text)
  }
  closeSync(file)
}

/** Seconds of processor time, and MiB, of a command; both as `time` of GNU has them. */
async function measure(command: readonly string[]): Promise<{ readonly seconds: number; readonly memory: number }> {
  const said = join(folder, 'time')
  // grep ends at the first match where nobody reads how many there are.
  const child = spawn('/usr/bin/time', ['-f', '%U %S %M', '-o', said, ...command], { stdio: ['ignore', 'pipe', 'ignore'] })
  child.stdout?.resume()
  await once(child, 'close')
  const [user = 0, system = 0, kilobytes = 0] = (readFileSync(said, 'utf8').trim().split('\n').at(-1) ?? '').split(' ').map(Number)
  return { seconds: user + system, memory: kilobytes / 1024 }
}

try {
  write(Number(process.argv[2] ?? 1024) * 2 ** 20)
  const grep = await measure(['grep', '-c', ' 200 ', log])
  const awk = await measure(['awk', '{ sum += $10 } END { print sum }', log])
  const paddock = await measure(['node', join(import.meta.dirname, '..', 'dist', 'paddock.js'), 'diagnose', '--logs', log, '--command',
    `gunicorn wsgi -w 4 --access-logformat '${format}'`])
  console.log(
    `grep ${grep.seconds.toFixed(2)} s, awk ${awk.seconds.toFixed(2)} s, diagnose ${paddock.seconds.toFixed(2)} s and ${
      Math.round(paddock.memory)
    } MiB: ${(paddock.seconds / (grep.seconds + awk.seconds)).toFixed(1)} times`,
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}
