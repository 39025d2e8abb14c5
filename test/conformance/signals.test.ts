/**
 * Who stays in front of gunicorn: scripts are started by real shells, with a gunicorn that tells its process id. Where
 * `shell-parent` speaks, it must be another one than the shell was started with; once it is mended, it must be the same.
 */
import { afterAll, beforeAll, describe, expect } from '@jest/globals'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { applyEdits } from '../../src/edit.ts'
import { readWorkload, valueAt } from '../../src/kubernetes/workload.ts'
import { judge } from '../../src/judge.ts'
import { override } from '../../src/policy/policy.ts'
import { presetNamed } from '../../src/policy/read.ts'
import { realTest } from './real.ts'
import { findProgram, missing } from './shell-programs.ts'

const folder = mkdtempSync(join(tmpdir(), 'paddock-signals-'))
const record = join(folder, 'pid')

beforeAll(() => {
  const dash = findProgram('dash') ?? '/bin/sh'
  writeFileSync(join(folder, 'gunicorn'), `#!${dash}\necho $$ >"$RECORD"\n`, { mode: 0o755 })
  for (const name of ['migrate', 'ddtrace-run']) writeFileSync(join(folder, name), `#!${dash}\nexec "$@"\n`, { mode: 0o755 })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** `sh` is whatever shell it is said to be, by the name that the rule knows it by. */
const shells = [
  { shell: 'dash', words: ['dash'], written: ['sh'] },
  { shell: 'dash', words: ['dash'], written: ['dash'] },
  { shell: 'bash', words: ['bash'], written: ['bash'] },
  { shell: 'busybox', words: ['busybox', 'sh'], written: ['busybox', 'sh'] },
]

/** Scripts that end with gunicorn, in the shell's own process: the rule must be right about each, either way. */
// dprint-ignore: a list of words
const ending = [
  'gunicorn app', 'migrate; gunicorn app', 'migrate && gunicorn app', 'false || gunicorn app', 'A=1 gunicorn app', 'cd / && gunicorn app',
  'gunicorn app 2>&1', 'gunicorn app >/dev/null', '>/dev/null gunicorn app', 'if true; then gunicorn app; fi',
  'if false; then :; else gunicorn app 2>&1; fi', 'case a in a) gunicorn app;; esac', '{ gunicorn app; }', 'migrate && { gunicorn app; }',
  'set -e; migrate; gunicorn app', 'set -e\nmigrate\n\n# web\ngunicorn app', 'gunicorn app # web', 'gunicorn app;', 'ddtrace-run gunicorn app',
  'A=1 B="2 3" ddtrace-run gunicorn app 2>&1', '[ -n "$PATH" ] && gunicorn app', 'false || true && gunicorn app', 'exec gunicorn app',
  'migrate && exec gunicorn app', 'A=1 exec gunicorn app', 'N=app; gunicorn $N', 'gunicorn \\\n  app',
  'migrate & gunicorn app', 'migrate &\ngunicorn app 2>&1', 'migrate & A=1 gunicorn app', 'migrate & if true; then gunicorn app; fi',
]

/** Others: where the rule speaks, it must be right. */
// dprint-ignore: a list of words
const others = [
  'gunicorn app; migrate', 'gunicorn app && migrate', 'gunicorn app || migrate', 'gunicorn app | cat', 'exec gunicorn app 2>&1 | cat', '(exec gunicorn app)', 'migrate; (exec gunicorn app)', '! gunicorn app',
  'gunicorn app & wait', '(gunicorn app)', '(exec gunicorn app); migrate', 'trap : TERM; gunicorn app', 'trap : EXIT; gunicorn app',
  'gunicorn app <<EOT\nbody\nEOT', 'gunicorn app\n', 'start() { gunicorn app; }; start', 'for i in 1; do gunicorn app; done', "eval 'gunicorn app'",
  'time gunicorn app', 'command gunicorn app', 'while :; do gunicorn app; break; done', '{ gunicorn app; } 2>&1', "sh -c 'gunicorn app'", 'gunicorn app; exit $?',
  'gunicorn() { command gunicorn "$@"; echo; }; gunicorn app', 'exec 2>&1; gunicorn app', '$(gunicorn app)', 'X=$(gunicorn app)',
]

const base = presetNamed('kubernetes')
const policy = override(base, 'signals', {
  rules: { ...Object.fromEntries(Object.keys(base.rules).map((id) => [id, 'Off' as const])),
    'shell-parent': { action: 'Fix', otherwise: 'Warn' } },
})

/** Whether the rule speaks of a script, and the script as it is mended. */
function judged(written: readonly string[], script: string): { readonly speaks: boolean; readonly mended: string } {
  const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' },
    spec: { containers: [{ name: 'web', command: [...written, '-c', script] }] } }
  const workload = readWorkload(object)
  if (!workload) throw new Error('a Pod was not read')
  const { rounds, findings } = judge({ object, workload, policy })
  const after = rounds.reduce<unknown>(applyEdits, object)
  return { speaks: findings.length > 0, mended: String(valueAt(after, ['spec', 'containers', 0, 'command', written.length + 1])) }
}

/** Whether the shell stays in front of the gunicorn that it starts; undefined where it starts none. */
async function stays(words: readonly string[], script: string): Promise<boolean | undefined> {
  rmSync(record, { force: true })
  const [program = '', ...rest] = words
  const env = { PATH: `${folder}:${process.env['PATH'] ?? ''}`, RECORD: record }
  const child = spawn(findProgram(program) ?? program, [...rest, '-c', script], { cwd: folder, env, stdio: 'ignore' })
  await once(child, 'exit')
  // What runs in the background may be a moment later.
  for (let tries = 0; !existsSync(record) && tries < 40; tries++)
    await new Promise((resolve) => {
      setTimeout(resolve, 25)
    })
  return existsSync(record) ? readFileSync(record, 'utf8').trim() !== String(child.pid) : undefined
}

describe.each(shells)('$written', ({ shell, words, written }) => {
  realTest(`${shell}, written as ${written.join(' ')}, stays where shell-parent speaks, and gives way once it is mended`, missing(shell),
    async () => {
      const wrong: unknown[] = []
      let spoken = 0
      for (const script of [...ending, ...others]) {
        const { speaks, mended } = judged(written, script)
        const before = await stays(words, script)
        const after = mended === script ? before : await stays(words, mended)
        if (speaks) spoken++
        // What does not end with gunicorn may be left alone, and what the rule speaks of must be so.
        if (speaks && before === false) wrong.push(['gives way by itself', script])
        if (!speaks && before === true && ending.includes(script)) wrong.push(['stays, and nothing was said', script])
        if (mended !== script && after !== false) wrong.push(['stays, mended', mended])
        if (ending.includes(script) && speaks && mended === script) wrong.push(['was not mended', script])
      }
      expect(wrong).toEqual([])
      expect(spoken).toBeGreaterThan(shell === 'busybox' ? 3 : 15)
    })
})
