import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Budget, unreadReason, within } from '../../src/budget.ts'
import { Environment } from '../../src/shell/environment.ts'
import type { Dialect, ShellOptions } from '../../src/shell/invocation.ts'
import { readScript, type Command, type Script } from '../../src/shell/script.ts'
import { literal, type Word } from '../../src/shell/word.ts'
import { amount } from '../amount.ts'

const variables: [string, string][] = [
  ['PORT', '8000'],
  ['W', '4'],
  ['EMPTY', ''],
  ['SPACED', 'a b'],
  ['STAR', '*'],
  ['FILE', 'a/b.c.d'],
  ['HOME', '/root'],
]

interface Told {
  readonly dialect?: Dialect
  readonly open?: boolean
  readonly parameters?: readonly string[]
  readonly options?: Partial<ShellOptions>
}

function read(text: string, { dialect = 'sh', open = false, parameters, options = {} }: Told = {}): Script {
  const told = { dialect, environment: new Environment(variables, !open), options }
  return readScript(text, parameters === undefined ? told : { ...told, parameters: parameters.map((value) => literal(value)) })
}

/** `a|b`: known words. `x?`: one word that begins with x. `x?*`: none, one or several. */
const show = (words: readonly Word[]): string => words.map((word) => (word.value ?? `${word.prefix}?${word.splits ? '*' : ''}`)).join('|')

const commands = (script: Script): string => script.commands.map((command) => show(command.words)).join(' ; ')

function lastOf(script: Script): Command {
  const command = script.commands.at(-1)
  if (command === undefined) throw new Error('there is no command')
  return command
}

/** What the last command of a script gets. */
const words = (text: string, told?: Told): string => show(lastOf(read(text, told)).words)

