/** How a run ends. */
export const exitStatus = { ok: 0, found: 1, unreadable: 2 } as const

/** Something that the user can mend: told in one line, exit status 2. */
export class UsageError extends Error {}
