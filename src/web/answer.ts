/** What the playground shows, in the shapes of the command line's JSON: `check --format json` and `explain --format json`. */

export interface ShownFinding {
  readonly rule: string
  readonly action: 'Audit' | 'Warn' | 'Fix' | 'Deny'
  readonly message: string
  readonly remedy?: string
  readonly line?: number
  readonly column?: number
}

export interface ShownInvocation {
  readonly container?: string
  readonly platform?: string
  readonly argv: readonly (string | null)[]
  readonly application: string | null
  readonly settings: Readonly<Record<string, { readonly value: unknown; readonly source: string }>>
  readonly unknown: readonly string[]
  readonly problems: readonly { readonly message: string }[]
}

export interface Checked {
  readonly workloads: readonly { readonly findings: readonly ShownFinding[] }[]
  /** What could not be read. */
  readonly unreadable: readonly { readonly message: string; readonly line?: number; readonly column?: number }[]
}

export interface Explained {
  readonly invocations: readonly ShownInvocation[]
  readonly problems: readonly { readonly message: string }[]
}

export interface Answer {
  readonly checked: Checked
  /** Null where the file cannot be read. */
  readonly explained: Explained | null
  /** The file with what is to be mended in it; as it was where nothing is. */
  readonly mended: string
}

/** Reads a file by its name, by a policy that ships with Paddock. */
export type Ask = (file: { readonly name: string; readonly text: string }, preset: string) => Promise<Answer>
