/** What is fuzzed: inputs that a seed makes, and the laws that each of them is held to. */
import type { Random } from '../conformance/random.ts'

/** An input is plain data, so that it can be printed, made smaller, and given again. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
export type Fields = Readonly<Record<string, Json>>

/**
 * Tells of a broken law. `kind` groups what is the same fault in many inputs: a rule, a place in the source.
 */
export type Broken = (law: string, kind: string, detail: string) => void

export interface Target {
  readonly name: string
  /** The laws that `run` looks at. That nothing is thrown, that no input takes more than ten seconds or all memory, is looked at everywhere. */
  readonly laws: readonly string[]
  /** How many inputs it gets beside the others. */
  readonly share: number
  readonly generate: (random: Random) => Json
  readonly run: (input: Json, broken: Broken) => void | Promise<void>
}

/** Laws of every target. */
export const everywhere = ['throws', 'ends', 'memory'] as const

/** The random numbers of one input: by run, target and number, so that each can be made again alone. */
export function seedOf(seed: number, target: string, index: number): number {
  let hash = 0x811c9dc5
  for (const char of `${seed} ${target} ${index}`) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193)
  return hash >>> 0
}

/** The value where it is an object that holds fields; an empty one otherwise. */
export const fieldsOf = (
  value: Json | undefined,
): Fields => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {})

export const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '')

export const listOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? (value as readonly Json[]) : [])