describe('words', () => {
  test.each([
    // quotes
    [`x 'a b' "c d" e\\ f`, 'x|a b|c d|e f'],
    [`x 'it'"'"'s' "it's" it\\'s`, `x|it's|it's|it's`],
    ['x "a\\"b\\$c\\\\d\\e\\`f"', 'x|a"b$c\\d\\e`f'],
    ['x "a\\\nb" c\\\nd', 'x|ab|cd'],
    [`x '' "" "$EMPTY" $EMPTY "$EMPTY"''`, 'x||||'],
    ["x 'a\nb' \\\n  c", 'x|a\nb|c'],
    ["x '%(h)s \"%(r)s\"' '$PORT'", 'x|%(h)s "%(r)s"|$PORT'],
    ['x a#b # c', 'x|a#b'],
    ['x a\tb', 'x|a|b'],
    ['x a\r\n', 'x|a\r'],
    ['x a\u00a0b é', 'x|a\u00a0b|é'],
    ['x $ "$" $% a$', 'x|$|$|$%|a$'],
    // variables
    ['x $PORT ${PORT} "$PORT" :$PORT', 'x|8000|8000|8000|:8000'],
    ['x $PORTA ${PORT}A', 'x|8000A'],
    ['x $NONE "$NONE" a$NONE', 'x||a'],
    ['x $SPACED "$SPACED" 1${SPACED}2', 'x|a|b|a b|1a|b2'],
    ['x $STAR "$STAR"', 'x|?*|*'],
    ['x a$STAR', 'x|a?*'],
    ['x $PO\\\nRT "$PORT\\\n" $PORT\\\n $PORT\\\nX $\\\nPORT', 'x|?*|8000|8000|?*|?*'],
    // expansions
    ['x ${NONE:-d} ${EMPTY:-d} ${EMPTY-d} "${PORT:-d}" ${NONE:-a b} "${NONE:-a b}"', 'x|d|d|8000|a|b|a b'],
    ['x ${NONE:-$PORT} "${NONE:-:${NONE-$PORT}}" ${NONE:-"a b"}', 'x|8000|:8000|a b'],
    ['x ${PORT:+a} ${NONE:+a} ${EMPTY+a} "${EMPTY:+a}"', 'x|a|a|'],
    ['x ${NEW:=v}$NEW ${NEW}', 'x|vv|v'],
    [': ${NEW:=v}; x $NEW', 'x|v'],
    ['x ${#PORT} "${#NONE}"', 'x|4|0'],
    ['x ${FILE%.*} ${FILE%%.*} ${FILE#*/} ${FILE##*.} ${FILE%x} ${PORT%?}', 'x|a/b.c|a/b|b.c.d|d|a/b.c.d|800'],
    ['x ${FILE%[a-z]} "${FILE%\'d\'}"', 'x|?*|?'],
    ['x ${!PORT} ${PORT/8/9} "${PORT:0:2}"', 'x|?*|?*|?'],
    ['x ${NONE:-~} "${NONE:-\'q\'}"', 'x|?*|?'],
    // parameters
    ['set -- a "b c"; x $1 $2 $# "$@" "1$@2" $* "$*" $3 "$3" ${1}0 $10', 'x|a|b|c|2|a|b c|1a|b c2|a|b|c|a b c||a0|a0'],
    ['set --; x "$@" $@ "a$@"', 'x|a'],
    ['set -- a b c; shift; x "$@"; shift 2; y "$@" $#', 'y|0'],
    // what cannot be known
    ['x $? $$ $! "$-" $0', 'x|?|?|?*|?|?*'],
    ['x $(nproc) "$(nproc)" a`b`', 'x|?*|?|a?*'],
    ['x $RANDOM $PWD "$LINENO"', 'x|?*|?*|?'],
    // arithmetic
    ['x $((1+2*3)) $((W*2+1)) $(($W<<2)) $((-7/2)) $((-7%3)) $((1<2&&3)) $((0x10|010))', 'x|7|9|16|-3|-1|1|24'],
    ['x $((W > 3 ? 10 : 20)) $((!W)) $((~0)) $((NONE+1)) $((9223372036854775807+1))', 'x|10|0|-1|1|-9223372036854775808'],
    ['x $((2 * $(nproc) + 1)) "$((FILE))"', 'x|?|?'],
    // patterns, braces, tildes
    ['x * a? [ab]c "*" \\* \'?\'', 'x|?*|a?*|?*|*|*|?'],
    ['x [::]:8000 [::1]:$PORT -b[fe80::1]:80 --bind=[::]:$PORT', 'x|[::]:8000|[::1]:8000|-b[fe80::1]:80|--bind=[::]:8000'],
    ['x a[b [ a]', 'x|a[b|[|a]'],
    ['x {a,b} a{1..3} {a} {}', 'x|?*|a?*|{a}|{}'],
    ['x ~ ~/a a~ "~" ~root "~/a" \\~', 'x|/root|/root/a|a~|~|?|~/a|~'],
    ['x $\'a\' $"a"', 'x|?|?'],
  ])('%j', (text, expected) => {
    expect(words(text)).toBe(expected)
  })

  test('parameters that nobody gave', () => {
    expect(words('x $1 "$1" $# "$@" $*')).toBe('x||0')
    expect(words('x $0 $1 "$@"', { parameters: ['name', 'a', 'b c'] })).toBe('x|name|a|a|b c')
  })

  test("what is bash's own", () => {
    expect(words("x $'a\\tb' $'it\\'s'", { dialect: 'bash' })).toBe("x|a\tb|it's")
    expect(words('A=1; A+=2; x $A', { dialect: 'bash' })).toBe('x|12')
    expect(words('x A=~/a B=$W:~ --c=~', { dialect: 'bash' })).toBe('x|A=?|B=4:?|--c=~')
  })

  test('what an open environment leaves unknown', () => {
    expect(words('x $NONE "$NONE" :$NONE "${NONE:-a}" ${NONE:+a} ${#NONE} $PORT', { open: true })).toBe('x|?*|?|:?*|?|?*|?|8000')
    expect(words('NONE=a; x $NONE; unset PORT; y "$PORT" "$NONE"', { open: true })).toBe('y||a')
  })

  test('text that the kubelet puts in, and nobody knows', () => {
    expect(words('x a\uE000b "a\uE001" \uE000 \'c\uE002\' d')).toBe('x|a?*|a?|?*|c?|d')
    expect(words('x $\uE000 a$PORT\uE001 "${W}\uE000"')).toBe('x|?*|a?*|4?')
  })

  test.each([
    ['A=(a "b c" $SPACED); A+=("$W"); x "${A[@]}"', 'x|a|b c|a|b|4'],
    ['A=(); x "${A[@]}" y', 'x|y'],
    ['A=(1 2); x "a${A[@]}b" ${A[@]}', 'x|a1|2b|1|2'],
    ['A=(1); [ -f x ] && A+=(2); x "${A[@]}"', 'x|?*'],
    ['A=([3]=a); x "${A[@]}"', 'x|?*'],
    ['A=($(b)); x "${A[@]}"', 'x|?*'],
    ['A=(a); A=b; x "${A[@]}"', 'x|?*'],
    ['A=(a b); A[0]=z; x "${A[@]}"', 'x|?*'],
    ['x "${FILE:2:3}" "${FILE: -3}" ${FILE^} ${FILE^^} "${FILE/b/x}" "${FILE//./_}" "${FILE/#a/x}" "${FILE/%d/x}"',
      'x|b.c|c.d|A/b.c.d|A/B.C.D|a/x.c.d|a/b_c_d|x/b.c.d|a/b.c.x'],
  ])('bash: %j', (text, expected) => {
    expect(words(text, { dialect: 'bash' })).toBe(expected)
  })

  test.each([
    ['sh <<E\na $PORT\nE\n', 'a 8000\n'],
    ["sh <<'E'\na $PORT\nE\n", 'a $PORT\n'],
    ['sh <<-E\n\t\ta \\$W\n\tE\n', 'a $W\n'],
    ['sh <<E\na $(b)\nE\n', null],
    ['sh <<E\na ${W:=1}\nE\n', null],
    ['sh <<E <f\na\nE\n', undefined],
  ])('here-document %j', (text, expected) => {
    const { input } = read(text).commands.find((command) => command.words[0]?.value === 'sh') ?? {}
    expect(input === undefined ? undefined : input.value).toBe(expected)
  })

  test('places', () => {
    const text = ' A=1 x  "$PORT" \\\n $SPACED >f y # z'
    const { words: found, start, end, insertAt } = lastOf(read(text))
    expect(found.map((word) => text.slice(word.start, word.end))).toEqual(['x', '"$PORT"', '$SPACED', '$SPACED', 'y'])
    expect(found.every((word) => word.text === text.slice(word.start, word.end))).toBe(true)
    expect([text.slice(start, end), text.slice(insertAt)]).toEqual([text.slice(1, -4), ' # z'])
  })
})

