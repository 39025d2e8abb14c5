/**
 * A Python source → its tokens, by the lexical analysis of the language reference, as far as all Pythons from 2.7 on agree.
 */
import { spend } from '../budget.ts'

export interface Token {
  /** `end` stands behind the last one. */
  readonly kind: 'name' | 'number' | 'string' | 'op' | 'newline' | 'indent' | 'dedent' | 'end'
  readonly text: string
  /** From 1. */
  readonly line: number
}

/** What keeps a source from being read. */
export interface SourceProblem {
  readonly message: string
  /** From 1. */
  readonly line: number
  /** True where no Python runs it; else it is only that it cannot be told here what a Python makes of it. */
  readonly refused: boolean
}

const opening: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' }

const operator = /\*\*=|\/\/=|>>=|<<=|\.\.\.|->|:=|\+=|-=|\*=|\/=|%=|@=|&=|\|=|\^=|==|!=|<=|>=|\*\*|\/\/|>>|<<|[-+*/%@&|^~<>=()[\]{},:.;]/y
const blank = /[ \t\f]*/y
const string = /([uU]|[uU]?[rR]|[bB][rR]?|[rR][bBfFtT]|[fFtT][rR]?|)("""|'''|"|')/y
const number = /(?:0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?)[jJlL]?/y
const name = /[\p{ID_Start}_][\p{ID_Continue}]*/uy

/** The tokens of a source, or why they cannot be told. */
export function tokenize(text: string): readonly Token[] | SourceProblem {
  return new Tokenizer(text).run()
}

class Tokenizer {
  readonly #text: string
  readonly #tokens: Token[] = []
  readonly #indents: string[] = ['']
  readonly #brackets: { readonly close: string; readonly line: number }[] = []
  #at: number
  #line = 1

  constructor(text: string) {
    this.#text = text
    this.#at = text.startsWith('\ufeff') ? 1 : 0
  }

  run(): readonly Token[] | SourceProblem {
    if (this.#text.includes('\0')) return this.#problem('a null character', false)
    const coding = /^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)/m.exec(this.#text.split(/\r\n|\r|\n/, 2).join('\n'))
    if (coding && !/^(utf-?8|ascii|us-ascii|latin-?1|iso-8859-1)$/i.test(coding[1] ?? '')) return this.#problem('another encoding', false)
    if (coding && !/^utf-?8$/i.test(coding[1] ?? '') && /[^\0-\x7f]/.test(this.#text)) return this.#problem('another encoding', false)
    while (this.#at < this.#text.length) {
      const problem = this.#logicalLine()
      if (problem) return problem
    }
    for (let open = this.#indents.length; open > 1; open--) this.#add('dedent', '')
    this.#add('end', '')
    return this.#tokens
  }

  #problem(message: string, refused: boolean, line = this.#line): SourceProblem {
    return { message, line, refused }
  }

  #add(kind: Token['kind'], text: string): void {
    // What comes after, to the values of names, takes as long again as the tokens are many.
    spend(2)
    this.#tokens.push({ kind, text, line: this.#line })
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at
    return pattern.exec(this.#text)
  }

  /** Passes a line's end, where one stands. */
  #lineBreak(): boolean {
    const char = this.#text[this.#at]
    if (char !== '\n' && char !== '\r') return false
    this.#at += char === '\r' && this.#text[this.#at + 1] === '\n' ? 2 : 1
    this.#line += 1
    return true
  }

  #comment(): void {
    if (this.#text[this.#at] !== '#') return
    while (this.#at < this.#text.length && !/[\r\n]/.test(this.#text.charAt(this.#at))) this.#at += 1
  }

  #logicalLine(): SourceProblem | undefined {
    const [space = ''] = this.#match(blank) ?? []
    this.#at += space.length
    this.#comment()
    if (this.#at >= this.#text.length || this.#lineBreak()) return undefined
    return this.#indentation(space.slice(space.lastIndexOf('\f') + 1)) ?? this.#tokensOfLine()
  }

  #indentation(space: string): SourceProblem | undefined {
    // How wide a tab is, Pythons do not agree on.
    if (space.includes('\t') && (space.includes(' ') || this.#indents.some((indent) => indent.includes(' '))))
      return this.#problem('tabs and spaces', false)
    if (space.includes(' ') && this.#indents.some((indent) => indent.includes('\t'))) return this.#problem('tabs and spaces', false)
    if (space.length > (this.#indents.at(-1)?.length ?? 0)) {
      this.#indents.push(space)
      this.#add('indent', '')
      return undefined
    }
    while (space.length < (this.#indents.at(-1)?.length ?? 0)) {
      this.#indents.pop()
      this.#add('dedent', '')
    }
    return space.length === this.#indents.at(-1)?.length ? undefined : this.#problem('the indentation fits no outer level', true)
  }

  #tokensOfLine(): SourceProblem | undefined {
    for (;;) {
      this.#at += this.#match(blank)?.[0].length ?? 0
      this.#comment()
      const char = this.#text[this.#at]
      if (char === undefined) {
        const open = this.#brackets.at(-1)
        if (open) return this.#problem('a bracket is not closed', true, open.line)
        this.#add('newline', '')
        return undefined
      }
      if (char === '\n' || char === '\r') {
        if (this.#brackets.length === 0) this.#add('newline', '')
        this.#lineBreak()
        if (this.#brackets.length === 0) return undefined
        continue
      }
      const problem = this.#token(char)
      if (problem) return problem
    }
  }

  #token(char: string): SourceProblem | undefined {
    if (char === '\\') {
      this.#at += 1
      if (this.#at >= this.#text.length) return this.#problem('nothing follows a backslash', false)
      return this.#lineBreak() ? undefined : this.#problem('something follows a backslash', true)
    }
    const quote = this.#match(string)
    if (quote) return this.#string(quote)
    const digits = /[\d.]/.test(char) ? this.#match(number) : null
    if (digits && /\d/.test(digits[0])) return this.#take('number', digits[0])
    const word = this.#match(name)
    if (word) {
      // Names are compared as NFKC has them.
      this.#add('name', word[0].normalize('NFKC'))
      this.#at += word[0].length
      return undefined
    }
    const sign = this.#match(operator)
    if (!sign) return this.#problem(`${JSON.stringify(char)} is no Python`, /[$?\u2018\u2019\u201c\u201d]/.test(char))
    const [text] = sign
    const close = opening[text]
    if (close !== undefined) this.#brackets.push({ close, line: this.#line })
    else if (/^[)\]}]$/.test(text) && this.#brackets.pop()?.close !== text) return this.#problem(`"${text}" closes nothing`, true)
    return this.#take('op', text)
  }

  #take(kind: Token['kind'], text: string): undefined {
    this.#add(kind, text)
    this.#at += text.length
    return undefined
  }

  #string([head = '', prefix = '', quote = '']: RegExpExecArray): SourceProblem | undefined {
    const from = this.#at
    const line = this.#line
    this.#at += head.length
    for (;;) {
      const char = this.#text[this.#at]
      if (char === undefined) return this.#problem('a string is not closed', true, line)
      if (this.#text.startsWith(quote, this.#at)) break
      if (char === '\\') {
        this.#at += 1
        if (!this.#lineBreak()) this.#at += 1
      } else if (char === '\n' || char === '\r') {
        if (quote.length === 1) return this.#problem('a string is not closed', true, line)
        this.#lineBreak()
      } else this.#at += 1
    }
    this.#at += quote.length
    const text = this.#text.slice(from, this.#at)
    // Within the braces of such a string, newer Pythons take quotes for others than older ones do.
    if (/[ft]/i.test(prefix) && !isBalanced(text)) return this.#problem('a quotation within a formatted string', false, line)
    this.#tokens.push({ kind: 'string', text, line })
    return undefined
  }
}

function isBalanced(text: string): boolean {
  let depth = 0
  for (const char of text) {
    if (char === '{') depth += 1
    if (char === '}') depth -= 1
  }
  return depth === 0
}
