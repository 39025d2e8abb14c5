/** What the API server hands on of an answer, and how much of it. That all of it arrives: test/e2e/existing.test.ts. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { responder } from '../../src/admission/respond.ts'
import { visible } from '../../src/kubernetes/visible.ts'
import type { AdmissionReview } from '../../src/kubernetes/review.ts'
import { Policies, type PolicySpec } from '../../src/policy/policies.ts'

const respondBy = (spec: PolicySpec, name = 'house') => {
  const policies = new Policies([{ apiVersion: 'paddock.dev/v1alpha1', kind: 'GunicornPolicy', metadata: { name }, spec }])
  return responder((workload) => policies.for(workload, {}, 0))
}
const review = (containers: readonly object[], name = 'web'): AdmissionReview => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: { uid: 'u', operation: 'CREATE', namespace: 'shop',
    object: { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { containers } } },
})
const many = (count: number, command: (index: number) => readonly string[], more: (index: number) => object = () => ({})) =>
  review(Array.from({ length: count }, (_, index) => ({ name: `web-${index}`, command: command(index), ...more(index) })))
const answered = (operation: 'mutate' | 'validate', of: AdmissionReview, spec: PolicySpec = {}, name?: string) =>
  respondBy(spec, name)(operation, of).response.response
/** Characters of both webhooks' warnings together; a mutating one may be asked twice. */
const total = (of: AdmissionReview, spec?: PolicySpec): number => {
  const [mutate = [], validate = []] = (['mutate', 'validate'] as const).map((operation) => answered(operation, of, spec).warnings)
  return [...mutate, ...mutate, ...validate].join('').length
}

test('warnings of both webhooks stay within what the API server hands on, and what is left out is told first', () => {
  const of = many(60, () => ['gunicorn', 'wsgi', '-t', '1', '-w', '2'])
  expect(total(of)).toBeLessThanOrEqual(4096)
  const { warnings = [] } = answered('validate', of)
  expect(warnings[0]).toMatch(/^\d+ findings are shown here, and \d+ more findings: see `paddock check`$/)
  const [told = 0, rest = 0] = warnings[0]?.match(/\d+/g)?.map(Number) ?? []
  expect([told, told > 3 && told <= 20]).toEqual([warnings.length - 1, true])
  expect(told + rest).toBe(respondBy({})('validate', of).findings.filter(({ action }) => action === 'Warn').length)
  for (const text of warnings) expect(text.length).toBeLessThanOrEqual(256)
  const fixes = answered('mutate', of).warnings ?? []
  expect(fixes[0]).toMatch(/^fixes \d+ findings: those of \d+ containers are shown here, and \d+ more: see `paddock check --diff`$/)
  expect(fixes[1]).toMatch(/^fixes by GunicornPolicy "house" in container "web-0": missing-/)
})

test('few are told as they are', () => {
  const { warnings = [] } = answered('validate', review([{ name: 'web', command: ['gunicorn', 'wsgi', '-b', ':8000', '-t', '5'] }]))
  for (const text of warnings) expect(text).toMatch(/^would violate GunicornPolicy "house": /)
})

test('a denial has a finding on each line, twenty of them, and counts the rest', () => {
  const { status, auditAnnotations } = answered('validate',
    many(126, (index) => ['gunicorn', 'wsgi', '-b', `127.0.0.1:${8000 + index}`],
      (index) => ({ ports: [{ containerPort: 8000 + index }] })))
  const lines = status?.message.split('\n') ?? []
  expect(lines).toHaveLength(21)
  for (const [index, line] of lines.slice(0, 20).entries())
    expect(line).toMatch(
      new RegExp(`^violates GunicornPolicy "house": spec\\.containers\\[${index}\\]\\.command\\[3\\]: .* \\[loopback-bind\\] Bind`),
    )
  expect(lines[20]).toBe('and 106 more findings: see `paddock check`')
  expect(status?.details?.causes).toHaveLength(20)
  expect(auditAnnotations?.['rules']?.split(',')).toContain('loopback-bind')
})

test('a long denial still says which rule, and what to do', () => {
  const { status } = answered('validate', review([{ name: 'web', command: ['gunicorn', 'wsgi', `--${'x'.repeat(5000)}`] }]))
  expect(status?.message).toMatch(/^violates GunicornPolicy "house": .*… \[unknown-setting\] [A-Z].*\.$/)
  expect(status?.message.length).toBeLessThan(1500)
})

test('annotations of the audit log are bounded', () => {
  const name = 'x'.repeat(250)
  const policies = new Policies(['a', 'b', 'c', 'd', 'e'].map((letter, index) => ({
    apiVersion: 'paddock.dev/v1alpha1' as const,
    kind: 'GunicornPolicy' as const,
    metadata: { name: `${letter}-${name}` },
    spec: {
      rules: {
        [['loopback-bind', 'short-timeout', 'few-workers', 'missing-access-log', 'missing-error-log'][index] ?? '']: 'Deny' as const,
      },
    },
  })))
  const { auditAnnotations } =
    responder((workload) => policies.for(workload, {}, 0))('validate',
      review([{ name: 'web', command: ['gunicorn', 'wsgi', '-b', '127.0.0.1:80', '-t', '1', '-w', '2'] }])).response.response
  expect(auditAnnotations?.['policy']?.length).toBeLessThan(1100)
  expect(auditAnnotations?.['policy']).toMatch(/^[a-e]-x+,.*,and \d more$/)
})

// oxlint-disable-next-line no-control-regex
const control = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/

test('control characters are written out', () => {
  expect(visible('a\tb\n\u001b[31m\u007f\u009b\u202e\u061c \u00e9\u{1f40e}')).toBe(
    'a\\tb\\n\\x1b[31m\\x7f\\x9b\\u202e\\u061c \u00e9\u{1f40e}',
  )
})

test('whatever an object holds, no control character gets out, and all is bounded', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }),
    fc.constantFrom('\t', '\n', '\u001b[2J', '\u007f', '\u0085', '--x\ty', '-b', '127.0.0.1:80', '-k', 'nope', '--nope', '-w', '-t', '1',
      '\ud83d'), fc.string({ minLength: 300, maxLength: 600 }))
  const container = fc.record({ name: text, command: fc.array(text, { maxLength: 6 }).map((words) => ['gunicorn', ...words]),
    args: fc.oneof(text, fc.array(text, { maxLength: 3 })) })
  fc.assert(
    fc.property(fc.array(container, { minLength: 1, maxLength: 30 }), text,
      fc.constantFrom<PolicySpec>({}, { rules: { 'unknown-setting': 'Warn', 'invalid-setting': 'Warn', 'loopback-bind': 'Warn' } }),
      (containers, name, spec) => {
        const of = review(containers, name)
        expect(total(of, spec)).toBeLessThanOrEqual(4096)
        for (const operation of ['mutate', 'validate'] as const) {
          const { warnings = [], status, auditAnnotations = {} } = answered(operation, of, spec)
          const texts = [...warnings, ...(status?.message.split('\n') ?? []),
            ...(status?.details?.causes ?? []).flatMap(({ field, message }) => [field, message]), status?.details?.name ?? '',
            ...Object.values(auditAnnotations)]
          for (const one of texts) expect(one).not.toMatch(control)
          expect(texts.join('').length).toBeLessThan(60_000)
        }
      }),
    { numRuns: 60 },
  )
})
