/** Which shells become gunicorn, and which wait for it: what `termination` says, for scripts that real shells run. */
import { describe, expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { inspectCommandLine } from '../../src/command-line.ts'
import { releasesFor } from '../../src/gunicorn/catalogue.ts'
import { termination } from '../../src/gunicorn/termination.ts'
import { Environment } from '../../src/shell/environment.ts'
import { realTest } from './real.ts'
import { missing } from './shell-programs.ts'

// dprint-ignore: a list of words
const scripts = [
  'gunicorn a', 'gunicorn a\n', 'gunicorn a\n\n', 'gunicorn a;', 'gunicorn a # web', 'gunicorn a # web\n', 'gunicorn a\n# web\n',
  'true && gunicorn a', 'true && gunicorn a\n', 'true; gunicorn a', 'true\ngunicorn a', 'true\ngunicorn a\n', 'set -e\ntrue\ngunicorn a\n',
  'set -ex; gunicorn a', 'false || gunicorn a', 'true || gunicorn b; gunicorn a', '! gunicorn a', 'A=1 gunicorn a', 'A=1 exec gunicorn a',
  'gunicorn a 2>&1', 'gunicorn a >/dev/null', 'gunicorn a >/dev/null 2>&1', 'gunicorn a </dev/null', '>/dev/null gunicorn a', 'exec gunicorn a >/dev/null',
  'gunicorn a <<E\nE\n', 'exec gunicorn a <<E\nE\n', 'gunicorn a | cat', 'exec gunicorn a | cat', 'true | gunicorn a', 'true | cat && gunicorn a',
  'if true; then gunicorn a; fi', 'if true; then exec gunicorn a; fi', 'if true; then true; gunicorn a; fi\n', 'if false; then true; else gunicorn a; fi',
  'case x in x) gunicorn a;; esac', 'case x in x) exec gunicorn a;; esac', 'for i in 1; do gunicorn a; done', 'while true; do gunicorn a; break; done',
  '{ gunicorn a; }', '{ exec gunicorn a; }', '( gunicorn a )', '( exec gunicorn a )', 'true && { gunicorn a; }', 'start() { gunicorn a; }; start',
  'start() { exec gunicorn a; }; start', 'start() { gunicorn a; }\nstart\n', 'trap true EXIT; gunicorn a', 'trap true TERM; exec gunicorn a', 'gunicorn a; true',
  'gunicorn a\ntrue', 'gunicorn a || true', 'gunicorn a && true', 'gunicorn a & wait', 'exec gunicorn a &\nwait', 'true & gunicorn a', 'true & exec gunicorn a', '(exec gunicorn a); true', '(true; exec gunicorn a)', '(exec gunicorn a)\n', 'true; (exec gunicorn a)', '(exec gunicorn a >/dev/null)', 'if true; then (exec gunicorn a); fi',
  'eval "gunicorn a"', 'eval "exec gunicorn a"', 'cd / && gunicorn a', 'export A=1; gunicorn a', 'export A=1\ngunicorn a\n', 'command gunicorn a',
  '[ -n x ] && gunicorn a || true', 'gunicorn a $(true)', 'gunicorn "a" \\\n  -w 2', 'gunicorn "a" \\\n  -w 2\n', 'exec gunicorn a \\\n', 'wait; gunicorn a',
  'true && exec gunicorn a; echo', '  gunicorn a  ', 'env A=1 gunicorn a', 'exec env A=1 gunicorn a', 'nice -n 1 gunicorn a', 'timeout 9 gunicorn a',
  'exec timeout 9 gunicorn a', "bash -c 'gunicorn a'", "exec bash -c 'gunicorn a'", "exec bash -c 'gunicorn a >/dev/null'", "exec dash -c 'gunicorn a'",
  "exec dash -c 'exec gunicorn a'", "exec busybox sh -c 'gunicorn a 2>&1'", '. /dev/null && gunicorn a', 'true &&\n  gunicorn a\n', 'if true; then\n  gunicorn a\nfi',
  'exec dash <<E\ngunicorn a\nE', 'exec dash <<E\nexec gunicorn a\nE', 'exec bash <<E\ngunicorn a\nE\n', 'exec busybox sh <<E\ngunicorn a\nE\n',
]

const shells = [['dash'], ['bash'], ['busybox', 'sh']] as const

describe.each(shells)('%s', (...shell) => {
  const folder = mkdtempSync(join(tmpdir(), 'paddock-signals-'))
  const path = [folder, process.env['PATH']].join(delimiter)
  writeFileSync(join(folder, 'gunicorn'), `#!/bin/sh\necho $$ > ${join(folder, 'pid')}\n`)
  chmodSync(join(folder, 'gunicorn'), 0o755)

  realTest('stays, or becomes gunicorn', missing(shell[0]) ?? missing('bash') ?? missing('dash') ?? missing('busybox'), () => {
    const wrong: string[] = []
    let known = 0
    for (const script of scripts) {
      rmSync(join(folder, 'pid'), { force: true })
      // What a background job writes may come late.
      const { pid } = spawnSync(shell[0], [...shell.slice(1), '-c', script], { env: { PATH: path }, cwd: folder, stdio: 'pipe' })
      const argv = [...shell, '-c', script]
      const { invocations } = inspectCommandLine({
        elements: argv.map((text, index) => ({ path: [index], text, expanded: { text, unknown: [], undefined: [], source: (offset) =>
          offset } })
        ),
        path: [],
        environment: () => new Environment([['PATH', path]]),
        variables: () => undefined,
        releases: releasesFor(undefined),
      })
      const found = invocations.find((invocation) => invocation.settings.application === 'a')
      const said = found && termination(found.parents, false)
      const isGunicorn = Number(readFileSync(join(folder, 'pid'), 'utf8')) === pid
      if (!said) wrong.push(`${script}: not found`)
      else if (said.first !== null) {
        known += 1
        if ((said.first === undefined) !== isGunicorn) wrong.push(`${JSON.stringify(script)}: ${isGunicorn ? 'becomes gunicorn' : 'stays'}`)
      }
    }
    rmSync(folder, { recursive: true })
    expect(wrong.join('\n')).toBe('')
    expect(known).toBeGreaterThan(scripts.length * 0.9)
  })
})

test('the scripts differ', () => {
  expect(new Set(scripts).size).toBe(scripts.length)
})
