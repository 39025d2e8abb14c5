/** What platforms say of their files, as files that show it: test/platforms/remarks/<id>.yaml. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { run } from '../cli/in-memory.ts'

/** Files of a repository; the first is the one that is checked. */
export type Files = Readonly<Record<string, string>>

export interface RemarkFixture {
  readonly bad: {
    readonly files: Files
    /** The lines of `paddock check` that are the platform's. */
    readonly want: readonly string[]
  }
  readonly good: { readonly files: Files }
}

export const readRemarkFixture = (id: string): RemarkFixture =>
  load(readFileSync(join(import.meta.dirname, `remarks/${id}.yaml`), 'utf8')) as RemarkFixture

/** The lines of `paddock check` that hold a rule's id. */
export async function linesOf(id: string, files: Files): Promise<string[]> {
  const { out } = await run(['check', Object.keys(files)[0] ?? ''], files)
  return out.split('\n').filter((line) => line.endsWith(`[${id}]`))
}
