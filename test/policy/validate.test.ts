import { describe, expect, test } from '@jest/globals'
import { Policies, type PolicyObject } from '../../src/policy/policies.ts'
import { presetNames, presetObject } from '../../src/policy/presets.ts'
import { problemsOf } from '../../src/policy/validate.ts'
import { broken, objectOf, sound } from './broken.ts'

const messages = (kind: 'GunicornPolicy' | 'GunicornException', object: unknown): string[] =>
  problemsOf(kind, object).map(({ message }) => message)

describe('what is wrong is told, and nothing else', () => {
  test.each(broken)('$kind: $name', ({ kind, spec, ours: [field, text], ...rest }) => {
    const found = messages(kind, objectOf({ kind, spec, ...rest }))
    const detail = (message: string): string => message.slice(field.length + ': '.length)
    expect(found.map((message) => message.slice(0, field.length + ': '.length))).toEqual([`${field}: `])
    expect(found.map(detail)).toEqual([typeof text === 'string' ? text : expect.stringMatching(text)])
  })

  test('several faults are told of at once', () => {
    expect(messages('GunicornPolicy', { kind: 'GunicornPolicy', spec: { priority: 'high', onFault: 'Warn' } })).toEqual([
      'apiVersion: Required value: must be set',
      'metadata: Required value: must be set',
      expect.stringMatching(/^spec\.priority: Invalid value: "high": must be an integer$/),
      expect.stringMatching(/^spec\.onFault: /),
    ])
  })

  test('another version', () => {
    expect(messages('GunicornPolicy', { apiVersion: 'paddock.dev/v1', kind: 'GunicornPolicy', metadata: { name: 'p' }, spec: {} })).toEqual(
      ['apiVersion: Invalid value: "paddock.dev/v1": must be "paddock.dev/v1alpha1"'],
    )
  })
})

describe('a default that gunicorn refuses is told of, though no schema can', () => {
  test.each([
    ['timeout', 'soon',
      'spec.defaults.timeout: Invalid value: "soon": must be a value that gunicorn takes: argument -t/--timeout: invalid int value: \'soon\''],
    ['workers', 'many', /^spec\.defaults\.workers: Invalid value: "many": must be a value that gunicorn takes: /],
    ['umask', '0o9', /^spec\.defaults\.umask: Invalid value: "0o9": /],
    ['accesslog', '', "spec.defaults.accesslog: Invalid value: \"\": must be a value that gunicorn takes: '' isn't writable"],
    ['errorlog', '', /^spec\.defaults\.errorlog: /],
    ['umask', '999', undefined],
    ['workers', 0, undefined],
    ['timeout', '60', undefined],
    ['bind', '[::]:$PORT', undefined],
    ['access_log_format', '-', undefined],
    ['forwarded_allow_ips', '*', undefined],
  ])('%s: %j', (name, value, message) => {
    const found = messages('GunicornPolicy', objectOf({ kind: 'GunicornPolicy', spec: { defaults: { [name]: value } } }))
    expect(found).toEqual(message === undefined ? [] : [typeof message === 'string' ? message : expect.stringMatching(message)])
  })

  test('and left out', () => {
    const policy = { ...objectOf({ kind: 'GunicornPolicy', spec: { defaults: { timeout: 'soon', threads: 2 } } }) } as PolicyObject
    const merged = new Policies([policy]).for({ apiVersion: 'v1', kind: 'Pod', namespace: '', name: '', labels: {}, owners: [] }, {}, 0)
    expect(merged?.defaults).toMatchObject({ threads: 2 })
    expect(merged?.defaults).not.toHaveProperty('timeout')
  })
})

test.each(sound)('$kind: $name', ({ kind, spec }) => {
  expect(messages(kind, objectOf({ kind, spec }))).toEqual([])
})

test.each(presetNames)('the preset %s is a GunicornPolicy', (name) => {
  expect(messages('GunicornPolicy', presetObject(name))).toEqual([])
})
