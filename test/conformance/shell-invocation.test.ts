/**
 * Which word `shellScript` takes for the script, against which one real shells run.
 */
import { describe, expect } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { shellScript } from '../../src/shell/invocation.ts'
import { literal } from '../../src/shell/word.ts'
import { amount } from '../amount.ts'
import { Random } from './random.ts'
import { realTest, seed } from './real.ts'
import { findProgram, missing, single } from './shell-programs.ts'

// dprint-ignore: a list of words
const options = [
  '-c', '-c', '-c', '-ec', '-ce', '-euc', '-x', '-e', '-u', '-f', '-a', '-l', '-lc', '-o', '-eo', '-co', '+e', '+x', '+o', '-ox',
  '--', '-', '-euxo', '--login', '--norc', '--noprofile', '--posix', '-posix', '-login', '--rcfile', '--restricted',
  '--version', '--nosuch', '-O', '+O', '-s', '-i', '-n', '-v',
  '-m', '-b', '-h', '-B', '-C', '-k', '-p', '-r', '-t', '-q', '-z', '-oc', '+c', '-ic', '-I',
]
const values = ['pipefail', 'errexit', 'nounset', 'allexport', 'nosuch', 'noglob', 'extglob', 'posix']

interface Case {
  readonly words: readonly string[]
}

function cases(shell: readonly string[], count: number): Case[] {
  const random = new Random(seed)
  return Array.from({ length: count }, () => {
    let marks = 0
    // Each of these says, where it is run as a script, which one it is and what it was given.
    const script = (): string => `printf 'RAN %s|' W${++marks} "$0" "$@"`
    const words = [...shell]
    const length = 1 + random.below(4)
    for (let i = 0; i < length; i++) {
      // bash as `sh` takes a word for this one, and busybox does not.
      const option = random.pick(shell.includes('bash') ? options : options.filter((other) => other !== '--rcfile'))
      words.push(option)
      if (/^[-+][a-z]*[oO]$|rcfile/.test(option) && random.chance(0.8)) words.push(random.pick(values))
      if (random.chance(0.05)) words.push(script())
    }
    if (random.chance(0.9)) words.push(script())
    if (random.chance(0.5)) words.push(random.pick(['name', '-e', '--']))
    if (random.chance(0.3)) words.push('a b')
    return { words }
  })
}

const shells: readonly (readonly string[])[] = [['dash'], ['bash'], ['busybox', 'sh'], ['busybox', 'ash']]

describe.each(shells.map((shell) => [shell.join(' '), shell] as const))('%s', (name, shell) => {
  realTest(`${name} runs the word that shellScript takes for the script`, missing(shell[0] ?? ''), () => {
    const all = cases(shell, amount(1500))
    const driver = all.map(({ words }) => `${words.map(single).join(' ')} </dev/null 2>/dev/null; printf '\\0'`).join('\n')
    const { stdout, error } = spawnSync(findProgram('dash') ?? 'sh', [], {
      input: driver,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
      timeout: 120_000,
      env: { PATH: process.env['PATH'], HOME: '/nonexistent' },
    })
    expect(error).toBeUndefined()
    const outputs = stdout.split('\0')
    const wrong: string[] = []
    let found = 0
    all.forEach(({ words }, index) => {
      const read = shellScript(words.map((word) => literal(word)))
      const [, ran] = /RAN (.*)$/s.exec(outputs[index] ?? '') ?? []
      let expected: string | undefined
      if (read !== null && !read.options.noexec) {
        found++
        const [mark] = /W\d+/.exec(words[read.script] ?? '') ?? []
        expected = mark === undefined ? undefined : [mark, ...read.parameters.map((word) => word.value)].join('|RAN ')
        // Without a name of its own, `$0` is the shell's.
        const shellName = ran?.split('|RAN ')[1]?.replace(/\|$/, '') ?? ''
        if (expected !== undefined && read.parameters.length === 0) expected = `${mark ?? ''}|RAN ${shellName}`
      }
      // A shell that refuses an option, which another shell of its dialect takes, runs nothing.
      const refused = ran === undefined && (name !== 'bash' || words.includes('-O') || words.includes('+O'))
      if (!refused && expected !== ran?.replace(/\|$/, '')) {
        wrong.push(`${words.join(' ')}\n  ran ${ran ?? 'nothing'}, read ${expected ?? 'nothing'}`)
      }
    })
    console.log(`${name}: ${all.length} command lines, ${found} of them with a script`)
    expect(wrong.slice(0, 20).join('\n')).toBe('')
  })
})
