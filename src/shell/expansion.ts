/**
 * Words of a script → words of a command: quotes, expansions, field splitting and patterns, as far as they are known.
 */
import { spend } from '../budget.ts'
import { evaluate } from './arithmetic.ts'
import { remove, replace, type Piece } from './pattern.ts'
import { isNumber, type Scope } from './scope.ts'
import { partsOf, restore, type Syntax } from './syntax.ts'
import { literal, type Word } from './word.ts'
import { assignedIn } from './writes.ts'

/** A value that is known, or the known characters before its first unknown part. */
export interface Value {
  readonly value: string | null
  readonly prefix: string
}

/** What expansion needs to know of the script around it. */
export interface Context {
  readonly source: string
  readonly dialect: 'sh' | 'bash'
  /** The scope that holds where the word stands. */
  readonly scope: Scope
  /** Reads a command substitution, whose commands run while the word is expanded (or may run, where `sure` is false). */
  substitution(script: Syntax.ParsedScript | undefined, sure: boolean): void
  /** Notes an expansion that makes the shell stop: `${X:?}`, `set -u`, arithmetic with what is no number. */
  stop(): void
  /** Notes arithmetic with an unknown value, which may be no number: bash then goes on with the next line. */
  mayAbandon(): void
  /** Notes what is bash's own: another shell refuses the script here, or reads it in another way. */
  foreign(position: number): void
  /** Notes what no shell reads, or what not every one takes apart as it is here, so that nothing can be said from here on. */
  error(message: string, position: number): void
}

/** How deep expansions within expansions are followed. */
const deepest = 32

/** Characters that mean nothing but themselves anywhere in an unquoted word. */
const plainCharacters = new Uint8Array(128)
for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:=@%+,^}]!#') {
  plainCharacters[character.charCodeAt(0)] = 1
}

function isPlain(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 128 ? plainCharacters[code] === 0 : code >= 0xe000) return false
  }
  return text.length > 0
}

/**
 * Stands in the text for a piece of it that cannot be seen: an unknown variable that the kubelet puts in before the shell
 * reads the script.
 */
const hole = /[\uE000-\uF8FF]/

/**
 * An address in brackets, as in `[::]:8000`: a pattern to the shell, which could only match a file called, say, `::8000`.
 * No image has one, and a pattern that matches nothing stays as it is.
 */
