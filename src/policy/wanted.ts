/** Settings that somebody wants a workload to have, whatever its policy says: they are put in by the edits that fixes are made by. Pure. */
import { nothing, type Policy } from './policy.ts'
import type { Fix, Rule, Wanted } from '../rules/rule.ts'
import { required } from '../rules/problem.ts'

/** No rule of the catalogue: no policy names it. */
export const wantedSetting: Rule = {
  id: 'wanted-setting',
  severity: 'info',
  action: 'Fix',
  summary: 'a setting has not the value that was asked for',
  why: 'Whoever asked for it expects something of it.',
  remedy: 'Set it.',
  settings: [],
  unset: true,
  always: true,

  *check(subject) {
    const { platform: { wanted }, container, settings, releases } = subject
    if (wanted?.container !== container.name) return
    for (const [name, value] of Object.entries(wanted.settings)) {
      // A release that lacks the option would refuse to start with it.
      const isKnown = releases.every((release) => (release.settings[name]?.flags.length ?? 0) > 0)
      if (!isKnown || settings.value(name) === value) continue
      const entry = settings.get(name)?.entries.findLast(({ argument }) => argument !== undefined)
      const fix: Fix = value === false ? { drop: name } : entry ? { setting: name, value, entry } : { setting: name, value }
      yield required(subject, `\`${name}\` must be ${String(value)}`, { fix })
    }
  },
}

/** A policy that puts in what is wanted, in the way of the given one, and does nothing else. */
export const wantingOnly = (policy: Policy, wanted: Wanted): Policy => ({
  ...policy,
  rules: { ...nothing.rules, [wantedSetting.id]: { action: 'Fix', otherwise: 'Warn', policy: policy.name } },
  allow: new Set(),
  exceptions: new Map(),
  wanted,
})
