import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { preset, presetNames } from '../src/policy/presets.ts'
import { rules } from '../src/rules/index.ts'
import { fixtureIds, fixturePath, readFixture, rewritten, run } from './rule-fixture.ts'

const root = join(import.meta.dirname, '..')
const update = process.env['UPDATE'] === '1'

const names = (folder: string, extension: string): string[] =>
  readdirSync(join(root, folder)).filter((name) => name.endsWith(extension)).map((name) => basename(name, extension))

const ids = rules.map((rule) => rule.id)

describe.each(rules.map((rule) => [rule.id, rule] as const))('%s', (id, rule) => {
  const fixture = readFixture(id)

  test('has cases of both kinds', () => {
    expect(fixture.bad.length).toBeGreaterThan(0)
    expect(fixture.good.length).toBeGreaterThan(0)
    const named = [...fixture.bad, ...fixture.good].map((one) => one.name)
    expect(new Set(named).size).toBe(named.length)
  })

  if (update) afterAll(() => writeFileSync(fixturePath(id), rewritten(readFileSync(fixturePath(id), 'utf8'), rule)))
  else
    test.each(fixture.bad.map((one) => [one.name, one] as const))('finds: %s', (_, one) => {
      const { lines, object, fixed, others } = run(rule, one)
      expect(lines).toEqual(one.want)
      expect(lines).not.toEqual([])
      const spec = { ...(one.initContainers ? { initContainers: one.fixedInitContainers ?? one.initContainers } : {}), containers: one.fixed ?? one.containers }
      expect(fixed).toEqual({ ...object, spec })
      expect(others).toEqual([...(one.also ?? [])].sort())
    })

  test.each(fixture.bad.map((one) => [one.name, one] as const))('what is fixed stays as it is: %s', (_, one) => {
    const { fixed } = run(rule, one)
    const again = run(rule, one, fixed)
    expect(again.findings.filter((finding) => finding.action === 'Fix')).toEqual([])
    expect(again.fixed).toEqual(fixed)
  })

  test.each(fixture.good.map((one) => [one.name, one] as const))('leaves alone: %s', (_, one) => {
    const { lines, object, fixed, others } = run(rule, one)
    expect(lines).toEqual([])
    expect(others).toEqual([...(one.also ?? [])].sort())
    expect(fixed).toEqual(object)
  })
})

describe('the collection', () => {
  test('rules, index, fixtures and pages are the same set', () => {
    const files = names('src/rules', '.ts').filter((name) => name !== 'index' && name !== 'rule').sort()
    expect(ids).toEqual(files)
    expect(fixtureIds().sort()).toEqual(files)
    expect(names('docs/rules', '.md').filter((name) => name !== 'README').sort()).toEqual(files)
  })

  test.each(presetNames)('preset %s says what every rule does, and knows no other', (name) => {
    const policy = preset(name)
    expect(Object.keys(policy?.rules ?? {}).sort()).toEqual(ids)
    for (const id of policy?.allow ?? []) expect(ids).toContain(id)
  })
})

/** What any text of ours keeps to. */
function guide(text: string): void {
  expect(text).not.toMatch(/\bshould\b/i)
  expect(text).not.toMatch(/[“”‘’]/)
  expect(text).toBe(text.trim())
}

describe('the message guide', () => {
  test.each(rules.map((rule) => [rule.id, rule] as const))('%s: words', (id, { summary, why, remedy, severity }) => {
    expect(id).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/)
    expect(id).not.toMatch(/^(no|require|prefer|disallow)-/)
    expect(['error', 'warning', 'info']).toContain(severity)
    for (const text of [summary, why, remedy]) guide(text)
    expect(summary).not.toMatch(/[.!]$|\n/)
    expect(why).toMatch(/[^.]\.$/)
    expect(remedy).toMatch(/^[A-Z].*[^.]\.$/s)
  })

  const findings = rules.flatMap((rule) => readFixture(rule.id).bad.flatMap((one) => run(rule, one).findings.map((finding) => [`${rule.id}: ${one.name}`, finding] as const)))

  test.each(findings)('%s', (_, { message, remedy, field, shape, value, rule }) => {
    guide(remedy)
    guide(message)
    expect(remedy).toMatch(/^[A-Z].*[^.]\.$/s)
    const shown = shape === 'Required value' ? '' : `: ${JSON.stringify(value)}`
    const head = `${field}: ${shape}${shown}: `
    const tail = ` [${rule}]`
    expect(message.startsWith(head)).toBe(true)
    expect(message.endsWith(tail)).toBe(true)
    const detail = message.slice(head.length, -tail.length)
    // A detail may begin with a name: `bind`, PORT.
    expect(detail).toMatch(/^([a-z]|`|PORT\b)/)
    expect(detail).not.toMatch(/[.!]$|\n/)
    expect(detail).not.toMatch(/\b(larger|bigger|smaller|more than|less or equal)\b/)
    expect(field).toMatch(/^(spec|template|metadata)[.[]/)
  })
})
