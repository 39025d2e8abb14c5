/** What `paddock explain` is asked for. */
export interface ExplainFlags {
  readonly shell?: string
  readonly env: Readonly<Record<string, string>>
  readonly gunicorn?: string
  /** Files on disk, by the paths at which gunicorn finds them. */
  readonly configFile?: Readonly<Record<string, string>>
  readonly all?: boolean
  readonly format: 'text' | 'json'
  readonly stdin?: boolean
  /** Whose Procfile it is; undefined for the default, in each of its ways. */
  readonly platform?: string
  /** True where the words are a command line, behind `--`. */
  readonly isCommand: boolean
}
