/** Which setting somebody means who writes a name in a config file that gunicorn ignores. */
import { isOneEditAway } from '../near.ts'
import type { Release } from './catalogue.ts'
import { hookArguments, hookNames } from './hooks.ts'

/** Names that people write, and that no likeness tells. */
const known: Readonly<Record<string, string>> = {
  access_log: 'accesslog',
  error_log: 'errorlog',
  log_file: 'errorlog',
  pid: 'pidfile',
  max_workers: 'workers',
  num_workers: 'workers',
  worker_count: 'workers',
  number_of_workers: 'workers',
  worker_timeout: 'timeout',
  keepalive_timeout: 'keepalive',
  worker_threads: 'threads',
  num_threads: 'threads',
}

/** What is left of a name where its case and its lines are left out. */
const bare = (name: string): string => name.toLowerCase().replaceAll('_', '')

/** By release: names as they may be written, to what they mean. */
const namesOf = new WeakMap<Release, ReadonlyMap<string, string>>()

function namesFor(release: Release): ReadonlyMap<string, string> {
  const before = namesOf.get(release)
  if (before) return before
  const names = new Map<string, string>()
  // The setting's own name goes before that of its option: `--preload`, `--name`.
  for (const [name, { flags }] of Object.entries(release.settings))
    for (const flag of flags) if (flag.startsWith('--')) names.set(bare(flag.slice(2).replaceAll('-', '_')), name)
  for (const [name, setting] of Object.entries(known)) names.set(bare(name), setting)
  for (const name of [...Object.keys(release.settings), ...hookNames.filter((hook) => hookArguments(hook, release))])
    names.set(bare(name), name)
  namesOf.set(release, names)
  return names
}

/** Names that are shorter have too many neighbours. */
const shortest = 6

/** The setting or hook of a release that a name is near to; undefined where there is none, or more than one. */
export function nearName(name: string, release: Release): string | undefined {
  const text = bare(name)
  const names = namesFor(release)
  const exact = names.get(text)
  if (exact !== undefined || text.length < shortest) return exact
  const near = new Set([...names].filter(([other]) => other.length >= shortest && isOneEditAway(text, other)).map(([, setting]) => setting))
  return near.size === 1 ? [...near][0] : undefined
}

/** The one of some words that a word is one edit away from. */
export function nearWord(word: string, words: readonly string[]): string | undefined {
  const near = word.length < shortest - 1 ? [] : words.filter((other) => isOneEditAway(word.toLowerCase(), other))
  return near.length === 1 ? near[0] : undefined
}

/** The option, in all of the releases, that a name without its dashes is near to, in the spelling that is nearest; undefined where there is none, or more than one. */
export function nearFlag(name: string, releases: readonly Release[]): string | undefined {
  const near = new Set(releases.map((release) => {
    const setting = nearName(name.replaceAll('-', '_'), release)
    const flags = (setting === undefined ? [] : (release.settings[setting]?.flags ?? [])).filter((flag) => flag.startsWith('--'))
    return flags.find((flag) => isOneEditAway(name.toLowerCase(), flag.slice(2))) ?? flags[0]
  }))
  return near.size === 1 ? [...near][0] : undefined
}
