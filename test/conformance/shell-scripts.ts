/**
 * Scripts that use what people use, and much that they rarely do, made from a seed. Every command of a stub carries a mark of
 * its own as its first argument.
 */

import { Random } from './random.ts'

/** The programs that stand on PATH: those that succeed, and the one that fails. All but `quiet` write two words. */
export const stubs = ['gunicorn', 'migrate', 'celery', 'quiet', 'broken'] as const

/** The names that scripts use; a stub records each of them that it gets. */
export const names = ['PORT', 'W', 'A', 'B', 'C', 'D', 'EMPTY', 'SPACED', 'STARRED', 'HOME', 'EXTRA'] as const

export const files = ['a.x', 'b.x', 'ab', 'W', 'c d'] as const

export interface Generated {
  readonly text: string
  /** `$0`, `$1`, … */
  readonly parameters: readonly string[]
  /** The variables that the shell gets. */
  readonly variables: ReadonlyMap<string, string>
  /** True where the reader is told that there may be more. */
  readonly open: boolean
  /** The names whose values the reader is not told. */
  readonly hidden: readonly string[]
}

export function generate(seed: number): Generated {
  return new Generator(new Random(seed)).script()
}

class Generator {
  readonly #random: Random
  #marks = 0
  #depth = 0
  #functions: string[] = []
  /** Arithmetic can fail, which hides what comes after it. */
  #calm = false

  constructor(random: Random) {
    this.#random = random
  }

