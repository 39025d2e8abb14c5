/** Ways to write a start command that mean the same: what is denied in one of them is denied in all. */
import type { Random } from '../conformance/random.ts'
import { quoted } from './texts.ts'

/** What starts gunicorn: words that are started as they are, or a script. */
export type Start = readonly string[]

const programs: readonly (readonly string[])[] = [
  ['env'],
  ['env', 'A=b'],
  ['/usr/bin/env', 'A=b', 'C=d e'],
  ['nice', '-n', '5'],
  ['timeout', '600'],
  ['tini', '--'],
  ['tini', '-g', '--'],
  ['dumb-init'],
  ['dumb-init', '--'],
  ['opentelemetry-instrument'],
  ['ddtrace-run'],
  ['poetry', 'run'],
  ['pipenv', 'run'],
  ['nohup'],
  ['setsid'],
  ['stdbuf', '-oL'],
  ['newrelic-admin', 'run-program'],
]

const shells: readonly (readonly string[])[] = [['sh', '-c'], ['/bin/sh', '-c'], ['bash', '-c'], ['bash', '-lc'], ['sh', '-ec'], ['bash',
  '-euo', 'pipefail', '-c'], ['dash', '-c'], ['/bin/bash', '-c']]

/** Around a command of a script; `@` is the command, and what runs besides it succeeds. None reads a file of which nothing is known, as that may start another gunicorn. */
const scripts: readonly string[] = [
  'echo hi; @',
  'cd /srv && @',
  ': ; @',
  'A=b; @',
  'export A=b; @',
  "# it's\n@",
  '{ @; }',
  '( @ )',
  'if true; then @; fi',
  'if false; then :; else @; fi',
  'f() { @; }; f',
  'f() { @; }\nf "$@"',
  'for i in 1; do @; done',
  'case x in x) @ ;; esac',
  'true && @',
  'false || @',
  '@ &\nwait',
  'set -e\n@',
  'set -eux; @',
  "trap 'exit 0' TERM; @",
  'X=$(date); @',
  'cat <<E\ngunicorn\nE\n@',
  "cat <<'E' >/dev/null\n$(\nE\n@",
  'exec @',
  'A=b @',
  'command @',
  '@ # end',
  '@ 2>&1',
  '\n\n  @\n',
  'umask 022; @',
  '[ -n "$A" ] || A=1; @',
  'mkdir -p /tmp/x && @',
  'while :; do @; break; done',
  '@ || exit 1',
  'echo "starting ${A:-}"; @',
  'unset A; @',
  'sleep 1; @',
  '(cd /srv; @)',
  '@; echo $?',
  'echo a | cat; @',
  'echo $((1 + 2)); @',
  'ulimit -n 1024; @',
  'python manage.py migrate --noinput && @',
  'printf "%s\\n" x; @',
  '{ echo a; echo b; } > /dev/null; @',
  'export A="$(cat /x)"; @',
  'PORT=${PORT:-8000}; export PORT; @',
  'shift 0; @',
  'set -- a b; @',
]

/** What only a command that no other follows may stand in. */
const isSimple = (text: string): boolean =>
  /^[\w./=: '"-]+$/.test(text) && !/^\w+=|^(exec|command|eval|if|for|while|case|\{|\()\b/.test(text)

/** What may come before a command on its own, and not before others. */
const forSimple = new Set(['exec @', 'A=b @', 'command @'])

/** One more way around a start. */
export function disguised(random: Random, start: Start): Start {
  const at = start.findIndex((_, index) => index > 0 && /^-\w*c$/.test(start[index - 1] ?? '') && start.length === index + 1)
  const isShell = at >= 0
  if (!isShell)
    return random.chance(0.5) ? [...random.pick(programs), ...start]
      : [...random.pick(shells), start.map((word) => (/^[\w./:=@%+,-]+$/.test(word) ? word : quoted(word))).join(' ')]
  const text = start[at] ?? ''
  if (random.chance(0.15)) return [...random.pick(programs), ...start]
  if (random.chance(0.12)) return [...start.slice(0, at), `${random.pick(['sh -c', 'bash -c', 'eval', 'exec sh -c'])} ${quoted(text)}`]
  const around = random.pick(scripts)
  if (forSimple.has(around) && !isSimple(text)) return start
  // A comment or a here-document goes to the end of its line.
  const lines = /#|<<|&\n|;\s*$|\n\s*$/.test(text) ? `${text}\n` : text
  // Of several commands, `&&` would be about the first alone.
  const inner = /(&&|\|\|) @|@ \|\|/.test(around) && !isSimple(text) ? `{ ${text}\n}` : lines
  if (inner === lines && lines !== text && !/^[^@]*@$/.test(around)) return start
  return [...start.slice(0, at), around.replace('@', () => inner)]
}