describe('variables', () => {
  test.each([
    ['X=1; x $X', 'x|1'],
    ['X=1 Y=$X; x $Y', 'x|1'],
    ['X=1 x $X', 'x'],
    ['export X=1 Y="a b"; x $X "$Y"', 'x|1|a b'],
    ['X=$SPACED; x "$X"', 'x|a b'],
    ['X=~/a:~; x $X', 'x|?*'],
    ['unset PORT; x "$PORT" ${PORT:-1}', 'x||1'],
    ['read PORT; x $PORT $W', 'x|?*|4'],
    ['. ./env.sh; x $PORT [::]:80', 'x|?*|[::]:80'],
    ['source env; x "$PORT"', 'x|?'],
    ['. venv/bin/activate; x "$PORT" "$PATH"', 'x|8000|?'],
    ['source "$HOME/.venv/bin/activate" && x "$PORT"', 'x|8000'],
    ['. /opt/conda/bin/activate; x "$PORT"', 'x|?'],
    ['. venv/bin/activate web; x "$PORT"', 'x|?'],
    ['. bin/activate.sh; x "$PORT"', 'x|?'],
    ['eval "$X"; x "$PORT"', 'x|8000'],
    ['X="PORT=1"; eval "$X"; x "$PORT"', 'x|1'],
    ['eval "$(a)"; x "$PORT"', 'x|?'],
    ['eval X=1; x $X', 'x|1'],
    ["eval 'x $PORT'", 'x|8000'],
    ["eval 'eval '\\''f() { PORT=1; x $PORT; }; f'\\'''", 'x|1'],
    ["eval 'eval '\\''f() { PORT=1; }; f'\\'''; f; x $PORT", 'x|?*'],
    ['$UNKNOWN_IN_HERE a; x $PORT', 'x|8000'],
    ['"$(cmd)" a; x "$PORT"', 'x|?'],
    ['IFS=:; x $SPACED "$SPACED" $PORT', 'x|?*|a b|?*'],
    ['(PORT=1); x $PORT', 'x|8000'],
    ['PORT=1 | cat; x $PORT', 'x|8000'],
    ['PORT=1 & x $PORT', 'x|8000'],
    ['{ PORT=1; }; x $PORT', 'x|1'],
    ['if a; then PORT=1; fi; x "$PORT"', 'x|?'],
    ['if a; then PORT=1; else PORT=1; fi; x "$PORT"', 'x|1'],
    ['a && PORT=1; x "$PORT"', 'x|?'],
    ['a && PORT=1 && x "$PORT"', 'x|1'],
    ['export PORT=1 && a; x "$PORT"', 'x|1'],
    ['PORT=1 || PORT=2; x "$PORT"', 'x|1'],
    ['for PORT in 1 2; do a; done; x "$PORT" $W', 'x|2|4'],
    ['for PORT in $(a); do a; done; x "$PORT" $W', 'x|?|4'],
    ['for i in 1 2 3; do [ $i = 2 ] && break; done; x $i', 'x|2'],
    ['i=0; while [ $i -lt 3 ]; do i=$((i+1)); done; x $i', 'x|3'],
    ['i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done; x "$i"', 'x|?'],
    ['if [ "$PORT" = 8000 ]; then W=1; else W=2; fi; x $W', 'x|1'],
    ['if [ "$(a)" = 8000 ]; then W=1; else W=2; fi; x $W', 'x|?'],
    ['[ "$UNSET" ] && W=1; x $W', 'x|4'],
    ['[ "$PORT" -gt 80 -a -n "$W" ] && W=1; x $W', 'x|1'],
    ['! [ -z "$PORT" ] || W=1; x $W', 'x|4'],
    ['case $PORT in 80?0) W=1;; *) W=2;; esac; x $W', 'x|1'],
    ['case $PORT in [0-7]*) W=1;; "8"*) W=2;; esac; x $W', 'x|2'],
    ['case $FILE in a/[!x]*) W=1;; esac; x $W', 'x|1'],
    ['case $PORT in $(a)) W=1;; esac; x "$W"', 'x|?'],
    ['case $PORT in [a-z]*) W=1;; esac; x "$W"', 'x|?'],
    ['set -- a b; shift; x $1 $#', 'x|b|1'],

    ['x $((${UNSET:-2} + W))', 'x|6'],
    ['while a; do W=$((W+1)); done; x "$W" $PORT', 'x|?|8000'],
    ['case a in b) W=1;; esac; x "$W" $PORT', 'x|4|8000'],
    ['f() { W=1; }; x $W; f; y "$W" $PORT', 'y|1|8000'],
    ['f() { local W=1; x $W; }; f; y $W', 'y|4'],
    ['f() { a && local W=1; W=2; }; f; y $W', 'y|?*'],
    ['f() { W=2; local W=1; }; f; y $W', 'y|?*'],
    ['f() { a && { W=2; return; }; local W=1; }; f; y $W', 'y|?*'],
    ['f() { W=$1; return; W=3; }; f 2; y $W', 'y|2'],
    ['f() { a && return; W=3; }; f 2; y "$W"', 'y|?'],
    ['f() { shift; y "$@"; }; f 1 2 3', 'y|2|3'],
    ['f() { set -- z; }; set -- a; f; y $1', 'y|a'],
    ['set -a; X=1; x $X', 'x|1'],
    ['set -f; x * $STAR', 'x|*|*'],
    ['readonly X=1; x $X', 'x|1'],
    ['a ${X:?gone}; x $PORT', 'x|?*'],
    ['X=1; X=2 export Y=3; x "$X" $Y', 'x|?|3'],
    ['printf -v X a; x "$PORT"', 'x|8000'],
    [': $((W=5)); x "$W" $PORT', 'x|?|8000'],
    ['a <<E\n${X:=1}\nE\nx "$X" $PORT', 'x|?|8000'],
  ])('%j', (text, expected) => {
    expect(words(text)).toBe(expected)
  })

  const got = (text: string, name: string, told?: Told): string | null | undefined => lastOf(read(text, told)).environment.get(name)

  test('what a command gets', () => {
    expect(got('x', 'PORT')).toBe('8000')
    expect(got('X=1; x', 'X')).toBeUndefined()
    expect(got('X=1; x', 'X', { open: true })).toBeNull()
    expect(got('X=1; export X; x', 'X')).toBe('1')
    expect(got('export X; X=1; x', 'X')).toBe('1')
    expect(got('X=1 x', 'X')).toBe('1')
    expect(got('X=1 a; x', 'X')).toBeUndefined()
    expect(got('X=$(a) x', 'X')).toBeNull()
    expect(got('PORT=1; x', 'PORT')).toBe('1')
    expect(got('unset PORT; x', 'PORT')).toBeUndefined()
    expect(got('unset PORT; x', 'PORT', { open: true })).toBeUndefined()
    expect(got('export -n PORT; x', 'PORT', { dialect: 'bash' })).toBeUndefined()
    expect(got('a && export X=1; x', 'X')).toBeNull()
    expect(got('set -a; X=1; x', 'X')).toBe('1')
    expect(got('X=1; x', 'X', { options: { allexport: true } })).toBe('1')
    expect(got('. env; x', 'PORT')).toBeNull()
    expect(got('x', 'PWD')).toBeNull()
    expect(got('exec -c x', 'PORT', { dialect: 'bash' })).toBeUndefined()
    expect(got("export X='a\nb'; x", 'X')).toBe('a\nb')
  })

  test('an environment that nothing changed is the one that was given', () => {
    const environment = new Environment([['PORT', '1']], false)
    expect(readScript('a; b', { dialect: 'sh', environment }).commands[1]?.environment).toBe(environment)
  })

  test('the file that bash reads first may set anything', () => {
    const environment = new Environment([['PORT', '1'], ['BASH_ENV', '/etc/env']])
    expect(show(lastOf(readScript('x "$PORT"', { dialect: 'bash', environment })).words)).toBe('x|?')
    expect(show(lastOf(readScript('x "$PORT"', { dialect: 'sh', environment })).words)).toBe('x|1')
  })
})

