/** Which releases take the names on a command line for the same options. */
import { spend } from '../budget.ts'
import { mayBeFlag, releases, type Release } from './catalogue.ts'

/** The group of one release only. */
export function alone(release: Release): readonly Release[] {
  const known = groups.get(release.name)
  if (known) return known
  const group = [release]
  groups.set(release.name, group)
  return group
}

/** Groups of releases, by the names of their members, so that each group is one object for as long as the process lives. */
const groups = new Map<string, readonly Release[]>()

/** Groups releases that match every name alike. */
export function alike(releases: readonly Release[], names: readonly string[]): readonly (readonly Release[])[] {
  spend(names.length * 0.3)
  if (allAlike(releases, names)) return [releases]
  const telling = names.filter((name) => mayBeFlag(name))
  const found: Release[][] = []
  for (const release of releases) {
    const group = found.find(([other]) => other !== undefined && telling.every((name) => sameMatch(release, other, name)))
    if (group) group.push(release)
    else found.push([release])
  }
  return found.map((group) => {
    const key = group.map((release) => release.name).join(' ')
    const known = groups.get(key)
    if (!known) groups.set(key, group)
    return known ?? group
  })
}

/** Names that some release has an option of, or that one begins with: whether all releases of the catalogue match them alike. */
const agreed = new Map<string, boolean>()

function allAlike(among: readonly Release[], names: readonly string[]): boolean {
  for (const name of names) if (!(among === releases ? allMatch(name) : matchAlike(among, name))) return false
  return true
}

function allMatch(name: string): boolean {
  let known = agreed.get(name)
  if (known === undefined) {
    if (!mayBeFlag(name)) return true
    known = matchAlike(releases, name)
    agreed.set(name, known)
  }
  return known
}

function matchAlike(among: readonly Release[], name: string): boolean {
  const [first] = among
  return first === undefined || among.every((release) => release === first || sameMatch(release, first, name))
}

function sameMatch(a: Release, b: Release, name: string): boolean {
  if (name.length === 2) return a.exact(name) === b.exact(name)
  const [left, right] = [a.long(name), b.long(name)]
  if (left === right) return true
  if (left === null || right === null) return false
  if ('ambiguous' in left || 'ambiguous' in right) return 'ambiguous' in left && 'ambiguous' in right
  return left.option === right.option
}
