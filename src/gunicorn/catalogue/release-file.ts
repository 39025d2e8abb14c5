/** A file of the catalogue: what a release of gunicorn tells of itself, as scripts/catalogue.py asks it. */

/** A value of a setting, as gunicorn holds it: `bind` a list of strings, `timeout` a number, … */
export type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value }

/** A setting or option as a catalogue file holds it. */
export interface CatalogueEntry {
  readonly flags: readonly string[]
  readonly action: string | null
  readonly nargs: number | string | null
  readonly type: string | null
  readonly const: Value
  readonly section?: string
  readonly default?: Value
  readonly validator?: string
}

export interface ReleaseFile {
  readonly release: string
  readonly workers: Readonly<Record<string, string>>
  readonly options: Readonly<Record<string, CatalogueEntry>>
  readonly settings: Readonly<Record<string, CatalogueEntry>>
}
