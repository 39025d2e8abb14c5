/**
 * A command line without `--daemon` or `--reload`, against real gunicorn releases: all but that setting must be what it was, and where
 * it cannot be, `omit` must say so.
 */
import { describe, expect } from '@jest/globals'
import { installGunicorn } from '../../scripts/gunicorn-release.ts'
import { releasesFor } from '../../src/gunicorn/catalogue.ts'
import { omit } from '../../src/gunicorn/omission.ts'
import { literal } from '../../src/shell/word.ts'
import { amount } from '../amount.ts'
import { Oracle, type Answer } from './gunicorn.ts'
import { Random } from './random.ts'
import { realTest, seed } from './real.ts'

const count = Number(process.env['PADDOCK_OMISSIONS'] ?? amount(600))

const pieces: readonly (readonly string[])[] = [
  ['-w', '3'],
  ['-w4'],
  ['--workers=2'],
  ['-b', ':80'],
  ['-b:81'],
  ['-k', 'gthread'],
  ['--threads', '2'],
  ['-R'],
  ['--preload'],
  ['-p', 'D'],
  ['-p', '-'],
  ['--proxy-protocol'],
  ['--proxy-protocol', 'v1'],
  ['--reload-engine', 'poll'],
  ['--name', '-x'],
  ['-n=D'],
  ['-t'],
  ['--timeout'],
  ['extra:app'],
  ['-g', '0'],
  ['-w'],
]
const daemon = ['-D', '--daemon', '--daem', '-DR', '-RD', '-Dw5', '-RDw', '-DD', '-Db:82', '-Dw=6', '-RDw=7', '-DpD', '-D=x', '--daemon=1']
const reload = ['--reload', '--rel', '--reload=1']

interface Line {
  readonly setting: 'daemon' | 'reload'
  readonly words: readonly string[]
}

function lines(): Line[] {
  const random = new Random(seed)
  return Array.from({ length: count }, () => {
    const setting = random.pick(['daemon', 'daemon', 'reload'] as const)
    const parts = random.some(pieces, random.below(4)).map((piece) => [...piece])
    parts.splice(random.below(parts.length + 1), 0, [random.pick(setting === 'daemon' ? daemon : reload)])
    if (random.chance(0.2)) parts.splice(random.below(parts.length + 1), 0, [random.pick(setting === 'daemon' ? daemon : reload)])
    if (random.chance(0.9)) parts.splice(random.below(parts.length + 1), 0, ['app:app'])
    if (random.chance(0.1)) parts.splice(random.below(parts.length + 1), 0, ['--'])
    return { setting, words: parts.flat() }
  })
}

const told = ({ exit, error, application, settings }: Answer, without: string): string =>
  JSON.stringify([exit, error, application, settings && Object.entries(settings).filter(([name]) =>
    name !== without
  ).sort(([a], [b]) => a.localeCompare(b))])

describe.each(['19.10.0', '20.1.0', '22.0.0', '23.0.0', '25.3.0', '27.0.1'])('gunicorn %s', (release) => {
  realTest(`${release} reads the rest as before`, undefined, async () => {
    await installGunicorn(release)
    const all = lines().map((line) => {
      const words = line.words.map((word) => literal(word))
      const omissions = omit(words, line.setting, releasesFor(release))
      const left = omissions && words.flatMap((word) => {
        const omission = omissions.find((one) => one.word === word)
        return omission ? (omission.left ?? []) : [word.value ?? '']
      })
      return { ...line, changes: (omissions?.length ?? 0) > 0, left }
    })
    const oracle = await Oracle.start(release)
    const ask = (argvs: readonly (readonly string[])[]): Promise<Answer[]> =>
      oracle.ask(argvs.map((argv) => ({ argv: ['gunicorn', ...argv], env: {} })))
    const before = await ask(all.map(({ words }) => words))
    const after = await ask(all.map(({ words, left }) => left ?? words)).finally(() => oracle.close())
    const wrong = all.flatMap(({ setting, words, left }, index) => {
      const [was, is] = [before[index] as Answer, after[index] as Answer]
      if (!left) return []
      const stays = is.settings?.[setting] === true
      return stays || told(was, setting) !== told(is, setting)
        ? [`${words.join(' ')} became ${left.join(' ')}: ${told(was, setting)} ${told(is, setting)}`] : []
    })
    expect(wrong.slice(0, 10).join('\n')).toBe('')
    // Of the command lines that start, nearly all can do without it.
    const starting = all.filter((_, index) => before[index]?.settings?.[all[index]?.setting ?? ''] === true)
    const omitted = starting.filter(({ changes }) => changes)
    console.log(`gunicorn ${release}: ${all.length} command lines, ${starting.length} start, ${omitted.length} of them without the option`)
    expect(omitted.length / starting.length).toBeGreaterThan(0.85)
  })
})
