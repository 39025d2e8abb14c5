/**
 * The one door to the shell parser package.
 *
 * The package parses bash, and keeps positions as UTF-16 offsets. It takes a carriage return for a blank, where every
 * shell keeps it in the word; so it gets to see another character in its place, and `restore` puts it back.
 */
import { forEachChild as eachChild, parse as parseBash } from 'unbash'
import type * as Syntax from 'unbash'
import { descend, spend } from '../budget.ts'

export type { Syntax }

/** What the parser sees for a carriage return: a code point that no text may hold (Unicode: a noncharacter). */
const carriageReturn = '\uFDD0'

export function parse(text: string): Syntax.ParsedScript {
  spend(weight(text))
  return parseBash(text.includes('\r') ? text.replaceAll('\r', carriageReturn) : text)
}

/** What stands in the script for what the parser gave. */
export function restore(value: string): string {
  return value.includes(carriageReturn) ? value.replaceAll(carriageReturn, '\r') : value
}

/** What the parser says where it gives up what shells do not: its own nesting has an end, far behind that of the budget. */
export const isTooDeep = (message: string): boolean => /^maximum .* nesting depth exceeded$/.test(message)

/** The parts of a word. They are made when they are first asked for, by reading the text once more, with all that is nested in it. */
export function partsOf<Word extends { readonly text: string; readonly parts?: unknown }>(word: Word): Word['parts'] {
  const { text } = word
  // Each expansion within another one is looked through for its end once more.
  spend(text.length / charactersAStep + text.length * Math.min(256, openedIn(text)) / 200)
  return word.parts
}

/** How many expansions are open at most at one place of a text, quotes or no quotes. */
function openedIn(text: string): number {
  let most = 0
  let open = 0
  let close = text.indexOf('}')
  for (let next = text.indexOf('${'); next >= 0;) {
    if (close >= 0 && close < next) {
      open = Math.max(0, open - 1)
      close = text.indexOf('}', close + 1)
    } else {
      open++
      most = Math.max(most, open)
      next = text.indexOf('${', next + 2)
    }
  }
  return most
}

/** Calls back for every node right below a node, whose parts may have to be made. */
export function forEachChild(node: Syntax.SyntaxNode, each: (child: Syntax.SyntaxNode) => void, depth = 0): void {
  descend(depth)
  spend(1 + ('text' in node ? node.text.length / charactersAStep : 0))
  eachChild(node, each)
}

/** How many characters of a word are taken apart in a step. */
const charactersAStep = 6

/** The steps that parsing takes, measured: most of them go into where one token ends and another begins. */
function weight(text: string): number {
  let tokens = 0
  let documents = 0
  let previous = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < 128 && isWordCharacter[code] === 0) {
      if (code !== previous || code !== space) tokens++
      if (code === lessThan && previous === lessThan) documents++
    }
    previous = code
  }
  // Each here-document that waits for its line is looked for behind all others.
  return text.length / 50 + tokens / 2 + documents * documents / 400
}

const space = 0x20
const lessThan = 0x3c
const isWordCharacter = new Uint8Array(128)
for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:=,+%@^')
  isWordCharacter[character.charCodeAt(0)] = 1