const address = /^\[[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*\]$/

/** True for what parts words where IFS is as every shell starts with it. */
const isBlank = (code: number): boolean => code === 0x20 || code === 0x09 || code === 0x0a

/** What one word becomes. */
class Fields {
  readonly #word: Syntax.Word
  readonly #source: string
  readonly #whole: boolean
  readonly words: Word[]
  #value = ''
  /** Of the word, in the source: the same for each that it becomes. */
  #text: string | undefined
  #prefix: string | undefined
  #splits = false
  /** True where there is a word even if it is empty. */
  started = false

  /** `whole`: nothing splits here, as in an assignment. */
  constructor(word: Syntax.Word, source: string, whole: boolean, words: Word[]) {
    this.#word = word
    this.#source = source
    this.#whole = whole
    this.words = words
  }

  /** Text as it is: quoted, or literal. */
  add(text: string): void {
    this.#value += text
    if (text !== '') this.started = true
  }

  unknown(splits: boolean): void {
    this.#prefix ??= this.#value
    if (splits && !this.#whole) this.#splits = true
    this.started = true
  }

  /** The unquoted value of an expansion: blanks in it part words. */
  split(text: string): void {
    if (this.#whole) return this.add(text)
    let from = 0
    // No pattern: a long list of words would make a match of each blank.
    for (let at = 0; at < text.length; at++) {
      if (!isBlank(text.charCodeAt(at))) continue
      if (at > from) this.add(text.slice(from, at))
      this.break()
      from = at + 1
    }
    this.add(text.slice(from))
  }

  break(): void {
    if (!this.started) return
    const { pos: start } = this.#word
    // What the parser makes of a word without an end may end behind the text.
    const end = Math.min(this.#word.end, this.#source.length)
    this.#text ??= this.#source.slice(start, end)
    this.words.push({
      value: this.#prefix === undefined ? this.#value : null,
      prefix: this.#prefix ?? this.#value,
      splits: this.#splits,
      text: this.#text,
      start,
      end,
    })
    this.#value = ''
    this.#prefix = undefined
    this.#splits = false
    this.started = false
  }

  get result(): Value {
    return { value: this.#prefix === undefined ? this.#value : null, prefix: this.#prefix ?? this.#value }
  }
}

/** Expands a word of a command into `words`: none, one or several. */
export function expandWord(word: Syntax.Word, context: Context, words: Word[]): void {
  if (isPlain(word.text)) {
    words.push({ value: word.text, prefix: word.text, splits: false, text: word.text, start: word.pos, end: word.end })
    return
  }
  const fields = new Fields(word, context.source, false, words)
  new Expansion(context, fields, false).word(word, true)
  fields.break()
}

/** Expands a word that stays one word: the value of an assignment, a word between `case` and `in`. */
export function expandWhole(word: Syntax.Word, context: Context): Value {
  if (isPlain(word.text)) return { value: word.text, prefix: word.text }
  const fields = new Fields(word, context.source, true, [])
  new Expansion(context, fields, true).word(word, true)
  return fields.result
}

/** Expands a pattern, as of `case`; null where it is not known, or would have effects. */
export function expandPattern(word: Syntax.Word, context: Context): readonly Piece[] | null {
  return new Expansion(context, new Fields(word, context.source, true, []), true).pattern(word)
}

/** The text of a here-document; its value is null where a part of it is unknown. */
export function expandHereDocument({ body, delimiter, operator }: Syntax.HereDoc, context: Context): Word {
  const { pos: start, end, text } = body
  const strips = operator === '<<-'
  const word = { splits: false, text, start, end }
  if (delimiter?.quoted === true) {
    const value = restore(strips ? text.replace(/^\t+/gm, '') : text)
    return hole.test(value) ? { ...word, value: null, prefix: '' } : { ...word, value, prefix: value }
  }
  // What it does is noted elsewhere. Shells differ over tabs behind a line that goes on, and over quotes within expansions.
  const isPlain = !/`|\$[([]|\$\{\w+:?=|\$\{(?:(?!\$\{)[^}])*["'\\]/.test(text) && !(strips && /\\\n\t/.test(text))
  if (!isPlain) return { ...word, value: null, prefix: '' }
  const fields = new Fields({ type: 'Word', text, pos: start, end, value: text }, context.source, true, [])
  const parts = partsOf(body) ??
    [{ type: 'Literal', pos: start, end, text,
      value: text.replace(/\\(\n|[\\$`])/g, (_, kept: string) => (kept === '\n' ? '' : kept)) } as const]
  const stripped = strips
    ? parts.map((
      part,
    ) => (part.type === 'Literal' ? { ...part, value: part.value.replace(part.pos === start ? /^\t+/gm : /(?<=\n)\t+/g, '') } : part))
    : parts
  new Expansion(context, fields, true).document(stripped)
  return { ...word, ...fields.result }
}

class Expansion {
  readonly #context: Context
  readonly #fields: Fields
  /** True in an assignment: a tilde counts after a colon too, and neither blanks nor patterns do. */
  readonly #assignment: boolean
  #looksAssigned = false
  #depth = 0
  /** True in a word with a lone `[`, which an expansion may close, or a lone `$`, which keeps bash from splitting the word. */
  #odd = false

  constructor(context: Context, fields: Fields, assignment: boolean) {
    this.#context = context
    this.#fields = fields
    this.#assignment = assignment
  }

  word(word: Syntax.Word, tilde: boolean): void {
    this.#looksAssigned = !this.#assignment && this.#context.dialect === 'bash' && /^[A-Za-z_]\w*\+?=/.test(word.text)
    const parts = partsOf(word)
    if (parts === undefined) this.#literal(word.text, word.value, tilde)
    else this.#parts(parts, tilde)
  }

