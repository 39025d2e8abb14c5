/** Advice that works: each remedy, followed to the letter by each way that it leaves open, leaves the finding gone and nothing denied that was not denied before. */
import { describe, expect, test } from '@jest/globals'
import { rules } from '../src/rules/index.ts'
import { follow } from './advice.ts'
import { readFixture, run } from './rule-fixture.ts'

const told = rules.flatMap((rule) =>
  readFixture(rule.id).bad.flatMap((one) =>
    run(rule, one).findings.map((finding, index) => ({ rule, one, finding, index, title: `${rule.id}: ${one.name}: ${finding.remedy}` }))
  )
)

describe('a remedy that is followed', () => {
  test.each(told)('$title', ({ rule, one, finding }) => {
    const followed = follow(one, finding)
    if (followed === undefined) return
    expect(followed).not.toBeNull()
    const before = run(rule, one)
    const count = (lines: readonly string[]): number => lines.filter((line) => line.endsWith(finding.message)).length
    const denied = (findings: readonly { rule: string; action: string }[]): string[] =>
      findings.filter(({ action }) => action === 'Deny').map((one) => one.rule)
    for (const { files, object } of followed ?? []) {
      const after = run(rule, { ...one, files }, object)
      expect([after.object, count(after.lines) < count(before.lines)]).toEqual([after.object, true])
      expect([after.object, denied(after.all).filter((id) => !denied(before.all).includes(id))]).toEqual([after.object, []])
    }
  })
})

describe('a remedy tells what is not done yet', () => {
  const remedies = (id: string, name: string): readonly string[] => {
    const rule = rules.find((one) => one.id === id)!
    return run(rule, readFixture(id).bad.find((one) => one.name === name)!).findings.map(({ remedy }) => remedy)
  }

  test.each([
    ['invalid-application', 'by variables that nothing defines, as a whole or in part', [
      'Define APP in `env`: `$(APP)` stays as it is where nothing defines it.',
      'Write `$(APP)`, and define APP in `env`: no shell expands `$APP` in a list.',
      'Define NAME in `env`: `$(NAME)` stays as it is where nothing defines it.',
      'Define MODULE in `env` before APP.',
      'Write `$(APP)`, with one `$`.',
    ]],
    ['unknown-setting', 'an option that is near to two names of one, and its value, which is a hyphen', ['Write `--log-file`.']],
  ])('%s: %s', (id, name, wanted) => {
    expect(remedies(id, name)).toEqual(wanted)
  })
})
