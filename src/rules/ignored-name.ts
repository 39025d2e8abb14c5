import { releases } from '../gunicorn/catalogue.ts'
import type { Release } from '../gunicorn/catalogue.ts'
import { hookArguments } from '../gunicorn/hooks.ts'
import { nearName } from '../gunicorn/near-names.ts'
import { defineRule, type Subject } from './rule.ts'

export default defineRule({
  id: 'ignored-name',
  severity: 'warning',
  action: 'Warn',
  mayBeAllowed: true,
  summary: 'a config file sets a name that gunicorn ignores, or nothing',
  why:
    'gunicorn silently ignores names that are not settings (case matters), and uses the default. `workers: 4` is a note on a type to Python, and sets nothing.',
  remedy: "Write the setting's own name.",
  settings: [],

  *check(subject) {
    for (const { name, meant, where, ignoring, isNote = false } of ignoredNames(subject)) {
      const some = ignoring.length < subject.releases.length
      yield {
        place: subject.settings.configWord ? subject.placeOf(subject.settings.configWord) : subject.place,
        shape: 'Invalid value',
        value: name,
        detail: isNote ? `must have \`=\` behind it, as a colon sets nothing (${where})`
          : meant === name ? `must be a setting of the release (${where})`
          : `must be \`${meant}\`, as gunicorn ignores other names (${where})`,
        remedy: isNote ? `Write \`${name} = …\`.`
          : meant === name ? `Remove \`${name}\`, or install a gunicorn that has it.` : `Write \`${meant}\`.`,
        ...(some ? { releases: ignoring } : {}),
      }
    }
  },
})

interface Ignored {
  readonly name: string
  readonly meant: string
  readonly where: string
  readonly ignoring: readonly Release[]
  /** True where a colon stands in place of the equals sign. */
  readonly isNote?: boolean
}

/** Names that the file binds and does not read itself, and that are near to those of settings or hooks. */
function ignoredNames({ settings, releases: possible }: Subject): readonly Ignored[] {
  const file = settings.configFile
  const found: Ignored[] = []
  for (const [name, { line, isAssigned, value }] of file?.module?.names ?? []) {
    // What an import brings, or a function that no hook is like, is the file's own affair.
    if (!(isAssigned || value.type === 'function') || file?.module?.reads(name)) continue
    const ignoring = possible.filter((release) => !isKnown(name, release))
    if (ignoring.length === 0) continue
    const meant = releases.some((release) => isKnown(name, release)) ? name : ignoring.map((release) =>
      nearName(name, release)
    ).find((near) => near !== undefined)
    if (meant !== undefined) found.push({ name, meant, where: `${file?.name}, line ${line}`, ignoring })
  }
  for (const [name, line] of file?.module?.annotated ?? [])
    if (!file?.module?.names.has(name) && releases.some((release) => isKnown(name, release)))
      found.push({ name, meant: name, where: `${file?.name}, line ${line}`, ignoring: possible, isNote: true })
  return found
}

const isKnown = (name: string, release: Release): boolean =>
  Object.hasOwn(release.settings, name) || hookArguments(name, release) !== undefined
