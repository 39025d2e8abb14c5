/** The published schemas, as an editor's validator takes them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { Ajv, type ValidateFunction } from 'ajv'
import { parse, parseAllDocuments } from 'yaml'
import { readAppDescription } from '../src/platforms/app-description.ts'
import { problemsOf } from '../src/policy/validate.ts'
import { readPythonYaml } from '../src/yaml/python.ts'
import { broken, objectOf, sound } from './policy/broken.ts'

const root = join(import.meta.dirname, '..')
const ajv = new Ajv({ allErrors: true, strictTypes: false, strictRequired: false, formats: { 'date-time': true } })
const schema = (name: string): ValidateFunction =>
  ajv.compile(JSON.parse(readFileSync(join(root, `schemas/${name}.json`), 'utf8')) as object)

const names = readdirSync(join(root, 'schemas')).map((file) => file.replace(/\.json$/, ''))
const validators = new Map(names.map((name) => [name, schema(name)]))

/** The places at fault, and why. */
function faults(name: string, value: unknown): string[] {
  const validate = validators.get(name)!
  return validate(value) ? [] : (validate.errors ?? []).map(({ instancePath, keyword }) => `${instancePath} ${keyword}`)
}

test('there is one for each kind of file', () => {
  expect(names).toEqual(['app-desc', 'gunicorn-exception', 'gunicorn-policy', 'policy-test'])
})

const ofKind: Readonly<Record<string, string>> = { GunicornPolicy: 'gunicorn-policy', GunicornException: 'gunicorn-exception',
  PolicyTest: 'policy-test' }

test('the examples are right', () => {
  const texts = readdirSync(join(root, 'examples'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.yaml')).map((
    file,
  ) => readFileSync(join(root, 'examples', file), 'utf8'))
  const objects = texts.flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as { kind: string }))
  const known = objects.filter(({ kind }) => ofKind[kind] !== undefined)
  expect(new Set(known.map(({ kind }) => kind))).toEqual(
    new Set(['GunicornPolicy', 'PolicyTest', ...(known.some(({ kind }) => kind === 'GunicornException') ? ['GunicornException'] : [])]),
  )
  expect(known.flatMap((object) => faults(ofKind[object.kind]!, object))).toEqual([])
})

describe('what is wrong is seen', () => {
  const head = (kind: string) => ({ apiVersion: 'paddock.dev/v1alpha1', kind, metadata: { name: 'x' } })
  test.each([
    ['gunicorn-policy', { ...head('GunicornPolicy'), spec: { rules: { 'loopback-bind': 'Denyy' } } }, '/spec/rules/loopback-bind anyOf'],
    ['gunicorn-policy', { ...head('GunicornPolicy'), spec: { presett: 'heroku' } }, '/spec additionalProperties'],
    ['gunicorn-exception', { ...head('GunicornException'), spec: { workloads: [{ name: 'a' }], rules: ['nope'], reason: 'x' } },
      '/spec/rules/0 enum'],
    ['policy-test', { ...head('PolicyTest'), manifests: ['m'], results: [{ workload: 'a' }] }, '/results/0 anyOf'],
    ['app-desc', { spec_version: 2, module: { language: 'Python', processes: { web: { comand: 'gunicorn app' } } } },
      '/module/processes/web additionalProperties'],
    ['app-desc', { specVersion: 3, module: { language: 'Python', spec: { processes: [{ name: 'web', targetPort: 70000 }] } } },
      '/module/spec/processes/0/targetPort maximum'],
  ])('%s: %j', (name, value, fault) => {
    expect(faults(name, value)).toContain(fault)
  })

  test('and an app_desc.yaml that is right passes', () => {
    expect(
      faults('app-desc',
        parse('spec_version: 2\nmodule:\n  language: Python\n  processes:\n    web:\n      command: gunicorn app\n      replicas: 2\n')),
    ).toEqual([])
    expect(
      faults('app-desc',
        parse('specVersion: 3\nmodule:\n  language: Python\n  spec:\n    processes:\n    - name: web\n      procCommand: gunicorn app\n')),
    ).toEqual([])
  })
})

