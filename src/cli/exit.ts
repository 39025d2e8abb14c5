import { visible } from '../kubernetes/visible.ts'

/** How a run ends. */
export const exitStatus = { ok: 0, found: 1, unreadable: 2 } as const

/** Something that the user can mend: told in one line, exit status 2. */
export class UsageError extends Error {}

/** A file that cannot be read or written, and why. */
export class FileError extends UsageError {
  readonly reason: string
  /** True where there is no such file. */
  readonly isAbsent: boolean

  constructor(path: string, reason: string, isAbsent = false) {
    super(`${visible(path)}: ${reason}`)
    this.reason = reason
    this.isAbsent = isAbsent
  }
}
