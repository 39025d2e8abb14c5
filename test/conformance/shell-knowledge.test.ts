/** What could be known and was not: scripts that start gunicorn, with the words that Paddock says and real shells hand over. */
import { afterAll, describe, expect } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { understand } from '../../src/cli/explain.ts'
import { realTest } from './real.ts'
import { findProgram, missing } from './shell-programs.ts'
import { canBe, show } from './shell-words.ts'

interface Case {
  readonly shells: readonly ('dash' | 'bash')[]
  readonly script: string
  readonly parameters?: readonly string[]
  /** The words behind gunicorn's name of each start, in their order; where Paddock cannot know them all, those that it cannot are null. */
  readonly starts: readonly (readonly (string | null)[])[]
}

const both = ['dash', 'bash'] as const
const bash = ['bash'] as const

const cases: readonly Case[] = [
  // Loops of unknown length, with commands whose name is a variable, conditions, and numbers that count.
  { shells: both, script: "C='gunicorn app:app'; while true; do $C; break; done", starts: [['app:app']] },
  { shells: both, script: "C='gunicorn app:app'; until false; do $C; exit; done", starts: [['app:app']] },
  { shells: both, script: "C='gunicorn app'; for i in $(printf '1 2'); do $C; done", starts: [['app'], ['app']] },
  { shells: both, script: 'while true; do "$@"; break; done', parameters: ['gunicorn', 'app', '-w', '2'], starts: [['app', '-w', '2']] },
  { shells: both, script: 'A=1; while true; do s=$?; [ $s -eq 0 ]; gunicorn $A; break; done', starts: [['1']] },
  { shells: both, script: 'A=1; while true; do s=$(echo 0); [ $s -eq 0 ]; gunicorn $A; break; done', starts: [['1']] },
  { shells: both, script: 'wait() { i=0; until [ -f /nope ] || [ "$i" -ge 3 ]; do i=$((i+1)); done; }; wait; exec "$@"',
    parameters: ['gunicorn', 'app'], starts: [['app']] },
  { shells: both, script: 'i=0; while ! false && [ $i -lt 20 ]; do i=$((i + 1)); done; gunicorn app -w $i', starts: [['app', '-w', null]] },
  // Names below folders that are not known.
  { shells: both, script: '$FOLDER/gunicorn app', starts: [['app']] },
  { shells: both, script: '$(which gunicorn) app', starts: [['app']] },
  { shells: both, script: '"$(command -v gunicorn)" app', starts: [['app']] },
  { shells: both, script: 'exec `which gunicorn` app', starts: [['app']] },
  // Quoted values of `export` are not split.
  { shells: both, script: 'W=4; export A="-w $W --preload"; gunicorn app -n "$A"', starts: [['app', '-n', '-w 4 --preload']] },
  { shells: both, script: 'W=4; readonly A="x $W"; gunicorn app -n "$A" -w $W', starts: [['app', '-n', 'x 4', '-w', '4']] },
  // An error of `[` is a condition that does not hold.
  { shells: both, script: '[ $E == production ] && exec gunicorn a; exec gunicorn b', starts: [['b']] },
  { shells: both, script: 'if [ $E = production ]; then gunicorn a; else gunicorn b; fi', starts: [['b']] },
  { shells: bash, script: 'exec -e x; exec gunicorn app', starts: [['app']] },
  // Arrays, also empty ones, with `set -u`.
  { shells: bash, script: 'set -u; O=(-w 2); gunicorn "${O[@]}" a', starts: [['-w', '2', 'a']] },
  { shells: bash, script: 'set -eu; O=(); gunicorn "${O[@]}" a', starts: [['a']] },
  { shells: bash, script: 'set -u; O=(-w 2); O+=(-b "x y"); gunicorn a "${O[@]}"', starts: [['a', '-w', '2', '-b', 'x y']] },
  { shells: bash, script: 'N=$(printf 3); O=(-w "$N" -b ":$N"); O+=("--name=$(printf "a b")"); gunicorn "${O[@]}" a',
    starts: [['-w', null, '-b', null, null, 'a']] },
  // getopts
  { shells: both, script: 'while getopts "p:w:" o; do case $o in p) P=$OPTARG;; w) W=$OPTARG;; esac; done; gunicorn -b :$P -w $W app',
    parameters: ['-p', '8000', '-w3'], starts: [['-b', ':8000', '-w', '3', 'app']] },
  { shells: both,
    script: 'while getopts vp: o; do case $o in p) P=$OPTARG;; v) V=--preload;; esac; done; shift $((OPTIND - 1)); gunicorn $V -b :$P "$@"',
    parameters: ['-vp', '9000', '--', 'app'], starts: [['--preload', '-b', ':9000', 'app']] },
  { shells: both, script: 'P=1; while getopts p: o; do P=$OPTARG; done; gunicorn -b :$P "$1"', parameters: ['app'],
    starts: [['-b', ':1', 'app']] },
  // read, let, =~
  { shells: bash, script: 'read -ra E <<< " -w 2  --preload "; gunicorn "${E[@]}" app', starts: [['-w', '2', '--preload', 'app']] },
  { shells: bash, script: 'read -r -a E <<< ""; gunicorn "${E[@]}" app', starts: [['app']] },
  { shells: bash, script: 'read -r A B <<< "x  y z "; gunicorn "$A" "$B"', starts: [['x', 'y z']] },
  { shells: bash, script: 'read A <<< "one"; gunicorn $A', starts: [['one']] },
  { shells: bash, script: 'let "W = 2 * 2 + 1"; gunicorn -w $W app', starts: [['-w', '5', 'app']] },
  { shells: bash, script: 'C=3; let W=C+2; gunicorn -w $W app', starts: [['-w', '5', 'app']] },
  { shells: bash, script: 'X=yes; if [[ "${X,,}" =~ ^(true|1|yes)$ ]]; then A=--preload; fi; exec gunicorn $A b',
    starts: [['--preload', 'b']] },
  { shells: bash, script: 'X=eyes; if [[ $X =~ ^(true|yes)$ ]]; then exec gunicorn a; fi; exec gunicorn b', starts: [['b']] },
  { shells: bash, script: 'if [[ ! " $* " =~ " --bind " ]]; then set -- --bind :8 "$@"; fi; gunicorn "$@"',
    parameters: ['--workers', '2', 'app'], starts: [['--bind', ':8', '--workers', '2', 'app']] },
  { shells: bash, script: 'set -u; if [[ -v UNSET && -n $UNSET ]]; then exit 3; fi; A=(); gunicorn a "${A[@]}"', starts: [['a']] },
  { shells: bash, script: 'E=; if [[ -v E ]]; then gunicorn a; else gunicorn b; fi', starts: [['a']] },
  // What sets a variable by another name, at any time, or otherwise than it is told to.
  { shells: bash, script: 'P=1; declare -n R=P; R=2; gunicorn $P', starts: [[null]] },
  { shells: bash, script: 'declare -n R=P; P=1; R=2; gunicorn $P', starts: [[null]] },
  { shells: bash, script: 'f() { local -n R=$1; R=2; }; P=1; f P; gunicorn $P', starts: [[null]] },
  { shells: bash, script: 'declare -i N; N=2*3; gunicorn -w $N', starts: [['-w', null]] },
  { shells: bash, script: 'declare -u N; N=info; M=info; gunicorn $N $M', starts: [[null, 'info']] },
  { shells: bash, script: 'trap "P=2" DEBUG; P=1; gunicorn $P', starts: [[null]] },
  { shells: both, script: 'trap "P=2" EXIT; P=1; gunicorn $P', starts: [['1']] },
  { shells: bash, script: 'P=1; [[ P=2 -eq 2 ]]; gunicorn $P', starts: [[null]] },
  { shells: bash, script: 'P=1; [[ $P = 1 && 1 -eq 1 ]] && gunicorn $P', starts: [['1']] },
  { shells: bash, script: 'P=1; a=([P=2]=1); gunicorn $P', starts: [[null]] },
  { shells: bash, script: 'P=1; a[P=2]=1; gunicorn $P', starts: [[null]] },
  // Several possible words, each of which starts gunicorn.
  { shells: both, script: 'p=; if [ -f /nope ]; then p="env A=1"; fi; $p gunicorn app:app', starts: [['app:app']] },
  { shells: both, script: '[ $$ -eq 1 ] && set -- env "$@"; exec "$@"', parameters: ['gunicorn', 'app'], starts: [['app']] },
  { shells: bash, script: 'if [[ 42 =~ ^[0-9]+$ ]]; then gunicorn a; else gunicorn b; fi', starts: [['a']] },
]

