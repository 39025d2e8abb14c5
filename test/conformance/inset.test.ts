/** Scripts within words: what a real shell makes of a word in which text was put, be it quoted in whatever way. */
import { describe, expect } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { applySplices } from '../../src/edit.ts'
import { Environment } from '../../src/shell/environment.ts'
import { insetOf } from '../../src/shell/inset.ts'
import { readScript } from '../../src/shell/script.ts'
import { amount } from '../amount.ts'
import { Random } from './random.ts'
import { realTest, seed } from './real.ts'
import { missing } from './shell-programs.ts'

const count = Number(process.env['PADDOCK_INSETS'] ?? amount(4000))

const environment = { A: 'one', B: 'it\'s "2" \\', E: '' }

/** A word: pieces in all kinds of quotes. */
function word(random: Random): string {
  const inDouble = ['gunicorn app', "it's", ' ', '\\"', '\\\\', '\\$A', '$A', '${B}', '\\`', '\\x', '#', '\\\n', '${E}', '$', ' -w 4',
    '{a}', '~', '!']
  const inSingle = ['gunicorn app', '"', '\\', '$A', ' ', '`x`', '\n', '%(h)s']
  const bare = ['gunicorn', '\\ ', "\\'", '\\"', '\\\\', 'app:app', '\\$A', '-w', '4', '\\\n', ':', '=']
  const some = (pieces: readonly string[]): string => Array.from({ length: random.below(4) }, () => random.pick(pieces)).join('')
  const part = (): string => random.pick([() => `"${some(inDouble)}"`, () => `'${some(inSingle)}'`, () => some(bare)])()
  return Array.from({ length: 1 + random.below(3) }, part).join('')
}

const added = [' -w 4', ' -b :$PORT', " --access-logformat '%(h)s \"%(r)s\" it'\\''s'", 'x', ' \\\n  --preload', '"', "'", '\\', '`',
  '$(A)', '', ' $A "$B"']

interface Case {
  readonly source: string
  readonly expected: string
}

/** Random words, with what each must become once text has been put in. */
function cases(random: Random): Case[] {
  const all: Case[] = []
  while (all.length < count) {
    const source = word(random)
    const [command] = readScript(`x ${source}`, { dialect: 'sh', environment: new Environment(Object.entries(environment)) }).commands
    const [, found, ...more] = command?.words ?? []
    const inset = found && more.length === 0 && found.value !== null ? insetOf(found) : undefined
    if (!found || !inset) continue
    // What is read is told by the reader of scripts; here it is what becomes of it.
    if (inset.text !== found.value) throw new Error(`${source} is not ${inset.text}`)
    const start = random.below(inset.text.length + 1)
    const end = random.chance(0.5) ? start : start + random.below(inset.text.length - start + 1)
    const text = random.pick(added)
    const splice = inset.splice({ start, end, text })
    if (!splice) continue
    all.push({ source: applySplices(`x ${source}`, [splice]).slice(2), expected: applySplices(inset.text, [{ start, end, text }]) })
  }
  return all
}

describe.each(['dash', 'bash', 'busybox'])('scripts within words, %s', (shell) => {
  realTest('text that is put in means itself', missing(shell), () => {
    const all = cases(new Random(seed))
    const script = all.map(({ source }) => `printf '%s\\0' ${source}\n`).join('')
    const { stdout, stderr } = spawnSync(shell, [...(shell === 'busybox' ? ['sh'] : []), '-s'], { input: script, env: environment,
      encoding: 'utf8', maxBuffer: 1 << 28 })
    const became = stdout.split('\0')
    const wrong = all.flatMap(({ source, expected }, index) => (became[index] === expected ? []
      : [`${JSON.stringify(source)}: ${JSON.stringify(became[index])}, and not ${JSON.stringify(expected)}`])
    )
    expect([stderr, ...wrong.slice(0, 10)].join('\n')).toBe('')
    expect(became.length).toBe(all.length + 1)
  })
})
