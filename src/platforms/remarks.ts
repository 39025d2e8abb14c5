/**
 * What platforms say of their own files. These are no rules of a policy: the platform refuses or passes over what it does
 * whatever a policy says. They have the words of a rule, and stand in one catalogue with them (src/catalogue.ts).
 */
import type { FieldError } from '../kubernetes/field.ts'

/** What a platform says of its own file, whatever gunicorn says. */
export interface Remark extends FieldError {
  readonly rule: 'refused-description' | 'ignored-description' | 'unportable-description' | 'mangled-command' | 'unreachable-process'
    | 'unseen-script'
  readonly remedy: string
  /** Where it stands in the file: UTF-16 offsets, end exclusive. */
  readonly inFile: { readonly start: number; readonly end: number }
}

interface PlatformRule {
  readonly id: Remark['rule']
  readonly severity: 'error' | 'warning' | 'info'
  readonly action: 'Deny' | 'Warn' | 'Audit'
  /** One line, no full stop. */
  readonly summary: string
  readonly why: string
  readonly remedy: string
  /** None: they read no setting. */
  readonly settings: readonly string[]
}

const settings: readonly string[] = []

export const platformRules: readonly PlatformRule[] = [
  {
    id: 'refused-description',
    severity: 'error',
    action: 'Deny',
    summary: 'the platform refuses the file, or starts what nobody meant',
    why: 'The deployment fails, or a process is started with a command that is no command.',
    remedy: 'Write it as the platform reads it.',
    settings,
  },
  {
    id: 'ignored-description',
    severity: 'warning',
    action: 'Warn',
    summary: 'the platform does not read it',
    why: 'What is written there takes no effect, and nothing says so.',
    remedy: 'Remove it, or write it as the platform reads it.',
    settings,
  },
  {
    id: 'mangled-command',
    severity: 'warning',
    action: 'Warn',
    summary: 'the program does not get the words that are written',
    why: 'The platform hands the words on through a shell, or through none, in a way that changes them.',
    remedy: 'Write the command so that it comes through as it is.',
    settings,
  },
  {
    id: 'unreachable-process',
    severity: 'warning',
    action: 'Warn',
    summary: 'nothing leads to the process that serves the app',
    why: 'The platform makes no Service for the process, and every request ends in an error.',
    remedy: 'Declare its services.',
    settings,
  },
  {
    id: 'unseen-script',
    severity: 'info',
    action: 'Audit',
    summary: 'what a process starts is not in the repository, and has not been checked',
    why: 'The file is made when the app is built, or it is missing. Whether it starts gunicorn, and how, cannot be told.',
    remedy: 'Put the script into the repository, or check the command that it runs.',
    settings,
  },
  {
    id: 'unportable-description',
    severity: 'info',
    action: 'Audit',
    summary: 'platforms read the line differently',
    why: 'The same Procfile starts another command elsewhere, or none.',
    remedy: 'Write `name: command` on one line, without quotes around the command; or choose the platform with --platform.',
    settings,
  },
]

const byId: ReadonlyMap<string, PlatformRule> = new Map(platformRules.map((rule) => [rule.id, rule]))

/** @throws where there is none of that id, which no type lets pass */
export function platformRule(id: Remark['rule']): PlatformRule {
  const rule = byId.get(id)
  if (!rule) throw new TypeError(`no platform says ${id}`)
  return rule
}