/** `a` runs surely, `a?` maybe; `!` where it is the last, `exec` and the like as they are. */
const shape = (text: string, told?: Told): string =>
  read(text, told).commands.map((command) =>
    [
      `${show(command.words.slice(0, 1))}${command.runs === 'maybe' ? '?' : ''}${command.last ? '!' : ''}`,
      ...(command.exec ? ['exec'] : []),
      ...(command.piped ? ['piped'] : []),
      ...(command.background ? ['background'] : []),
      ...(command.embedded ? ['embedded'] : []),
    ].join(' ')
  ).join(', ')

describe('what runs', () => {
  test.each([
    ['a; b', 'a, b!'],
    ['a && b && exec c # d', 'a, b, c! exec'],
    ['a || b', 'a, b?'],
    ['a || exit 1; b', 'a, exit?, b!'],
    ['a && exit 0; b', 'a, exit, b?'],
    ['! a && b', 'a, b?'],
    ['! a || b', 'a, b!'],
    ['a & b', 'a background, b!'],
    ['a &', 'a background'],
    ['a | b; c', 'a piped, b piped, c!'],
    ['(a); b', 'a, b!'],
    ['(a; exit); b', 'a, exit, b!'],
    ['{ a; b; } >f', 'a, b!'],
    ['if a; then b; else c; fi', 'a, b?, c?'],
    ['if a; then exit 1; fi; b', 'a, exit?, b!'],
    ['if a; then exit; fi; b', 'a, exit?, b?'],
    ['if a; then exec b; fi; c', 'a, b? exec, c?'],
    ['case $1 in web) exec a;; *) exec b;; esac', 'b! exec'],
    ['while ! a; do sleep; done; exec b', 'a, sleep?, b! exec'],
    ['until a; do sleep; done; b', 'a, sleep?, b!'],
    ['for i in 1 2; do f() { exec a; }; done; f; b', 'a! exec'],
    ['while true; do a; done; b', 'true, a?, b?'],
    ['for i in 1 2; do a; done; b', 'a, b!'],
    ['for i in $X; do a; done; b', 'b!'],
    ['for i in $(c); do a; done; b', 'c piped, a?, b!'],
    ['f() { a; }; f; b', 'a, b!'],
    ['f() { a; }; b', 'b!'],
    ['f() { a; }; $(c) f; b', 'c piped, ?*, b!, a?'],
    ['f() { a; }; . ./x; b', '., b!, a?'],
    ['f() { exec a; }; f; b', 'a! exec'],
    ['f() { a; return; b; }; f; c', 'a, return, c!'],
    ['f() { a; f; }; f; c', 'a, c!'],
    ['set -e; false; a', 'set, false'],
    ['set -e; false || a; b', 'set, false, a, b!'],
    ['set -e; [ "$X" ] && a; b', 'set, [, b!'],
    ['set -e; f() { [ "$X" ] && a; }; f; b', 'set, ['],
    ['set -e; (false); a', 'set, false, a?'],
    ['set -e; if false; then a; fi; b', 'set, false, b!'],
    ['[ -f x ] && a; b', '[, a?, b!'],
    ['[ -f x ] || exit 1; b', '[, exit?, b!'],
    ['[ -n "$X" ] || exit 1; b', '[, exit'],
    ['while true; do a; break; done; b', 'true, a, break, b!'],
    ['while false; do a; done; b', 'false, b!'],
    ['until a; do exit; done; b', 'a, exit?, b?'],
    ['exec a; b', 'a! exec'],
    ['exec >log; a', 'a!'],
    ['exec "$@"', ''],
    ['command a; command -v b; command -p c', 'a, c!'],
    ['exec -a name b', 'b! exec'],
    ['builtin exec a', 'a! exec'],
    ['exit; a', 'exit'],
    ['echo $(a) "`b`"', 'a piped, b piped embedded, echo!'],
    ['a "${X:-$(b)}"', 'b piped, a!'],
    ['cat <(a)', 'a piped, cat!'],
    ["eval 'exec a'", 'eval!, a! exec embedded'],
    ["trap 'a' TERM; b", 'trap, a? embedded, b'],
    ['trap - TERM; b', 'trap, b!'],
    ['set -e; a', 'set, a!'],
    ['a <<E\n$(b)\nE\nc', 'b piped, a, c!'],
    ['[[ a && b ]] && c', 'c!'],
    ['time a', 'a'],
    ['a=(1 2); b', 'b!'],
    ['X=1', ''],
    ['', ''],
    ['# a', ''],
  ])('%j', (text, expected) => {
    expect(shape(text, { dialect: 'bash' })).toBe(expected)
  })

  test('what not every sh takes makes the line uncertain, and what comes after it', () => {
    expect(shape('a\nb; [[ c ]]; d\ne')).toBe('a, b?, d?, e?')
    expect(shape('a\nb=(1 2)\nc')).toBe('a, c?')
    expect(shape('a &>f')).toBe('a?')
  })

  test('what no shell takes', () => {
    const script = read('a\nb; gunicorn %(h)s x')
    expect(script.errors).toEqual([{ message: "unexpected token '('", start: 15, end: 16 }])
    expect(shape('a\nb; gunicorn %(h)s x')).toBe('a, b?, gunicorn?')
    expect(read("a 'b").errors).toHaveLength(1)
    expect(read('if a; then b').errors).toHaveLength(1)
    expect(read('a @(b)').errors).toHaveLength(1)
    expect(read('a (b').errors).toHaveLength(1)
    expect(read('a ${ b').errors).toHaveLength(1)
    expect(read('a "${ b; }"').errors).toHaveLength(1)
    expect(read('a ${ b', { dialect: 'bash' }).errors).toHaveLength(1)
    expect(read('a ${ b; }', { dialect: 'bash' }).errors).toHaveLength(0)
  })

  test('a trap is told of', () => {
    expect([read('trap a EXIT; b').traps, read('trap - EXIT; b').traps]).toEqual([true, false])
  })

  test('a shell told to run nothing runs nothing', () => {
    expect(read('a', { options: { noexec: true } }).commands).toEqual([])
  })

  test('a function that may be called from what cannot be seen is read, though the script ends with exec', () => {
    expect(commands(read('f() { x; }; exec y'))).toBe('y')
    expect(commands(read('f() { x; }; . ./unseen; exec y'))).toContain('x')
  })

  test('commands of a function get its parameters', () => {
    expect(commands(read('f() { a "$1" $PORT; local W=5; b $W; }; W=1; f c'))).toBe('a|c|8000 ; local|W=5 ; b|5')
    expect(commands(read('f() { a "$1"; }; f b; f c'))).toBe('a|?')
    expect(commands(read('f() { "$@"; }; f b 1; f c 2'))).toBe('b|1 ; c|2')
    expect(commands(read('f() { a "$@"; }; f; f c 2'))).toBe('a|?*')
  })
})