  #parts(parts: readonly Syntax.WordPart[], tilde: boolean): void {
    if (!this.#assignment && parts.some((part) => part.type === 'BraceExpansion')) return this.#braces(parts)
    this.#odd = parts.some((part) => part.type === 'Literal' && /[[$]/.test(part.text))
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i]
      if (part !== undefined) this.#part(part, parts[i + 1], tilde && i === 0)
    }
  }

  #part(part: Syntax.WordPart, next: Syntax.WordPart | undefined, first: boolean): void {
    spend(1)
    const { dialect } = this.#context
    switch (part.type) {
      case 'Literal':
        return this.#literal(part.text, part.value, first, next !== undefined)
      case 'SingleQuoted':
        return this.#quoted(part.value)
      case 'DoubleQuoted':
        return this.#doubleQuoted(part.parts)
      case 'AnsiCQuoted':
        // dash takes `$'…'` for a dollar sign and a quoted text.
        if (dialect === 'sh' && part.text.includes("\\'")) {
          this.#context.error("a quote within $'…' is not read alike by every sh", part.pos)
        }
        if (dialect === 'sh' || /\\[^abeEfnrtv\\'"?]/.test(part.text)) this.#fields.unknown(false)
        else this.#quoted(part.value)
        return
      case 'LocaleString':
        // bash may put a translation here, and dash a dollar sign.
        this.#skip(part.parts, part.text)
        return this.#fields.unknown(part.text.includes('@'))
      case 'Glob':
        return this.#glob(part)
      case 'SimpleExpansion': {
        const name = restore(part.text.slice(1))
        if (name.includes('\\') || goesOn(next)) this.#fields.unknown(true)
        else this.#parameter(name, false)
        return
      }
      case 'ParameterExpansion':
        return this.#parameterExpansion(part, false)
      case 'CommandExpansion':
        this.#command(part)
        return this.#fields.unknown(true)
      case 'ArithmeticExpansion':
        return this.#arithmetic(part)
      case 'BraceExpansion':
        // Not in an assignment; other words with braces do not get here.
        return this.#literal(part.text, part.text, false)
      case 'ExtendedGlob':
        // Neither `sh -c` nor `bash -c` has these switched on.
        this.#context.error("unexpected '('", part.pos + 1)
        return this.#fields.unknown(true)
      case 'ProcessSubstitution':
        if (dialect === 'sh') this.#context.foreign(part.pos)
        this.#context.substitution(part.script, true)
        return this.#fields.unknown(false)
    }
  }

  /** A word with braces: bash makes several of it before it looks at the rest, dash leaves it as it is. */
  #braces(parts: readonly Syntax.WordPart[]): void {
    const [first] = parts
    if (first?.type === 'Literal' && !first.text.includes('~')) this.#text(restore(first.value), false)
    this.#fields.unknown(true)
    for (const part of parts) this.#skip([part], part.text)
  }

  /** Notes what expanding these parts may do, where what they become is not worked out. */
  #skip(parts: readonly Syntax.WordPart[] | undefined, text: string): void {
    spend(1 + text.length / 50)
    if (/[$<>]\(|`/.test(text)) eachSubstitution(parts, 0, (script) => this.#context.substitution(script, false))
    for (const name of assignedIn(text)) this.#context.scope.forget(name)
  }

  #quoted(value: string): void {
    this.#text(restore(value), true)
    this.#fields.started = true
  }

  /** Text in which holes are unknown. */
  #text(text: string, quoted: boolean): void {
    const at = text.search(hole)
    if (at < 0) return this.#fields.add(text)
    // What follows a `$` may be the name of a variable.
    this.#fields.add(text.slice(0, at).replace(/\$$/, ''))
    this.#fields.unknown(!quoted)
  }

  /** Unquoted text; `value` is what backslashes leave of it. */
  #literal(text: string, value: string, first: boolean, more = false): void {
    if (startsLate(text)) return this.#fields.unknown(true)
    if (text.includes('~') && this.#tilde(text, value, first, more)) return
    this.#text(restore(value), false)
    // `\` before a line's end leaves nothing, not even an empty word.
    if (value === '' && text !== '' && !/^(\\\n)*$/.test(text)) this.#fields.started = true
  }

  /** Tildes that stand for a folder. False where there is none. */
  #tilde(text: string, value: string, first: boolean, more: boolean): boolean {
    const places = this.#assignment ? /(^|:)~/g : /^~/g
    // bash also reads a word that looks like an assignment as one.
    const inAssigned = this.#looksAssigned ? /[=:]~/.exec(text) : null
    if (inAssigned !== null) return this.#unknownFrom(text === value ? inAssigned.index + 1 : 0, value)
    const found = [...text.matchAll(places)].filter((match) => first || match.index > 0 || match[0] === ':~')
    if (found.length === 0) return false
    const home = this.#context.scope.value('HOME')
    const whole = /^~(\/[^~\\]*)?$/.exec(text)
    if (!first || whole === null || home == null || home === '' || text !== value || (more && text === '~')) {
      return this.#unknownFrom(text === value ? found[0]?.index ?? 0 : 0, value)
    }
    // What the tilde brings is not split, but its slash joins the next one in some shells.
    if (home.endsWith('/')) return this.#unknownFrom(0, value)
    this.#fields.add(home)
    this.#text(restore(whole[1] ?? ''), false)
    return true
  }

  #unknownFrom(index: number, value: string): true {
    this.#text(restore(value.slice(0, index)), false)
    this.#fields.unknown(false)
    return true
  }

  #glob(part: Syntax.GlobPart): void {
    if (this.#assignment || (this.#context.scope.noglob === true && part.text === part.value && part.kind !== 'bracket')) {
      if (part.kind === 'bracket' && !/^[\w:.,^!-]*$/.test(part.text.slice(1, -1))) return this.#fields.unknown(false)
      return this.#text(restore(part.value), false)
    }
    if (part.kind === 'bracket' && address.test(part.text)) return this.#fields.add(part.text)
    this.#fields.unknown(true)
  }

  #doubleQuoted(parts: readonly Syntax.DoubleQuotedChild[]): void {
    spend(parts.length)
    const fields = this.#fields
    const before = fields.words.length
    let empty = parts.length > 0
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i]
      if (part === undefined) continue
      switch (part.type) {
        case 'Literal':
          if (startsLate(part.text)) fields.unknown(false)
          else this.#text(restore(part.value), true)
          empty = false
          break
        case 'SimpleExpansion': {
          const name = restore(part.text.slice(1))
          if (name !== '@' || this.#context.scope.parameters?.length !== 1) empty = empty && name === '@'
          if (name.includes('\\') || goesOn(parts[i + 1])) fields.unknown(false)
          else this.#parameter(name, true)
          break
        }
        case 'ParameterExpansion':
          empty = empty && (part.parameter === '@' || isWholeArray(part))
          this.#parameterExpansion(part, true)
          break
        case 'CommandExpansion':
          empty = false
          this.#command(part)
          fields.unknown(false)
          break
        case 'ArithmeticExpansion':
          empty = false
          this.#arithmetic(part)
          break
      }
    }
    // Quotes make a word even of nothing, but for `"$@"` without parameters.
    if (!(empty && fields.words.length === before)) fields.started = true
    // Shells differ over `"$@$@"`.
    else if (parts.length > 1 && !fields.started) fields.unknown(true)
  }

  /** `${ command; }` is bash's from 5.3 on: other shells, and older ones, refuse it, and none reads it without its end. */
  #command({ text, pos, script }: Syntax.CommandExpansionPart): void {
    const { dialect } = this.#context
    if (text.startsWith('${') && (dialect === 'sh' || !text.endsWith('}')))
      this.#context.error("'${' must be followed by the name of a variable", pos)
    this.#context.substitution(script, true)
  }

  #arithmetic(part: Syntax.ArithmeticExpansionPart): void {
    const { scope, source, dialect } = this.#context
    const text = source.slice(part.pos, part.end)
    spend(text.length / 6)
    if (/[$`]\(|`/.test(text.slice(3))) this.#arithmeticSubstitutions(part.expression, 0)
    if (part.text.startsWith('$[')) {
      if (dialect === 'sh') this.#fields.unknown(true)
    }
    const assigned = /(?<![=!<>])=(?!=)|\+\+|--/.test(text)
    const value = assigned ? null : evaluate(part.expression, (name) => this.#plainValue(name))
    if (assigned) { for (const name of text.match(/[A-Za-z_]\w*/g) ?? []) scope.forget(name) }
    // A number neither splits nor vanishes while blanks are what parts words.
    if (value === undefined) this.#context.stop()
    // What is made of numbers is one.
    const isSure = !assigned && /^[\s\w$+*<>=!()-]+$/.test(text) &&
      (text.match(/[A-Za-z_]\w*/g) ?? []).every((name) => isNumber(scope.variable(name)))
    if (value === null && !isSure) this.#context.mayAbandon()
    if (value == null) this.#fields.unknown(!scope.plainIfs)
    else if (scope.plainIfs || this.#assignment) this.#fields.add(String(value))
    else this.#fields.unknown(true)
  }

  /** Reads the substitutions within an expression. */
  #arithmeticSubstitutions(expression: Syntax.ArithmeticExpression | undefined, depth: number): void {
    if (expression === undefined || depth > deepest) return
    switch (expression.type) {
      case 'ArithmeticCommandExpansion':
        return this.#context.substitution(expression.script, false)
      case 'ArithmeticWord':
        for (const part of expression.parts ?? []) {
          if (part.type === 'CommandExpansion') this.#context.substitution(part.script, false)
        }
        return
      case 'ArithmeticBinary':
        this.#arithmeticSubstitutions(expression.left, depth + 1)
        return this.#arithmeticSubstitutions(expression.right, depth + 1)
      case 'ArithmeticUnary':
        return this.#arithmeticSubstitutions(expression.operand, depth + 1)
      case 'ArithmeticGroup':
        return this.#arithmeticSubstitutions(expression.expression, depth + 1)
      case 'ArithmeticTernary':
        this.#arithmeticSubstitutions(expression.test, depth + 1)
        this.#arithmeticSubstitutions(expression.consequent, depth + 1)
        return this.#arithmeticSubstitutions(expression.alternate, depth + 1)
    }
  }

  /** The value of a variable or parameter that is one value: null where unknown, undefined where unset. */
  #plainValue(name: string): string | null | undefined {
    const { scope } = this.#context
    const { parameters } = scope
    if (/^[A-Za-z_]/.test(name)) return hole.test(name) || !/^\w+$/.test(name) ? null : scope.value(name)
    if (/^[0-9]+$/.test(name)) {
      const index = Number(name)
      if (parameters === null || index === 0) return index === 0 ? (parameters?.[0]?.value ?? null) : null
      if (firstSplit(parameters) <= index) return null
      return index < parameters.length ? (parameters[index]?.value ?? null) : undefined
    }
    if (name === '#') {
      return parameters === null || firstSplit(parameters) < Infinity ? null : String(Math.max(0, parameters.length - 1))
    }
    return null
  }

  /** `$NAME`. */
  #parameter(name: string, quoted: boolean): void {
    if (name === '@' || name === '*') return this.#all(name, quoted)
    const value = this.#plainValue(name)
    if (value === undefined) return this.#unset(quoted)
    if (value === null) return this.#unknown(name, quoted)
    this.#value(value, quoted)
  }

  #unset(quoted: boolean): void {
    if (this.#context.scope.nounset !== false) this.#context.stop()
    if (quoted) this.#fields.started = true
  }

  #unknown(name: string, quoted: boolean): void {
    // These are numbers, which neither split nor vanish.
    const number = (/^[?#$]$/.test(name) || (/^[A-Za-z_]/.test(name) && isNumber(this.#context.scope.variable(name)))) &&
      this.#context.scope.plainIfs
    const known = /^[1-9]/.test(name) ? this.#context.scope.parameters?.[Number(name)] : undefined
    if (known !== undefined && !known.splits && quoted) this.#fields.add(known.prefix)
    this.#fields.unknown(!quoted && !number)
  }

  /** A known value of an expansion. */
  #value(value: string, quoted: boolean): void {
    const fields = this.#fields
    const { scope } = this.#context
    spend(1 + value.length / 100)
    scope.budget.characters -= value.length
    if (scope.budget.characters < 0 || hole.test(value)) return fields.unknown(!quoted)
    if (quoted || this.#assignment) {
      fields.add(value)
      if (quoted) fields.started = true
      return
    }
    if (value === '') return
    if (!scope.plainIfs) return fields.unknown(true)
    if (scope.noglob !== true && /[*?[\\]/.test(value)) return fields.unknown(true)
    if (this.#odd && /[\s\]]/.test(value)) return fields.unknown(true)
    fields.split(value)
  }

  /** `$@` and `$*`. */
  #all(name: string, quoted: boolean): void {
    const { scope } = this.#context
    const fields = this.#fields
    const { parameters } = scope
    if (parameters === null) return fields.unknown(!quoted || name === '@')
    // Every word costs more than its characters.
    spend(parameters.length / 2)
    scope.budget.characters -= 8 * parameters.length
    if (scope.budget.characters < 0 || (this.#odd && !quoted)) return fields.unknown(true)
    const words = parameters.slice(1)
    if (this.#assignment || (quoted && name === '*')) {
      if (!scope.plainIfs || words.some((word) => word.value === null || word.splits)) return fields.unknown(false)
      return this.#value(words.map((word) => word.value).join(' '), true)
    }
    this.#list(words, quoted)
  }

  /** Words that stay apart. */
  #list(words: readonly Word[], quoted: boolean): void {
    const fields = this.#fields
    words.forEach((word, index) => {
      if (index > 0) fields.break()
      if (word.value === null || hole.test(word.value)) {
        if (quoted) fields.add(word.prefix)
        fields.unknown(!quoted || word.splits)
      } else {
        this.#value(word.value, quoted)
      }
    })
  }

  /** `${NAME}`, `${NAME:-WORD}`, … */
  #parameterExpansion(part: Syntax.ParameterExpansionPart, quoted: boolean): void {
    spend(1)
    const { parameter: name, operation, prefix, index } = part
    const fields = this.#fields
    if (isWholeArray(part)) {
      const { scope } = this.#context
      const { elements } = scope.variable(name)
      spend((elements?.length ?? 0) / 2)
      scope.budget.characters -= 8 * (elements?.length ?? 0)
      if (scope.budget.characters < 0) return fields.unknown(true)
      // With `set -u`, an empty one was an error up to bash 4.3.
      if (elements !== undefined) return this.#list(elements.map((element) => ({ ...literal(''), ...element })), quoted)
    }
    if (index !== undefined || prefix === '!' || !/^(\w+|[@*#?$!-])$/.test(name) || this.#depth >= deepest) {
      this.#skipOperands(part)
      return fields.unknown(!quoted || name === '@' || part.text.includes('@'))
    }
    if (prefix === '#') {
      const value = operation === undefined && !/^[@*#?$!-]$/.test(name) ? this.#plainValue(name) : null
      spend((value?.length ?? 0) / 200)
      // Some shells count bytes, some characters.
      if (value === null || (value !== undefined && !/^[\x00-\x7f]*$/.test(value))) {
        return fields.unknown(!quoted && !this.#context.scope.plainIfs)
      }
      if (value === undefined && this.#context.scope.nounset !== false) this.#context.stop()
      return this.#value(String(value?.length ?? 0), quoted)
    }
    if (operation === undefined) return this.#parameter(name, quoted)
    if (operation.type !== 'Default') this.#skipOperands(part)
    if (operation.type === 'Default' && name !== '@' && name !== '*') return this.#default(name, operation, quoted)
    if (operation.type === 'Remove' && name !== '@' && name !== '*') {
      const value = this.#plainValue(name)
      if (value === undefined) return this.#unset(quoted)
      spend((value?.length ?? 0) / 200)
      const pattern = value === null ? null : this.#pattern(operation.operand)
      const left = value === null || pattern === null
        ? null
        : remove(value, pattern, operation.operator.startsWith('#') ? 'start' : 'end', operation.operator.length === 2)
      return left === null ? fields.unknown(!quoted) : this.#value(left, quoted)
    }
    if (this.#context.dialect === 'bash' && name !== '@' && name !== '*') {
      const value = this.#plainValue(name)
      if (value === undefined) return this.#unset(quoted)
      spend((value?.length ?? 0) / 200)
      const result = value === null || !/^[\x01-\x7f]*$/.test(value) ? null : this.#changed(value, operation)
      if (result !== null) return this.#value(result, quoted)
    }
    fields.unknown(!quoted || name === '@')
  }

  /** What bash's own operations make of a value of ASCII characters; null where that is not worked out. */
  #changed(value: string, operation: Syntax.ParameterOperation): string | null {
    switch (operation.type) {
      case 'Slice': {
        const [offset, length] = [operation.offset, operation.length].map((
          word,
        ) => (word !== undefined && /^ ?-?\d{1,6}$/.test(word.text) ? Number(word.text) : undefined))
        if (offset === undefined || (operation.length !== undefined && length === undefined)) return null
        const start = offset < 0 ? value.length + offset : offset
        if (start < 0 || start > value.length) return ''
        const end = length === undefined ? value.length : length < 0 ? value.length + length : start + length
        return end < start ? null : value.slice(start, end)
      }
      case 'CaseModification': {
        if (operation.operand !== undefined && operation.operand.text !== '') return null
        const upper = operation.operator.startsWith('^')
        const change = (text: string): string => (upper ? text.toUpperCase() : text.toLowerCase())
        return operation.operator.length === 2 ? change(value) : change(value.slice(0, 1)) + value.slice(1)
      }
      case 'Replace': {
        const pattern = this.#pattern(operation.pattern)
        const { text } = operation.replacement
        if (pattern === null || !/^[\w.,:/@%+= -]*$/.test(text)) return null
        const where = ({ '/': 'first', '//': 'all', '/#': 'start', '/%': 'end' } as const)[operation.operator]
        return replace(value, pattern, text, where)
      }
      default:
        return null
    }
  }

  /** `:-`, `:=`, `:+`, `:?`, and the same without the colon, which takes an empty value for a value. */
  #default(name: string, { operator, operand }: Syntax.ParameterDefaultOperation, quoted: boolean): void {
    const value = this.#plainValue(name)
    const kind = operator.at(-1)
    if (value === null) {
      if (kind === '=') this.#context.scope.forget(name)
      this.#skip(partsOf(operand), operand.text)
      return kind === '?' ? this.#unknown(name, quoted) : this.#fields.unknown(!quoted)
    }
    const given = operator.length === 2 ? value !== undefined && value !== '' : value !== undefined
    if (kind === '+') {
      if (given) this.#operand(operand, quoted)
      else if (quoted) this.#fields.started = true
      return
    }
    if (given && value !== undefined) return this.#value(value, quoted)
    if (kind === '?') {
      this.#skip(partsOf(operand), operand.text)
      return this.#context.stop()
    }
    if (kind === '=') {
      const { value: assigned } = this.#assigned(operand, quoted)
      this.#context.scope.assign(name, assigned)
      return assigned === null ? this.#fields.unknown(!quoted) : this.#value(assigned, quoted)
    }
    this.#operand(operand, quoted)
  }

  /** The word after `:-` or `:+`, expanded in place. */
  #operand(operand: Syntax.Word, quoted: boolean): void {
    const fields = this.#fields
    const { text } = operand
    if (text === '') {
      if (quoted) fields.started = true
      return
    }
    // Shells differ over quotes and backslashes within quotes; tildes and braces are not worth it.
    const parts = partsOf(operand) ?? [{ type: 'Literal', pos: operand.pos, end: operand.end, value: operand.value, text } as const]
    const braces = parts.some((part) => (part.type === 'Literal' && /[{}]/.test(part.text)) || part.type === 'BraceExpansion')
    if ((quoted && /['"]/.test(text)) || text.startsWith('~') || text.includes('\\') || braces) {
      this.#skip(partsOf(operand), text)
      return fields.unknown(!quoted)
    }
    this.#depth++
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i]
      if (part === undefined) continue
      if (part.type === 'Literal' || part.type === 'Glob') this.#value(restore(part.text), quoted)
      else if (!quoted) this.#part(part, parts[i + 1], false)
      else if (part.type === 'SimpleExpansion' && !goesOn(parts[i + 1])) this.#parameter(restore(part.text.slice(1)), true)
      else if (part.type === 'ParameterExpansion') this.#parameterExpansion(part, true)
      else if (part.type === 'ArithmeticExpansion') this.#arithmetic(part)
      else {
        if (part.type === 'CommandExpansion') this.#context.substitution(part.script, true)
        fields.unknown(false)
      }
    }
    this.#depth--
  }

  /** The word after `:=`, which is assigned as it is expanded. */
  #assigned(operand: Syntax.Word, quoted: boolean): Value {
    const fields = new Fields(operand, this.#context.source, true, [])
    const expansion = new Expansion(this.#context, fields, true)
    expansion.#depth = this.#depth + 1
    expansion.#operand(operand, quoted)
    return fields.result
  }

  /** The parts of a here-document, which are expanded as within double quotes. */
  document(parts: readonly Syntax.WordPart[]): void {
    if (parts.every((part) => /^(Literal|SimpleExpansion|ParameterExpansion)$/.test(part.type)))
      this.#doubleQuoted(parts as readonly Syntax.DoubleQuotedChild[])
    else this.#fields.unknown(false)
  }

  /** The pattern of a word of its own, which may be quoted. */
  pattern(word: Syntax.Word): readonly Piece[] | null {
    const pieces: Piece[] = []
    if (/^~|[{}\r]/.test(word.text.replace(/\$\{\w+\}/g, ''))) return null
    for (const part of partsOf(word) ?? [{ type: 'Literal', text: word.text, value: word.value } as const]) {
      switch (part.type) {
        case 'Literal':
          // What a backslash leaves means itself, as it would without one.
          if (part.text !== part.value && /\\[^\w\s.:,/*?[\]()|"'-]/.test(part.text)) return null
          if (!this.#characters(part.value, pieces)) return null
          break
        case 'SingleQuoted':
          if (!this.#characters(part.value, pieces)) return null
          break
        case 'DoubleQuoted':
          for (const inner of part.parts) {
            const value = inner.type === 'Literal' ? inner.value
              : inner.type === 'SimpleExpansion' ? this.#plainValue(inner.text.slice(1)) : null
            if (value == null || !this.#characters(value, pieces)) return null
          }
          break
        case 'Glob': {
          const piece = globPiece(part)
          if (piece === null) return null
          pieces.push(piece)
          break
        }
        case 'SimpleExpansion': {
          const value = this.#plainValue(part.text.slice(1))
          if (value == null || /[*?[\]\\]/.test(value) || !this.#characters(value, pieces)) return null
          break
        }
        default:
          return null
      }
    }
    return pieces
  }

  /** Adds characters that mean themselves; false where not every shell counts them alike. */
  #characters(text: string, pieces: Piece[]): boolean {
    spend(text.length / 20)
    if (!/^[\x01-\x7f]*$/.test(text)) return false
    for (const character of text) pieces.push({ character })
    return true
  }

  /** A pattern within an expansion; null where it holds what is not read here. */
  #pattern(operand: Syntax.Word): readonly Piece[] | null {
    const pieces: Piece[] = []
    if (/["'\\~{}]/.test(operand.text.replace(/\$\{\w+\}/g, ''))) return null
    for (const part of partsOf(operand) ?? [{ type: 'Literal', text: operand.text } as const]) {
      if (part.type === 'Literal') {
        if (/[*?[\]\\]/.test(part.text) || !this.#characters(part.text, pieces)) return null
      } else if (part.type === 'Glob') {
        const piece = globPiece(part)
        if (piece === null) return null
        pieces.push(piece)
      } else if (part.type === 'SimpleExpansion') {
        const value = this.#plainValue(part.text.slice(1))
        if (value == null || /[*?[\]\\]/.test(value) || !this.#characters(value, pieces)) return null
      } else return null
    }
    return pieces
  }

  /** Notes what expanding the operands may do: whether they are expanded depends on the parameter. */
  #skipOperands({ operation, text }: Syntax.ParameterExpansionPart): void {
    if (operation === undefined) return
    const operands = 'operand' in operation ? [operation.operand]
      : operation.type === 'Replace' ? [operation.pattern, operation.replacement]
      : operation.type === 'Slice' ? [operation.offset, operation.length] : []
    for (const operand of operands) if (operand !== undefined) this.#skip(partsOf(operand), text)
  }
}

/** `*`, `?`, or a set of characters that every shell reads alike: `[a-z]` depends on the language, and `[^a]` on the shell. */
function globPiece(part: Syntax.GlobPart): Piece | null {
  if (part.kind !== 'bracket') return { any: part.kind === 'star' ? 'many' : 'one' }
  const match = /^\[(!?)([A-Za-z0-9_.,:/@%+=][A-Za-z0-9_.,:/@%+= -]*)\]$/.exec(part.text)
  if (match === null) return null
  const inside = (match[2] ?? '').replace(/(\d)-(\d)/g, (_, from: string, to: string) => '0123456789'.slice(Number(from), Number(to) + 1))
  return /.-./.test(inside) ? null : { set: new Set(inside), negated: match[1] === '!' }
}

/** `${NAME[@]}`. */
function isWholeArray({ parameter, operation, prefix, index }: Syntax.ParameterExpansionPart): boolean {
  return index?.text === '@' && operation === undefined && prefix === undefined && /^[A-Za-z_]\w*$/.test(parameter)
}

const firstSplits = new WeakMap<readonly Word[], number>()

/** The index of the first parameter that may be none or several, which is not known which number those behind it have; Infinity where none may. */
function firstSplit(parameters: readonly Word[]): number {
  const known = firstSplits.get(parameters)
  if (known !== undefined) return known
  spend(parameters.length / 50)
  const at = parameters.findIndex((word) => word.splits)
  const index = at < 0 ? Infinity : at
  firstSplits.set(parameters, index)
  return index
}

/** Whether the name of a variable may go on in the next part: with what cannot be seen, or on the next line. */
function goesOn(part: Syntax.WordPart | undefined): boolean {
  return part?.type === 'Literal' && /^(\\\n)*[\uE000-\uF8FF]|^(\\\n)+\w/.test(part.text)
}

/** Whether an expansion begins with its `$` on one line and its name on the next, which the parser takes for text. */
function startsLate(text: string): boolean {
  return text.includes('$\\\n')
}

/** Calls back for every command substitution in a word, those within its expansions included. */
function eachSubstitution(
  parts: readonly Syntax.WordPart[] | undefined,
  depth: number,
  each: (script: Syntax.ParsedScript | undefined) => void,
): void {
  if (parts === undefined || depth > deepest) return
  for (const part of parts) {
    if (part.type === 'CommandExpansion' || part.type === 'ProcessSubstitution') each(part.script)
    else if (part.type === 'DoubleQuoted' || part.type === 'LocaleString') eachSubstitution(part.parts, depth + 1, each)
    else if (part.type === 'ParameterExpansion' && part.operation !== undefined && 'operand' in part.operation) {
      if (part.operation.operand !== undefined) eachSubstitution(partsOf(part.operation.operand), depth + 1, each)
    }
  }
}