const folder = mkdtempSync(join(tmpdir(), 'paddock-knowledge-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('what could be known', () => {
  for (const shell of both) {
    const mine = cases.filter(({ shells }) => shells.includes(shell))
    realTest(`${shell} starts gunicorn with the words that are said`, missing(shell) ?? missing('dash'), () => {
      const bin = join(folder, shell)
      spawnSync('mkdir', ['-p', bin])
      for (const program of ['printf', 'env']) symlinkSync(findProgram(program) ?? '', join(bin, program))
      writeFileSync(join(bin, 'gunicorn'), `#!${findProgram('dash')}\nprintf '%s\\0' "$@" . >>"$RECORD"\nprintf '\\1' >>"$RECORD"\n`, {
        mode: 0o755,
      })
      writeFileSync(join(bin, 'which'), `#!${findProgram('dash')}\ncommand -v "$1"\n`, { mode: 0o755 })
      const failures = mine.flatMap(({ script, parameters = [], starts }, index) => {
        const record = join(folder, `${shell}-${index}`)
        writeFileSync(record, '')
        spawnSync(findProgram(shell) ?? '', ['-c', script, 'sh', ...parameters], { env: { PATH: bin, RECORD: record, FOLDER: bin },
          timeout: 10_000 })
        const real = spawnSync('cat', [record], { encoding: 'utf8' }).stdout.split('\u0001').slice(0, -1).map((start) =>
          start.split('\0').slice(0, -2)
        )
        const { invocations } = understand({ argv: [shell === 'bash' ? 'bash' : 'sh', '-c', script, 'sh', ...parameters],
          env: { FOLDER: bin }, gunicorn: undefined })
        const said = invocations.map(({ words }) => words.slice(1))
        const expected = starts.map((words) => JSON.stringify(words))
        return [
          ...(real.length === starts.length &&
              real.every((words, at) => words.every((word, place) => starts[at]?.[place] === null || starts[at]?.[place] === word)) ? []
            : [`${script}: started ${JSON.stringify(real)}`]),
          ...(said.every((words) => expected.includes(JSON.stringify(words.map(({ value }) => value)))) && said.length > 0 ? []
            : [`${script}: said ${invocations.map(({ words }) => show(words)).join(' | ')}`]),
          ...(real.every((words) => said.some((known) => canBe(known, words))) ? [] : [`${script}: said ${
            invocations.map(({ words }) => show(words)).join(' | ')
          }, started ${JSON.stringify(real)}`]),
        ]
      })
      console.log(`${shell}: ${mine.length} scripts, ${failures.length} disagreements`)
      expect(failures.join('\n')).toBe('')
    })
  }
})
