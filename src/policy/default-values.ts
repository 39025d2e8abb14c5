/** Values of `defaults`, as gunicorn would take them: one that it refuses would keep every workload from starting. */
import { releases } from '../gunicorn/catalogue.ts'
import { read } from '../gunicorn/settings.ts'
import { literal } from '../shell/word.ts'

/** Why no release of gunicorn takes a value, in its own words; undefined where one does. */
export function refusal(setting: string, value: string | number): string | undefined {
  // A variable stands for what the platform makes of it: the port, in `bind`.
  const text = String(value).replaceAll(/\$\w+/g, '5000')
  let told: string | undefined
  for (const release of releases) {
    const flag = release.settings[setting]?.flags.find((name) => name.startsWith('--'))
    if (flag === undefined) continue
    const problem = read([literal(`${flag}=${text}`), literal('app')], () => undefined, [release])[0]?.problems[0]
    if (!problem) return undefined
    told = problem.message
  }
  return told
}