describe('policies and exceptions: the schema says what the code says', () => {
  const policy = (spec: unknown) => ({ name: JSON.stringify(spec), kind: 'GunicornPolicy' as const, spec })
  const exception = (spec: object) => ({ name: JSON.stringify(spec), kind: 'GunicornException' as const,
    spec: { workloads: [{ name: 'shop' }], rules: ['log-file'], reason: 'for now', ...spec } })
  const selector = (expression: object) => policy({ match: { workloadSelector: { matchExpressions: [{ key: 'team', ...expression }] } } })
  const both = (kind: 'GunicornPolicy' | 'GunicornException',
    object: unknown): [schema: boolean, code: boolean] => [faults(ofKind[kind]!, object).length === 0,
    problemsOf(kind, object).length === 0]

  test.each([
    ...sound,
    ...[1000, -1000, 0].map((priority) => policy({ priority })),
    policy({ match: { kinds: ['Job'] } }),
    selector({ operator: 'In', values: ['a'] }),
    selector({ operator: 'DoesNotExist' }),
    selector({ operator: 'Exists', values: [] }),
    policy({ defaults: { timeout: '60', bind: null } }),
    policy({ allow: ['log-file', 'log-file'] }),
    ...['2027-01-31T00:00:00Z', '2028-02-29T23:59:59.123456-11:30'].map((expiry) => exception({ expiry })),
    exception({ reason: ' x\n' }),
  ])('$kind: $name is right', ({ kind, spec }) => {
    expect(both(kind, objectOf({ kind, spec }))).toEqual([true, true])
  })

  test.each([
    ...broken,
    ...[-1001, 1.5, '1'].map((priority) => policy({ priority })),
    policy({ match: null }),
    policy({ match: { kind: 'Job' } }),
    selector({ operator: 'NotIn' }),
    selector({ operator: 'In', values: [] }),
    selector({ operator: 'Is' }),
    selector({ values: ['a'] }),
    policy(null),
    ...['', '\t', '\u00a0\u3000', 7, null].map((reason) => exception({ reason })),
    ...['', '2027-01-31T24:00:00Z', '2027-01-31 00:00:00Z', '2027-01-31t00:00:00z', '2027-01-31T00:00:00Z\n', '2027-01-31T00:00:00+0800',
      2027, null].map((expiry) => exception({ expiry })),
  ])('$kind: $name is wrong', ({ kind, spec }) => {
    expect(both(kind, objectOf({ kind, spec }))).toEqual([false, false])
  })

  test.each<[boolean, object]>([
    [true, { metadata: { name: 'x', labels: { a: 'b' } }, status: { conditions: [] } }],
    [true, { note: 'of another tool' }],
    [false, { metadata: {} }],
    [false, { metadata: { name: '' } }],
    [false, { metadata: { name: 'x', namespace: 1 } }],
    [false, { apiVersion: 'paddock.dev/v1' }],
  ])('%s: %j', (isRight, change) => {
    const spec = sound.find(({ kind }) => kind === 'GunicornException')!.spec
    expect(both('GunicornPolicy', { ...objectOf({ kind: 'GunicornPolicy', spec: {} }), ...change })).toEqual([isRight, isRight])
    expect(both('GunicornException', { ...objectOf({ kind: 'GunicornException', spec }), ...change })).toEqual([isRight, isRight])
  })
})

describe('app_desc.yaml: the schema says what the code says', () => {
  const process2 = (fields: string): string =>
    `spec_version: 2\nmodule: {language: Python, processes: {web: {command: gunicorn app${fields}}}}\n`
  const process3 = (fields: string): string =>
    `specVersion: 3\nmodule: {language: Python, spec: {processes: [{name: web, procCommand: gunicorn app, services: [{name: web, targetPort: 5000}]${fields}}]}}\n`
  const versioned = (version: string, two: boolean): string => (two ? process2('') : process3('')).replace(/^.*\n/, `${version}\n`)

  /** Whether the code says nothing of it. What it knows beyond versions and types no schema tells, and the texts here do not touch upon. */
  function isRight(text: string): boolean {
    const { faults: refused, remarks, modules } = readAppDescription(readPythonYaml(text), () => undefined)
    return refused.length === 0 && remarks.length === 0 &&
      modules.every(({ processes }) => processes.every((process) => process.remarks.length === 0))
  }

  test.each([
    ...['spec_version: 2', 'spec_version: 2.0', 'specVersion: 2', 'spec_version: 0\nspecVersion: 2', "spec_version: ''\nspecVersion: 2",
      'spec_version:\nspecVersion: 2', 'spec_version: 2\nspecVersion: {}'].map((version) => versioned(version, true)),
    ...['specVersion: 3', 'specVersion: 3.0', 'spec_version: 3', 'spec_version: []\nspecVersion: 3', 'spec_version: false\nspecVersion: 3']
      .map((version) => versioned(version, false)),
    ...['2', '"2"', '2.0', '" +2 "', '"2.00"', '"2."', '"02"', 'null'].map((replicas) => process2(`, replicas: ${replicas}`)),
    ...['0', '"0"', '"-0"', '" 4.0"'].map((replicas) => process3(`, replicas: ${replicas}`)),
    ...['1', '"1"', '"065535"', '"65535.0"', '9999'].map((port) => process3(`, targetPort: ${port}`)),
    process2('').replace('gunicorn app', '5'),
  ])('%j is right', (text) => {
    expect([faults('app-desc', parse(text)), isRight(text)]).toEqual([[], true])
  })

  test.each([
    ...['specVersion: 3', 'spec_version: 3', 'spec_version: 2\nspecVersion: 3', 'spec_version: "2"', 'spec_version: true',
      'spec_version: 4', 'spec_version: 4\nspecVersion: 2', 'app_code: shop'].map((version) => versioned(version, true)),
    ...['specVersion: 2', 'spec_version: 2', 'spec_version: 3\nspecVersion: 3', 'specVersion: "3"', 'specVersion: 0'].map((version) =>
      versioned(version, false)
    ),
    ...['2.5', '"2.5"', '"two"', '""', '" "', 'true', '[2]', '"1e1"', '"+-2"'].map((replicas) => process2(`, replicas: ${replicas}`)),
    ...['-1', '"-1"', '"-01.0"'].map((replicas) => process3(`, replicas: ${replicas}`)),
    ...['0', '"0"', '"-1"', '"65536"', '65536', '"100000"', '"00"'].map((port) => process3(`, targetPort: ${port}`)),
    ...["''", "' '", "'\u3000'", 'true', 'null'].map((command) => process2('').replace('gunicorn app', command)),
  ])('%j is wrong', (text) => {
    expect([faults('app-desc', parse(text)).length > 0, isRight(text)]).toEqual([true, false])
  })
})
