/**
 * The one door to the shell parser package.
 *
 * The package parses bash, and keeps positions as UTF-16 offsets. It takes a carriage return for a blank, where every
 * shell keeps it in the word; so it gets to see another character in its place, and `restore` puts it back.
 */
import { forEachChild, parse as parseBash } from 'unbash'
import type * as Syntax from 'unbash'
import { spend } from '../budget.ts'

export { forEachChild }
export type { Syntax }

/** What the parser sees for a carriage return: a code point that no text may hold (Unicode: a noncharacter). */
const carriageReturn = '\uFDD0'

export function parse(text: string): Syntax.ParsedScript {
  spend(text.length / 10)
  return parseBash(text.includes('\r') ? text.replaceAll('\r', carriageReturn) : text)
}

/** What stands in the script for what the parser gave. */
export function restore(value: string): string {
  return value.includes(carriageReturn) ? value.replaceAll(carriageReturn, '\r') : value
}
