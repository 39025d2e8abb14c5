/** Options of gunicorn in texts that are no command lines of their own. Pure. */
import type { Release } from './catalogue.ts'

/** A long name, or a short one that no other letters stand behind: `-w`, `-w4`, and not `-user`. */
const optionName = /^--[a-z][\w-]+(?=$|=)|^-[A-Za-z](?![A-Za-z])/

/** Whether a word behind the first is an option that a release has. */
export function holdsOption([, ...others]: readonly string[], releases: readonly Release[]): boolean {
  return others.some((word) => {
    const [name] = optionName.exec(word) ?? []
    return name !== undefined &&
      releases.some((release) => (name.startsWith('--') ? release.long(name) !== null : release.exact(name) !== undefined))
  })
}