  script(): Generated {
    const variables = new Map([
      ['PORT', '8000'],
      ['EMPTY', ''],
      ['SPACED', 'one two'],
      ['STARRED', '*.x'],
      ['HOME', '/home/app'],
    ])
    if (this.#chance(0.5)) variables.set('W', this.#pick(['4', '', '-3', 'x y', '010']))
    const odd = ['a/b.c.d', "it's", 'back\\slash', '  lead', 'tail ', 'new\nline', '"q"']
    if (this.#chance(0.3)) variables.set('A', this.#pick(odd))
    if (this.#chance(0.1)) variables.delete('HOME')
    const parameters = this.#pick([['sh'], ['sh', 'p1'], ['name', 'p 1', ''], ['sh', '-x', '*.x', 'last'], []])
    this.#calm = this.#chance(0.6)
    const lines: string[] = []
    const count = this.#integer(1, 5)
    for (let i = 0; i < count; i++) lines.push(this.#statement())
    const open = this.#chance(0.3)
    return {
      text: this.#join(lines),
      parameters,
      variables,
      open,
      hidden: open ? [...variables.keys()].filter(() => this.#chance(0.3)) : [],
    }
  }

  #join(statements: readonly string[]): string {
    let text = this.#chance(0.1) ? this.#pick(['\n', '# a comment\n', '  ']) : ''
    statements.forEach((statement, index) => {
      text += statement
      const last = index === statements.length - 1
      // What ends in `&` or in a here-document needs no more, or only a line's end.
      if (statement.endsWith('\n')) return
      if (statement.endsWith('&')) text += this.#pick(['\n', ' '])
      else if (!last) text += this.#pick(['; ', '\n', ' ;\n', '  # web; quiet\n', '\n\n', ';'])
      else text += this.#pick(['', '', '', '\n', ' # end', ' ', ' \\\n', ';'])
    })
    return text
  }

  #statement(): string {
    if (this.#depth > 2) return this.#simple()
    this.#depth++
    try {
      return this.#weighted([
        [10, () => this.#simple()],
        [4, () => this.#assignment()],
        [3, () => `export ${this.#assignment()}`],
        [1, () => `export ${this.#pick(names)}`],
        [4, () => this.#chain()],
        [2, () => this.#pipeline()],
        [2, () => this.#if()],
        [1, () => this.#case()],
        [2, () => this.#loop()],
        [1, () => `( ${this.#list()} )`],
        [1, () => `{ ${this.#list()}; }`],
        [1, () => `{ ${this.#list()}; } > /dev/null`],
        [1, () => `${this.#simple()} &`],
        [1, () => this.#function()],
        [1, () => this.#call()],
        [1, () => this.#hereDocument()],
        [2, () => this.#builtin()],
        [1, () => `${this.#before()}exec ${this.#pick(['', '', '', '-- ', '-a name '])}${this.#simple(false)}`],
        [1, () => `${this.#before()}command ${this.#pick(['', '', '-- ', '-v '])}${this.#simple(false)}`],
        [0.5, () =>
          `eval ${
            this.#pick([
              "'gunicorn e1 $W'",
              'gunicorn e2 "$A"',
              '"exec gunicorn e3"',
              "'W=8; celery e4' $W",
              "'gunicorn e5; ' quiet e6",
            ])
          }`],
        [0.5, () => `: "\${${this.#pick(['PORT', 'W', 'D'])}:=8000}"`],
        [0.5, () => `if ${this.#simple()}; then exit ${this.#pick(['', '0', '1'])}; fi`],
        [0.5, () => `! ${this.#simple()}`],
        [0.5, () => this.#pick(['exit', 'exit 3', 'exec 3>&1', ':', 'true', 'false', 'cd /', 'wait', 'exec 2>&1'])],
      ])
    } finally {
      this.#depth--
    }
  }

  #list(): string {
    const statements = Array.from({ length: this.#integer(1, 2) }, () => this.#statement().replace(/&$/, '& :'))
    const last = statements.length - 1
    const ends = (statement: string, index: number): boolean => statement.endsWith('\n') || index === last
    return statements.map((statement, index) => (ends(statement, index) ? statement : `${statement}; `)).join('')
  }

  #chain(): string {
    const parts = Array.from({ length: this.#integer(2, 4) }, () =>
      this.#weighted([
        [6, () => this.#simple()],
        [2, () => this.#assignment()],
        [1, () => `export ${this.#assignment()}`],
        [1, () => `! ${this.#simple()}`],
        [1, () => `{ ${this.#simple()}; }`],
        [0.5, () => `( ${this.#assignment()}; ${this.#simple()} )`],
        [0.5, () => this.#pick(['exit 1', 'exit', 'true', 'false', '[ -n "$W" ]', 'unset W', 'cd /nowhere'])],
      ]))
    return parts.reduce((chain, part) => chain + this.#pick([' && ', ' && ', ' || ', '&&', ' &&\n  ', ' || \\\n ']) + part)
  }

  #pipeline(): string {
    const parts = Array.from({ length: this.#integer(2, 3) }, () =>
      this.#weighted([
        [5, () => this.#simple()],
        [1, () => `{ ${this.#assignment()}; ${this.#simple()}; }`],
        [1, () => `while read ${this.#pick(['A', 'B'])}; do ${this.#simple()}; done`],
      ]))
    return parts.join(this.#pick([' | ', '|', ' |\n']))
  }

  #condition(): string {
    return this.#weighted([
      [3, () => this.#simple()],
      [2, () => `[ "$${this.#pick(names)}" = ${this.#pick(['""', '8000', '4'])} ]`],
      [1, () => this.#pick(['true', 'false', ': "${W:=9}"', `[ -n "$${this.#pick(names)}" ]`])],
    ])
  }

  #if(): string {
    let text = `if ${this.#condition()}; then ${this.#list()}`
    const part = (word: string): void => {
      text += text.endsWith('\n') ? word : `; ${word}`
    }
    if (this.#chance(0.3)) part(`elif ${this.#condition()}; then ${this.#list()}`)
    if (this.#chance(0.5)) part(`else ${this.#list()}`)
    part('fi')
    return text
  }

  #case(): string {
    const body = (): string => {
      const list = this.#list()
      return list.endsWith('\n') ? list : `${list} ;;`
    }
    const items = [`8000) ${body()}`, `"$W"|x*) ${body()}`, `*) ${body()}`].filter(() => this.#chance(0.7))
      .map((item) => (item.endsWith('\n') ? `${item};;` : item))
    return `case ${this.#pick(['$PORT', '"$A"', '$1', 'x'])} in ${items.join(' ')}${items.length > 0 ? ' ' : ' '}esac`
  }

  #loop(): string {
    const body = this.#list()
    const done = body.endsWith('\n') ? 'done' : '; done'
    return this.#pick([
      () => `for ${this.#pick(['A', 'B', 'W'])} in ${this.#pick(['1 2', '$SPACED', '"$@"', '', '*.x'])}; do ${body}${done}`,
      () => `for A; do ${body}${done}`,
      () => `for B in 1 2; do ${this.#condition()} && ${this.#pick(['break', 'continue'])}; ${body}${done}`,
      // Each of these ends: one leaves at once, and one counts.
      () => `while ${this.#simple()}; do ${body}${body.endsWith('\n') ? '' : '; '}break; done`,
      () => `until ${this.#simple()} || true; do ${body}${done}`,
      () => `I=0; while [ "$I" -lt 2 ]; do I=$((I+1)); ${body.replaceAll(/\b(exit|exec)\b/g, ':')}${done}`,
    ])()
  }

  #function(): string {
    const name = this.#pick(['start', 'run_it', 'f'])
    const list = this.#list()
    const more = this.#chance(0.3) ? `; ${this.#pick(['return', 'return 1', `local B=1; ${this.#simple()}`])}` : ''
    const body = `{ ${list}${more}; }`.replaceAll('\n;', '\n')
    this.#functions.push(name)
    return `${name}() ${body}`
  }

  #call(): string {
    const name = this.#functions.at(-1)
    return name === undefined ? this.#simple() : `${this.#chance(0.2) ? `${this.#assignment()} ` : ''}${name} ${this.#word()}`
  }

  #hereDocument(): string {
    const quoted = this.#chance(0.4)
    const body = this.#pick(['text $W', '$(quiet here "$PORT")', '"it\'s', '`quiet there`', '${B:=from}'])
    return `${this.#simple()} <<${quoted ? "'EOF'" : 'EOF'}\n${body}\nEOF\n`
  }

  #builtin(): string {
    const name = this.#pick(names)
    return this.#pick([
      `set -- ${this.#word()} ${this.#word()}`,
      'set --',
      'shift',
      'set -e',
      'set -eu',
      'set -f',
      'set +f',
      'set -a',
      'set +a',
      'set -x',
      'set one "two 3"',
      `unset ${name}`,
      `read ${this.#pick(['', '-r ', '-p "$W" '])}${name} </dev/null`,
      `readonly ${this.#pick(['C', 'D', 'W'])}${this.#pick(['', `=${this.#word()}`])}`,
      `export -n ${name}`,
      `local ${this.#pick(['W', 'A'])}=${this.#literal()}`,
      `: "\${${name}:=${this.#literal()}}"`,
      `: $((${this.#pick(['A', 'B'])} += 1))`,
      `eval ${this.#pick([`'${name}=e'`, `"${name}=\\$W"`, `'exec quiet'`])}`,
      'IFS=:',
      'IFS=" "',
      `trap 'quiet trapped' EXIT`,
      `printf '%s' x`,
      `. /nowhere`,
      `local ${name}=1`,
      `[ -n "$${name}" ] || exit 1`,
      `${this.#pick(['', 'W=2 '])}export ${name}=v`,
      'umask 022',
      `test "$${name}"`,
    ])
  }

  /** An assignment before a command, now and then. */
  #before(): string {
    return this.#chance(0.3) ? `${this.#assignment()} ` : ''
  }

  #assignment(): string {
    const value = this.#chance(0.15) ? '' : this.#chance(0.1) ? '~/x:~' : this.#word()
    return `${this.#pick(['W', 'A', 'B', 'C', 'PORT', 'EMPTY', 'D'])}=${value}`
  }

  #simple(assigned = true): string {
    const mark = `k${++this.#marks}`
    const name = this.#chance(0.08) ? 'broken' : this.#pick(['gunicorn', 'gunicorn', 'migrate', 'celery', 'quiet'])
    const words = Array.from({ length: this.#integer(0, 4) }, () => this.#word())
    const redirects = ['> /dev/null', '2>&1', '>/dev/null 2>&1', '< /dev/null', '2>> /dev/null']
    if (this.#chance(0.15)) words.splice(this.#integer(0, words.length), 0, this.#pick(redirects))
    const prefix = assigned && this.#chance(0.2) ? `${this.#assignment()} ` : ''
    const more = prefix !== '' && this.#chance(0.3) ? `${this.#assignment()} ` : ''
    const written = this.#chance(0.05) ? `"${name}"` : name
    return `${prefix}${more}${written} ${mark}${words.map((word) => this.#blank() + word).join('')}`
  }

  #blank(): string {
    return this.#pick([' ', ' ', ' ', ' ', ' ', ' ', '  ', '\t', ' \\\n  '])
  }

  #literal(): string {
    return this.#pick([
      'app:app',
      '-w',
      '4',
      '--bind=x',
      'a,b',
      'wsgi',
      '-',
      '--',
      'k=v',
      '0.0.0.0:80',
      '%',
      '@',
      '+',
      'x#y',
      'é',
      '1',
      'a^b',
      '!',
      'b]',
    ])
  }

  #word(): string {
    return Array.from({ length: this.#pick([1, 1, 1, 2, 2, 3]) }, () => this.#segment()).join('')
  }

  #segment(): string {
    return this.#weighted([
      [6, () => this.#literal()],
      [3, () => this.#pick(["'a b'", "''", "'$W'", `'"'`, "'*'", "'\\'", "'a\nb'", "'#x'"])],
      [4, () => `"${this.#quoted()}${this.#quoted()}"`],
      [1, () => this.#pick(['\\ ', '\\$', '\\\\', "\\'", '\\"', '\\*', '\\a', '\\\n', '\\~', '\\`', '\\#', '\\|'])],
      [4, () => this.#variable()],
      [2, () => this.#expansion(false)],
      [this.#calm ? 0 : 1.5, () => this.#arithmetic()],
      [0.5, () => this.#pick(['*.x', '?', '[ab].x', '[x', 'a*', '[!a].x', '*', '[$W]'])],
      [0.5, () => this.#pick(['[::]:$PORT', '[::1]:80', '[::]:8000'])],
      [0.5, () => this.#pick(['~', '~/x', '~nobody', 'a~', 'x=~', ':~/y'])],
      [0.4, () => this.#pick(['{a,b}', '{1..3}', '{a}', '{}', 'x{,y}', '{', '}', '{a b}'])],
      [0.3, () => this.#pick(["$'a\\nb'", '$"q"', '$', '$%'])],
      [0.6, () =>
        this.#pick([
          '$@',
          '"$@"',
          '$*',
          '"$*"',
          '$1',
          '"$2"',
          '${1}',
          '$#',
          '"x$@y"',
          '"$@$@"',
          '${10}',
          '$10',
          '"$1$2"',
          '$0',
        ])],
      [0.4, () =>
        this.#pick([
          '$(quiet s1)',
          '"$(celery s2 $W)"',
          '`quiet s3`',
          '$(printf "a b")',
          '"`printf x`"',
          '$( (quiet s4) )',
        ])],
    ])
  }

  #quoted(): string {
    return this.#weighted([
      [3, () => this.#pick(['a b', '', 'x', '*', '~', "it's", '{a,b}', '#', '  '])],
      [3, () => this.#variable()],
      [1, () => this.#expansion(true)],
      [1, () => this.#pick(['\\"', '\\$W', '\\\\', '\\a', '\\`', '\\\n', '\\*'])],
      [this.#calm ? 0 : 0.7, () => this.#arithmetic()],
    ])
  }

  #variable(): string {
    const name = this.#pick(names)
    return this.#chance(0.4) ? `\${${name}}` : `$${name}`
  }

  #expansion(quoted: boolean): string {
    const name = this.#pick([...names, '1', '2'])
    const operand = this.#pick([
      '4',
      'a b',
      '$W',
      '${B}',
      '',
      '"q r"',
      "'s'",
      '*',
      this.#calm ? '5' : '$((1+1))',
      'é',
      '~',
      '${W:-n}',
      '$(quiet s5)',
      '"$SPACED"',
      '\\$',
    ])
    const pattern = ['.*', '*/', '0', '00', '?', '*', '*.', 'o*', '$W', 'on?', '[0-9]', '"0"', '', '*o']
    if (quoted && this.#chance(0.7) && /["'\\]/.test(operand)) return `\${${name}:-d}`
    return this.#weighted([
      [4, () => `\${${name}${this.#pick([':-', '-', ':-'])}${operand}}`],
      [2, () => `\${${name}${this.#pick([':+', '+'])}${operand}}`],
      [1, () => (/^\d/.test(name) ? `\${#${name}}` : `\${${name}${this.#pick([':=', '='])}${operand}}`)],
      [1, () => `\${#${name}}`],
      [3, () => `\${${name}${this.#pick(['%', '%%', '#', '##'])}${this.#pick(pattern)}}`],
      [this.#calm ? 0 : 0.4, () => `\${${name}:?gone}`],
    ])
  }

  #arithmetic(): string {
    const operand = (): string => this.#pick(['1', '2', '7', 'PORT', '$PORT', '${PORT}', 'W', '(1+2)', '0x1f', '010', 'D', '-3'])
    return `$((${
      this.#pick([
        `${operand()}${this.#pick([' + ', '*', '-', ' / ', '%', '<<', '&', '|', '^', '==', '<', '&&'])}${operand()}`,
        operand(),
        `${operand()} > 3 ? 1 : ${operand()}`,
        `!${operand()}`,
        `- ${operand()}`,
        `~${operand()}`,
      ])
    }))`
  }

  #chance(probability: number): boolean {
    return this.#random.chance(probability)
  }

  #integer(from: number, to: number): number {
    return from + this.#random.below(to - from + 1)
  }

  #pick<Item>(items: readonly Item[]): Item {
    return this.#random.pick(items)
  }

  #weighted(choices: readonly (readonly [number, () => string])[]): string {
    let left = this.#random.next() * choices.reduce((sum, [weight]) => sum + weight, 0)
    for (const [weight, make] of choices) {
      left -= weight
      if (left < 0) return make()
    }
    return choices[0]?.[1]() ?? ''
  }
}
