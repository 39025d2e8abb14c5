/**
 * Where in a command line gunicorn is started: by its own name, as a Python module, behind wrappers.
 */
import type { Word } from '../shell/word.ts'
import { type Wrapper, wrappers } from './wrappers.ts'

/** What a command line starts. */
export type Started =
  /** gunicorn: its own words are those from `index + 1` on. `assigned` are variables that wrappers set for it. */
  | { readonly kind: 'gunicorn'; readonly index: number; readonly assigned: readonly (readonly [string, string | null])[] }
  /** Another program: its name stands at `index`. A shell may be among them. */
  | { readonly kind: 'program'; readonly index: number; readonly assigned: readonly (readonly [string, string | null])[] }
  /** It cannot be worked out. */
  | { readonly kind: 'unknown' }

export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

const isPython = (name: string): boolean => /^(python|pypy)(\d+(\.\d+)*)?$/.test(name)

/** Looks through wrappers for the program that a command line starts in the end. */
export function startedBy(words: readonly Word[], from = 0): Started {
  const assigned: [string, string | null][] = []
  let at = from
  for (;;) {
    const name = words[at]?.value
    if (name === undefined) return { kind: 'unknown' }
    // `$VENV/bin/gunicorn`: the folder does not matter.
    const base = baseName(name ?? words[at]?.text.replace(/["']+$/, '') ?? '')
    if (base === 'gunicorn') return { kind: 'gunicorn', index: at, assigned }
    if (name === null) return { kind: 'unknown' }
    if (isPython(base)) {
      const module = pythonModule(words, at + 1)
      return module === undefined ? { kind: 'program', index: at, assigned } : { kind: 'gunicorn', index: module, assigned }
    }
    const wrapper = Object.hasOwn(wrappers, base) ? wrappers[base] : undefined
    const next = wrapper ? behind(wrapper, words, at + 1, assigned) : undefined
    if (next === undefined) return { kind: 'program', index: at, assigned }
    at = next
  }
}

/** The index of the module's name in `python [OPTIONS] -m gunicorn`; undefined where Python runs something else. */
function pythonModule(words: readonly Word[], from: number): number | undefined {
  for (let at = from; at < words.length; at++) {
    const text = words[at]?.value
    if (typeof text !== 'string' || !text.startsWith('-')) return undefined
    if (text === '-X' || text === '-W' || text === '--check-hash-based-pycs') at += 1
    else if (text === '-m' || /^-[bBdEiIOqsSuvxP]+m$/.test(text)) return isGunicornModule(words[at + 1]?.value) ? at + 1 : undefined
    else if (text.startsWith('-c')) return undefined
  }
  return undefined
}

const isGunicornModule = (name: string | null | undefined): boolean => name === 'gunicorn' || name === 'gunicorn.app.wsgiapp'

/** The index of the word that a wrapper starts; undefined where it starts none, or none that can be seen. */
function behind(wrapper: Wrapper, words: readonly Word[], from: number, assigned: [string, string | null][]): number | undefined {
  let at = from
  for (const subcommand of wrapper.subcommand ?? []) {
    at = skipOptions(wrapper, words, at)
    if (words[at]?.value !== subcommand) return undefined
    at += 1
  }
  if (wrapper.separator === 'required') {
    const separator = words.findIndex((word, index) => index >= at && word.value === '--')
    return separator < 0 ? undefined : separator + 1
  }
  at = skipOptions(wrapper, words, at)
  if (wrapper.separator === 'optional' && words[at]?.value === '--') at += 1
  at += wrapper.words ?? 0
  while (wrapper.assigns) {
    const match = /^([A-Za-z_]\w*)=/.exec(words[at]?.prefix ?? '')
    if (!match) break
    const [head, name = ''] = match
    assigned.push([name, words[at]?.value?.slice(head.length) ?? null])
    at += 1
  }
  return at < words.length ? at : undefined
}

function skipOptions(wrapper: Wrapper, words: readonly Word[], from: number): number {
  let at = from
  for (;;) {
    const text = words[at]?.prefix ?? ''
    if (!text.startsWith('-') || text === '--' || text === '-') return at
    at += wrapper.options?.includes(text) ? 2 : 1
  }
}
