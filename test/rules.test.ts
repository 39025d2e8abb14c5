import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import type { Finding } from '../src/finding.ts'
import { preset, presetNames } from '../src/policy/presets.ts'
import { catalogue } from '../src/catalogue.ts'
import { rules } from '../src/rules/index.ts'
import { fixtureIds, fixturePath, mend, podOf, readFixture, rewritten, run } from './rule-fixture.ts'

const root = join(import.meta.dirname, '..')
const update = process.env['UPDATE'] === '1'

const names = (folder: string, extension: string): string[] =>
  readdirSync(join(root, folder)).filter((name) => name.endsWith(extension)).map((name) => basename(name, extension))

const ids = rules.map((rule) => rule.id)

const linesOf = (findings: readonly Finding[], action: Finding['action']): string[] =>
  findings.filter((finding) => finding.action === action).map((finding) => finding.message)

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
      const { lines, fixed, others } = run(rule, one)
      expect(lines).toEqual(one.want)
      expect(lines).not.toEqual([])
      const init = one.fixedInitContainers ?? one.initContainers
      expect(fixed).toEqual(podOf({ ...one, containers: one.fixed ?? one.containers, ...(init ? { initContainers: init } : {}) }))
      expect(others).toEqual([...(one.also ?? [])].sort())
    })

  test.each(fixture.bad.map((one) => [one.name, one] as const))('what is fixed stays as it is: %s', (_, one) => {
    const { fixed } = run(rule, one)
    const again = run(rule, one, fixed)
    expect(linesOf(again.findings, 'Fix')).toEqual([])
    expect(again.fixed).toEqual(fixed)
  })

  test.each(fixture.good.map((one) => [one.name, one] as const))('leaves alone: %s', (_, one) => {
    const { lines, object, fixed, others } = run(rule, one)
    expect(lines).toEqual([])
    if (!update) expect(others).toEqual([...(one.also ?? [])].sort())
    expect(fixed).toEqual(object)
  })
})

describe('the collection', () => {
  test('rules, index, fixtures and pages are the same set, and platforms have pages, too', () => {
    const files = names('src/rules', '.ts').filter((name) => !['index', 'problem', 'rule'].includes(name)).sort()
    expect(ids).toEqual(files)
    expect(fixtureIds().sort()).toEqual(files)
    expect(names('docs/rules', '.md').filter((name) => name !== 'README').sort()).toEqual(catalogue.map(({ id }) => id).sort())
  })

  test.each(presetNames)('preset %s knows no other rules', (name) => {
    const policy = preset(name)
    expect(Object.keys(policy?.rules ?? {}).sort()).toEqual(ids)
    for (const id of policy?.allow ?? []) expect(ids).toContain(id)
  })

  test('the default preset says what every rule does', () => {
    const { rules: actions = {} } = preset(presetNames[0] ?? '') ?? {}
    expect(ids.filter((id) => (actions[id]?.action ?? 'Off') === 'Off')).toEqual([])
  })
})

describe('the rules together', () => {
  const cases = rules.flatMap((rule) => {
    const { bad, good } = readFixture(rule.id)
    return [...bad, ...good].map((one) => [`${rule.id}: ${one.name}`, one] as const)
  })

  test.each(presetNames)('preset %s: fixing what is fixed changes nothing', (name) => {
    const policy = preset(name)
    if (!policy) throw new Error('there is no such preset')
    for (const [title, one] of cases) {
      const { fixed } = mend(podOf(one), policy, one.files)
      const again = mend(fixed, policy, one.files)
      expect([title, again.fixed]).toEqual([title, fixed])
      expect([title, linesOf(again.findings, 'Fix')]).toEqual([title, []])
      expect([title, repeatedVariables(fixed)]).toEqual([title, repeatedVariables(podOf(one))])
    }
  })

  test("the default command of the platform's guide", () => {
    const policy = preset('blueking')
    if (!policy) throw new Error('there is no such preset')
    const { findings, fixed } = mend(podOf({ name: 'bare', containers: [{ name: 'web', command: ['gunicorn', 'wsgi'] }] }), policy)
    const format = `[%(h)s] %({request_id}i)s %(u)s %(t)s "%(r)s" %(s)s %(D)s %(b)s "%(f)s" "%(a)s"`
    const command = ['gunicorn', 'wsgi', '-w', '4', '-b', ':$(PORT)', '--access-logfile', '-', '--error-logfile', '-', '--access-logformat',
      format]
    expect(fixed).toEqual(podOf({ name: 'bare', containers: [{ name: 'web', command, env: [{ name: 'PORT', value: '5000' }] }] }))
    const missing = ['heartbeat-on-disk', 'missing-access-log', 'missing-access-log-format', 'missing-bind', 'missing-error-log',
      'missing-workers']
    expect(findings.map((finding) => finding.rule)).toEqual(missing)
  })
})

/** The variables that stand in an `env` more than once: a fix makes none. */
const repeatedVariables = (object: object): string[] =>
  containersOf(object).flatMap(({ env = [] }) => env.map(({ name }) => name).filter((name, index, all) => all.indexOf(name) !== index))

function containersOf(object: object): { env?: { name: string }[] }[] {
  const { spec } = object as { spec: { template?: { spec: object } } }
  const { containers, initContainers } = (spec.template?.spec ?? spec) as { containers: { env?: { name: string }[] }[];
    initContainers?: { env?: { name: string }[] }[] }
  return [...(initContainers ?? []), ...containers]
}

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

  const findings = rules.flatMap((rule) =>
    readFixture(rule.id).bad.flatMap((one) => run(rule, one).findings.map((finding) => [`${rule.id}: ${one.name}`, finding] as const))
  )

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
