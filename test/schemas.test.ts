/** The published schemas, as an editor's validator takes them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { Ajv, type ValidateFunction } from 'ajv'
import { parse, parseAllDocuments } from 'yaml'

const root = join(import.meta.dirname, '..')
const ajv = new Ajv({ allErrors: true, strictTypes: false, strictRequired: false, formats: { 'date-time': true } })
const schema = (name: string): ValidateFunction => ajv.compile(JSON.parse(readFileSync(join(root, `schemas/${name}.json`), 'utf8')) as object)

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

const ofKind: Readonly<Record<string, string>> = { GunicornPolicy: 'gunicorn-policy', GunicornException: 'gunicorn-exception', PolicyTest: 'policy-test' }

test('the examples are right', () => {
  const texts = readdirSync(join(root, 'examples'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.yaml')).map((file) => readFileSync(join(root, 'examples', file), 'utf8'))
  const objects = texts.flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as { kind: string }))
  const known = objects.filter(({ kind }) => ofKind[kind] !== undefined)
  expect(new Set(known.map(({ kind }) => kind))).toEqual(new Set(['GunicornPolicy', 'PolicyTest', ...(known.some(({ kind }) => kind === 'GunicornException') ? ['GunicornException'] : [])]))
  expect(known.flatMap((object) => faults(ofKind[object.kind]!, object))).toEqual([])
})

describe('what is wrong is seen', () => {
  const head = (kind: string) => ({ apiVersion: 'paddock.dev/v1alpha1', kind, metadata: { name: 'x' } })
  test.each([
    ['gunicorn-policy', { ...head('GunicornPolicy'), spec: { rules: { 'loopback-bind': 'Denyy' } } }, '/spec/rules/loopback-bind anyOf'],
    ['gunicorn-policy', { ...head('GunicornPolicy'), spec: { presett: 'heroku' } }, '/spec additionalProperties'],
    ['gunicorn-exception', { ...head('GunicornException'), spec: { workloads: [{ name: 'a' }], rules: ['nope'], reason: 'x' } }, '/spec/rules/0 enum'],
    ['policy-test', { ...head('PolicyTest'), manifests: ['m'], results: [{ workload: 'a' }] }, '/results/0 anyOf'],
    ['app-desc', { spec_version: 2, module: { language: 'Python', processes: { web: { comand: 'gunicorn app' } } } }, '/module/processes/web additionalProperties'],
    ['app-desc', { specVersion: 3, module: { language: 'Python', spec: { processes: [{ name: 'web', targetPort: 70000 }] } } }, '/module/spec/processes/0/targetPort maximum'],
  ])('%s: %j', (name, value, fault) => {
    expect(faults(name, value)).toContain(fault)
  })

  test('and an app_desc.yaml that is right passes', () => {
    expect(faults('app-desc', parse('spec_version: 2\nmodule:\n  language: Python\n  processes:\n    web:\n      command: gunicorn app\n      replicas: 2\n'))).toEqual([])
    expect(faults('app-desc', parse('specVersion: 3\nmodule:\n  language: Python\n  spec:\n    processes:\n    - name: web\n      procCommand: gunicorn app\n'))).toEqual([])
  })
})
