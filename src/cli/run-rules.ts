/** `paddock rules`: the catalogue of rules. */
import { catalogue, type Entry } from '../catalogue.ts'
import { preset } from '../policy/presets.ts'
import { rules } from '../rules/index.ts'
import { exitStatus, UsageError } from './exit.ts'
import { jsonText, painter, type Io } from './io.ts'

export function runRules(id: string | undefined, { format }: { readonly format: 'text' | 'json' }, io: Io): number {
  // What platforms say of their own files is asked for by name: no policy changes it.
  const wanted: readonly Entry[] = id === undefined ? rules : catalogue.filter((rule) => rule.id === id)
  if (id !== undefined && wanted.length === 0) throw new UsageError(`there is no rule "${id}": \`paddock rules\` lists them all`)
  if (format === 'json') io.stdout.write(`${jsonText(wanted.map(asJson), 2)}\n`)
  else io.stdout.write(id === undefined ? list(io) : wanted.map((rule) => page(rule, io)).join('\n'))
  return exitStatus.ok
}

const actionOf = ({ id, action }: Entry): string => preset('blueking')?.rules[id]?.action ?? action

function asJson(rule: Entry): object {
  const { id, severity, summary, why, remedy, settings } = rule
  return { id, severity, action: actionOf(rule), summary, why, remedy, settings }
}

function list(io: Io): string {
  const paint = painter(io.stdout, io.env)
  const width = Math.max(...rules.map((rule) => rule.id.length))
  return rules.map((rule) => `${paint('bold', rule.id.padEnd(width))}  ${actionOf(rule).padEnd(5)}  ${rule.summary}\n`).join('')
}

function page(rule: Entry, io: Io): string {
  const paint = painter(io.stdout, io.env)
  const settings = rule.settings.length === 0 ? '' : `  settings: ${rule.settings.join(', ')}\n`
  return `${paint('bold', rule.id)}: ${rule.summary}\n  severity: ${rule.severity}, action: ${
    actionOf(rule)
  }\n${settings}  why: ${rule.why}\n  remedy: ${rule.remedy}\n`
}
