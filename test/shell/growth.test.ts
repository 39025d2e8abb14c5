/** What reading costs, in steps: a text of twice the length may take twice as many, and whatever the text, reading ends. */
import { describe, expect, test } from '@jest/globals'
import { Budget, unreadReason, within } from '../../src/budget.ts'
import { inspectCommandLine } from '../../src/command-line.ts'
import { releasesFor } from '../../src/gunicorn/catalogue.ts'
import { Environment } from '../../src/shell/environment.ts'

const many = (text: string, n: number): string => text.repeat(n)
const each = (n: number, text: (index: number) => string): string => Array.from({ length: n }, (_, index) => text(index)).join('')

/** Steps that it takes to read a command line, without a bound; undefined where it is nested too deep. */
function stepsOf(words: readonly string[], budget = new Budget(1e12)): number | undefined {
  const before = budget.left
  try {
    within(budget, () =>
      inspectCommandLine({
        elements: words.map((text, index) => ({ path: [index], text, expanded: { text, unknown: [], undefined: [], source: (offset) =>
          offset } })
        ),
        path: [],
        environment: () => new Environment([], false),
        variables: () => undefined,
        releases: releasesFor('23.0.0'),
      }))
  } catch (error) {
    expect(unreadReason(error)).toEqual(expect.any(String))
    if (!/deep/.test(unreadReason(error) ?? '')) return Infinity
    return undefined
  }
  return before - budget.left
}

const sh = (script: string, ...parameters: readonly string[]): readonly string[] => ['sh', '-c', script, ...parameters]
const list = (n: number, word: (index: number) => string): readonly string[] => Array.from({ length: n }, (_, index) => word(index))

describe('twice the length takes twice the steps', () => {
  test.each<[string, (n: number) => readonly string[]]>([
    ['commands', (n) => sh(many('a b;', n))],
    ['loops whose conditions are loops', (n) => sh(many(`${many('while ', 9)}:${many('; do :; done', 9)};`, n))],
    ['substitutions in loops in loops', (n) => sh(many('for a in 1 2 3; do for b in 1 2 3; do $(x); done; done;', n))],
    ['functions that call two', (n) => sh(each(n, (index) => `f${index}() { f${index - 1}; f${index - 2}; };`))],
    ['functions that something unseen may call', (n) => sh(`. ./a;${each(n, (index) => `f${index}() { a; };`)}`)],
    ['here-documents', (n) => sh(many('a <<E\n$b\nE\n', n))],
    ['exec', (n) => sh(`${many('exec ', n)}a`)],
    ['parameters by their number', (n) => sh('a $9 $# $9 $#', ...list(n, () => 'a'))],
    ['unknown programs that speak of gunicorn beside eval', (n) => sh(`eval 'a';${many('x gunicorn;', n)}`)],
    ['conditions', (n) => sh(many('[ a = b ] && c || d;', n))],
    ['lines', (n) => ['bash', '-c', `readonly A=1;${many('a\n', n)}`]],
    ['wrappers', (n) => [...list(n, () => 'env'), 'gunicorn', 'a']],
    ['wrappers that ask for options behind them', (n) => [...list(n, () => 'tini'), 'gunicorn', 'a']],
    ['wrappers with assignments', (n) => ['env', ...list(n, (index) => `A${index}=1`), 'gunicorn', 'a']],
    ['wrappers that reset variables', (
      n,
    ) => [...list(n, (index) => `env A${index}=1 sudo`).flatMap((words) => words.split(' ')).slice(0, 3), ...list(n, () => 'sudo'), 'sh',
      '-c', 'gunicorn $A1']],
    ['init programs', (n) => [...list(n, () => 'dumb-init'), 'sh', '-c', 'gunicorn a']],
    ['a string for env', (n) => ['env', '-S', `gunicorn ${many('a ', n)}`]],
  ])('%s', (_, words) => {
    const [once, twice] = [stepsOf(words(100)), stepsOf(words(200))]
    if (once === undefined || twice === undefined) throw new Error('it is nested too deep')
    expect(once).toBeGreaterThan(1)
    expect(twice / once).toBeLessThan(2.2)
  })
})

describe('whatever is nested, reading ends', () => {
  test.each<[string, (n: number) => string]>([
    ['loops', (n) => `${many('while ', n)}a`],
    ['closed loops', (n) => `${many('while ', n)}:${many('; do :; done', n)}`],
    ['conditions', (n) => many('if ', n)],
    ['headers of functions', (n) => `${many('f() ', n)}{ a; }`],
    ['operands', (n) => many('"${b:-', n)],
    ['patterns', (n) => many('${b#', n)],
    ['substitutions', (n) => many('$(', n)],
    ['closed substitutions', (n) => `${many('$(', n)}a${many(')', n)}`],
    ['substitutions in quotes', (n) => many('"$(', n)],
    ['processes', (n) => `a ${many('<(', n)}`],
    ['arithmetic', (n) => `a ${many('$((', n)}`],
    ['subshells', (n) => `${many('( ', n)}a${many(' )', n)}`],
    ['braces', (n) => many('{ ', n)],
    ['here-documents in one line', (n) => many('<<a ', n)],
    ['here-documents in substitutions', (n) => many('$(a <<E\n', n)],
    ['a document of substitutions', (n) => `a <<E\n${many('$(', n)}\nE\n`],
    ['coprocesses', (n) => many('coproc ', n)],
    ['branches', (n) => many('case a in a) ', n)],
    ['backquotes', (n) => `\`${many('\\`', n)}\``],
    ['strings for env', (n) => `${many('env -S ', n)}gunicorn`],
  ])('%s', (_, text) => {
    for (const shell of ['sh', 'bash'])
      for (const n of [10, 200, 20_000]) {
        const budget = new Budget()
        stepsOf([shell, '-c', `gunicorn app\n${text(n)}`.slice(0, 131_000)], budget)
        // Where the steps end, that is said, and no more are taken.
        expect(budget.left >= 0 || budget.isSpent).toBe(true)
      }
  })
})
