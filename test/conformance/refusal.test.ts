/** What no shell is said to read, none of them reads: scripts with something put in or left out, given to the real shells. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from '@jest/globals'
import { refusalOf } from '../../src/shell/refusal.ts'
import { parse } from '../../src/shell/syntax.ts'
import { Random } from './random.ts'
import { realTest, seed } from './real.ts'
import { missing } from './shell-programs.ts'

const shells = [['dash'], ['bash'], ['bash', '--posix'], ['busybox', 'ash']] as const

const sound = [
  'echo exec -b :8000 shop:create_app',
  "echo -b :8000 'shop:app' -w 4",
  'echo --access-logformat="%(h)s %(r)s" app',
  'if [ -f x ]; then echo a:b; fi',
  'case "$1" in a) echo a:b ;; *) echo c ;; esac',
  'for i in 1 2; do echo $i; done',
  'f() { echo a:b; }; f',
  'a=$(echo x) && echo "$a"',
  '(cd / && echo a:b) | cat',
  'echo a\necho b\n',
  'echo a >out 2>&1 & wait',
  'set -e; echo "a:b(\'x\')"',
  'echo a:b \\\n -w 4',
  'cat <<EOF\nx $(echo y)\nEOF\necho a:b',
  'echo `echo x`',
  '{ echo a:b; }',
  'echo \'a:f("x", y=1)\' # c',
  "echo a:b ${X:-'y'}",
  'if true\nthen\n  echo a\nfi\necho b',
  'echo a || echo b; echo c',
]

// dprint-ignore: a list of words
const pieces = [
  '(', ')', "'", '"', '`', ';', ';;', '&', '&&', '|', '||', '<', '>', '{', '}', 'fi', 'then', 'do', 'done', 'esac', 'if', '$(', '${', '$((', '\\', '\n', '#', '!', ' ', 'x', '()', 'in', 'case', '%(h)s',
]

function broken(random: Random): string {
  const lines = Array.from({ length: 1 + random.below(3) }, () => random.pick(sound))
  let text = lines.join('\n')
  for (let count = 0; count <= random.below(3); count++) {
    const at = random.below(text.length + 1)
    const piece = random.pick(pieces)
    text = random.below(4) === 0 ? text.slice(0, at) + text.slice(at + 1)
      : `${text.slice(0, at)}${random.pick([piece, ` ${piece} `])}${text.slice(at)}`
  }
  return text
}

const lacking = missing('dash') ?? missing('bash') ?? missing('busybox')

realTest('what no shell takes, none takes, and nothing from there on is run', lacking, () => {
  const folder = mkdtempSync(join(tmpdir(), 'paddock-refusal-'))
  const run = ([program, ...options]: readonly string[], script: string, flags: readonly string[]) =>
    spawnSync(program ?? '', [...options, ...flags, '-c', script], { cwd: folder, encoding: 'utf8',
      env: { PATH: process.env['PATH'] ?? '' }, input: '' })
  try {
    const random = new Random(seed)
    let refused = 0
    for (let index = 0; index < 400; index++) {
      const text = broken(random)
      const refusal = refusalOf(parse(text), text)
      if (!refusal) continue
      refused++
      for (const shell of shells) {
        expect([shell, text, run(shell, text, ['-n']).status === 0]).toEqual([shell, text, false])
        if (index % 8 !== 0) continue
        const [whole, before] = [run(shell, text, []), run(shell, text.slice(0, refusal.from), [])]
        expect([shell, text, refusal, whole.stdout]).toEqual([shell, text, refusal, before.stdout])
      }
    }
    expect(refused).toBeGreaterThan(50)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