describe('hostile scripts', () => {
  const many = (text: string, count: number): string => text.repeat(count)
  test.each([
    ['parentheses', many('(', 20_000)],
    ['substitutions', many('$(', 5_000)],
    ['closed substitutions', `a ${many('$(', 5_000)}b${many(')', 5_000)}`],
    ['compounds in substitutions', `${many(`${many('{ ', 200)}a $(`, 30)}b`],
    ['a long word', many('a', 1_000_000)],
    ['a long quoted word', `"${many('$a', 200_000)}"`],
    ['many variables', Array.from({ length: 20_000 }, (_, i) => `X${i}=1; a`).join('; ')],
    ['many ways', many('a && X=1 || ', 20_000) + 'b'],
    ['doubling', `X=aaaaaaaaaa; ${many('X=$X$X; ', 60)}a $X`],
    ['much splitting', `X="${many('a ', 20_000)}"; ${many('b $X;', 1_000)}`],
    ['many parameters', `set -- ${many('a ', 20_000)}; ${many('x "$@";', 1_000)}`],
    ['patterns', `X=${many('a', 3_000)}; b \${X##${many('*a', 300)}b}`],
    ['functions', Array.from({ length: 2_000 }, (_, i) => `f${i}() { X${i}=1; f${i - 1}; }`).join('\n')],
    ['loops in loops', `${many('while a; do X=1; ', 200)}b${many('; done', 200)}`],
    ['eval in eval', many('eval \'eval "eval a"\';', 5_000)],
    ['arithmetic', `a $((${many('(', 5_000)}1${many(')', 5_000)}))`],
    ['sums', `a $((${many('1+', 20_000)}1))`],
    ['operands', `a ${many('${b:-', 5_000)}`],
    ['here-documents', many('a <<E\n$(b)\nE\n', 3_000)],
    ['backquotes', many('`', 10_000)],
    ['holes', many('a \uE000 ', 20_000)],
  ])('%s', (_, text) => {
    for (const dialect of ['sh', 'bash'] as const) {
      // Read, or left unread: nothing else is thrown, and nothing goes on without an end.
      try {
        const script = within(new Budget(), () => read(text, { dialect, open: true }))
        for (const command of script.commands.slice(0, 100)) expect(command.environment.closed).toBe(false)
      } catch (error) {
        expect(unreadReason(error)).toEqual(expect.any(String))
      }
    }
  })
})

test('whatever the text, every place is in it', () => {
  const pieces = fc.constantFrom(...(
    'a b=1 $X ${X:-a} ${ $( ` ( ) { } \' " \\ ; & | && || ! < > << <<E \n E \r # * [ ] ~ {a,b} $(( )) [[ ]] ;; ' +
    'if then fi while do done for in case esac f() exec eval trap export unset set -- . \uE000 \uFDD0 \u0000 é 😀'
  ).split(' '), ' ', '\n')
  const texts = fc.array(pieces, { maxLength: 30 })
  fc.assert(fc.property(texts, fc.constantFrom<Dialect>('sh', 'bash'), fc.boolean(), (all, dialect, open) => {
    const text = all.join('')
    const { commands: found, errors } = read(text, { dialect, open })
    for (const error of errors) expect(0 <= error.start && error.start <= error.end && error.end <= text.length).toBe(true)
    for (const { words: inCommand, start, end, insertAt, environment } of found) {
      expect(environment).toBeInstanceOf(Environment)
      expect(0 <= start && start <= end && end === insertAt && end <= text.length).toBe(true)
      for (const word of inCommand) {
        expect(word.text).toBe(text.slice(word.start, word.end))
        expect(word.value === null || word.value === word.prefix).toBe(true)
      }
    }
  }), { numRuns: amount(2_000) })
})
