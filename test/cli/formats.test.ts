import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import type { Log, Result } from 'sarif'
import { checkText } from '../../src/cli/check.ts'
import { code } from '../../src/cli/reports/markdown.ts'
import { formatNames } from '../../src/cli/reports/outputs.ts'
import { sarifReporter } from '../../src/cli/reports/sarif.ts'
import { visibleLines } from '../../src/kubernetes/visible.ts'
import { preset } from '../../src/policy/presets.ts'
import { catalogue } from '../../src/catalogue.ts'
import { run } from './in-memory.ts'
import { amount } from '../amount.ts'

const folder = join(import.meta.dirname, 'formats')
const manifests = readFileSync(join(folder, 'manifests.yaml'), 'utf8')
const policy =
  'apiVersion: paddock.dev/v1alpha1\nkind: GunicornPolicy\nmetadata: {name: p}\nspec: {preset: blueking, rules: {missing-workers: Audit}}\n' +
  '---\napiVersion: paddock.dev/v1alpha1\nkind: GunicornException\nmetadata: {name: behind|proxy, namespace: shop}\nspec: {workloads: [{kind: Deployment, name: web}], rules: [loopback-bind], reason: a proxy stands beside it}\n'

/** A name in which everything stands that means something to one of the formats. */
const awkward = 'k8s/a, b:c%41 |<d>.yaml'

const check = async (...flags: string[]): ReturnType<typeof run> =>
  run(['check', awkward, 'nowhere', '--policy', 'p.yaml', ...flags], { [awkward]: manifests, 'p.yaml': policy })

/** The log of SARIF without what changes with every new rule. */
function ofResults(text: string): string {
  const log = JSON.parse(text) as Log
  for (const { tool, results = [] } of log.runs) {
    tool.driver.rules = tool.driver.rules?.filter(({ id }) => results.some((result) => result.ruleId === id)) ?? []
    for (const result of results) delete result.ruleIndex
  }
  return `${JSON.stringify(log, null, 2)}\n`
}

describe('a report holds every finding and everything that could not be read', () => {
  const golden = { text: 'report.txt', json: 'report.json', sarif: 'report.sarif', junit: 'report.xml', github: 'report.github.txt',
    markdown: 'report.md' } as const
  test.each(formatNames)('%s', async (format) => {
    const { status, out } = await check('--format', format)
    const got = format === 'sarif' ? ofResults(out) : format === 'json' ? `${JSON.stringify(JSON.parse(out), null, 2)}\n` : out
    const path = join(folder, golden[format])
    if (process.env['UPDATE'] === '1') writeFileSync(path, got)
    expect(got).toBe(readFileSync(path, 'utf8'))
    expect(status).toBe(2)
  })
})

describe('several outputs', () => {
  test('one to standard output, the others to files, from one run', async () => {
    const { out, files } = await check('--format', 'text,sarif=a.sarif', '--format', 'junit=b=c.xml')
    expect(out).toBe((await check()).out)
    expect(files['a.sarif']).toBe((await check('--format', 'sarif')).out)
    expect(files['b=c.xml']).toBe((await check('--format', 'junit')).out)
  })

  test('with files alone, standard output gets the text, or the diff that is asked for', async () => {
    expect((await check('--format', 'json=a.json')).out).toBe((await check()).out)
    const { out, files } = await check('--format', 'json=a.json', '--diff')
    expect(out).toMatch(/^--- /)
    expect(JSON.parse(files['a.json'] ?? '')).toHaveProperty('kind', 'CheckResult')
  })

  test.each([
    ['text,json', /Only one format can go to standard output: give the others a file, as in sarif=paddock\.sarif\./],
    ['text=a,json=a', /Only one format can go to a\./],
    ['sarif=', /sarif= needs the name of a file\./],
    ['xml', /Allowed choices are text, json, sarif, junit, github, markdown\./],
    ['', /Allowed choices are/],
  ])('--format %j is bad usage', async (format, message) => {
    const { status, out, err } = await check('--format', format)
    expect([status, out]).toEqual([2, ''])
    expect(err).toMatch(message)
  })

  test('a diff and a report do not mix', async () => {
    const { status, out, err } = await check('--format', 'json', '--diff')
    expect([status, out]).toEqual([2, ''])
    expect(err).toBe('paddock: --diff goes to standard output, as does --format json: give the format a file, as in --format json=FILE\n')
  })

  test('what is mended of standard input goes on alone', async () => {
    const clean = 'apiVersion: v1\nkind: Service\n'
    for (const input of [manifests, clean]) {
      const { out, err } = await run(['check', '--fix', '-'], {}, { input })
      expect(out).toBe((await run(['check', '--fix', 'a.yaml'], { 'a.yaml': input })).files['a.yaml'])
      expect(err).toContain('1 file, ')
    }
    expect((await run(['check', '--fix', '--diff', '-'], {}, { input: clean })).status).toBe(2)
  })
})

describe('SARIF', () => {
  const validate = new Ajv2020({ strict: false, formats: {
    uri: (text: string) => URL.canParse(text),
    'uri-reference': (text: string) => /^[\w.~:/?#[\]@!$&'()*+,;=%-]*$/.test(text) && URL.canParse(text, 'file:///'),
    'date-time': true,
    uuid: true,
  } }).compile(JSON.parse(readFileSync(join(folder, 'sarif-schema-2.1.0.json'), 'utf8')) as object)

  test('is valid, and a fault is seen', async () => {
    const log = JSON.parse((await check('--format', 'sarif')).out) as Log
    expect(validate(log) || validate.errors).toBe(true)
    expect(validate({ ...log, runs: [{ results: [] }] })).toBe(false)
    expect(
      validate(
        structuredClone({ ...log,
          runs: log.runs.map((one) => ({ ...one, results: one.results?.map((result) => ({ ...result, level: 'deny' })) })) }),
      ),
    ).toBe(false)
  })

  test('holds every rule, and results point to theirs', async () => {
    const log = JSON.parse((await check('--format', 'sarif')).out) as Log
    const { tool, results = [] } = log.runs[0] ?? { tool: { driver: { name: '' } } }
    expect(tool.driver.rules?.map(({ id }) => id)).toEqual(catalogue.map(({ id }) => id))
    for (const { ruleId, ruleIndex = -1 } of results) expect(tool.driver.rules?.[ruleIndex]?.id).toBe(ruleId)
    expect(results.length).toBeGreaterThan(8)
  })

  const resultsOf = async (files: Record<string, string>): Promise<readonly Result[]> => {
    const { out } = await run(['check', ...Object.keys(files), '--format', 'sarif'], files)
    return (JSON.parse(out) as Log).runs[0]?.results ?? []
  }
  const prints = (results: readonly Result[]): (string | undefined)[] =>
    results.map(({ partialFingerprints }) => partialFingerprints?.['paddock/v1'])

  test('a finding is known again where it has moved, and no two are the same', async () => {
    const before = await resultsOf({ 'a.yaml': manifests })
    const after = await resultsOf({ 'a.yaml': `# a comment\n\n${manifests}` })
    expect(prints(after)).toEqual(prints(before))
    expect(new Set(prints(before)).size).toBe(before.length)
    expect(after[0]?.locations?.[0]?.physicalLocation?.region?.startLine).toBe(
      (before[0]?.locations?.[0]?.physicalLocation?.region?.startLine ?? 0) + 2,
    )
    const twice = await resultsOf({ 'a.yaml': manifests.split('---')[0] ?? '', 'b.yaml': manifests.split('---')[0] ?? '' })
    expect(new Set(prints(twice)).size).toBe(twice.length)
  })

  test('files within the folder are relative, others are not; no region leaves its line', async () => {
    const script =
      'apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec:\n  containers:\n    - command:\n        - sh\n        - -c\n        - |\n          exec gunicorn app\n          true\n'
    const places = (await resultsOf({ './k8s/a b.yaml': script, '/etc/x.yaml': script })).map(({ locations }) =>
      locations?.[0]?.physicalLocation
    )
    const uris = new Set(places.map((place) => `${place?.artifactLocation?.uriBaseId ?? ''} ${place?.artifactLocation?.uri}`))
    expect([...uris]).toEqual(['%SRCROOT% k8s/a%20b.yaml', ' file:///etc/x.yaml'])
    for (const place of places) {
      const { startLine = 0, startColumn = 0, endColumn } = place?.region ?? {}
      const length = script.split('\n')[startLine - 1]?.length ?? 0
      expect(endColumn ?? startColumn + 1).toBeGreaterThan(startColumn)
      expect(endColumn ?? 0).toBeLessThanOrEqual(length + 1)
    }
  })

  test('of too many results the gravest are kept', () => {
    const chunks: string[] = []
    const reporter = sarifReporter((text) => chunks.push(text), { version: '1' })
    for (const command of [['gunicorn', 'app', '-t', '10'], ['gunicorn', 'app', '-k', 'sunc']]) {
      const text = JSON.stringify({ apiVersion: 'v1', kind: 'Pod', spec: { containers: [{ command }] } })
      const [checked] = checkText(text, { policyFor: () => preset('blueking') }, () => undefined)
      if (!checked || !('workload' in checked)) throw new Error('a Pod is a workload')
      for (let count = 0; count < 4200; count++) reporter.workload(undefined, checked.workload)
    }
    reporter.end({ files: 0, workloads: 0, invocations: 0, denied: 0, warned: 0, fixable: 0, audited: 0, fixed: 0, unreadable: 0, unseen: 0,
      passedOver: 0, written: false })
    const { results = [], invocations = [] } = (JSON.parse(chunks.join('')) as Log).runs[0] ?? {}
    const levels = results.map(({ level }) => level)
    expect(levels.length).toBe(25_000)
    expect(levels.indexOf('warning')).toBe(4200)
    expect(levels.lastIndexOf('warning')).toBe(8399)
    expect(invocations[0]?.toolExecutionNotifications?.[0]?.message.text).toMatch(
      /^\d+ more findings were left out, the gravest ones kept$/,
    )
  })

  test('what is in a cluster has a logical place alone', () => {
    const chunks: string[] = []
    const reporter = sarifReporter((text) => chunks.push(text), { version: '1' })
    const text = JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'shop' },
      spec: { containers: [{ name: 'app', command: ['gunicorn', 'app', '-k', 'sunc'] }] } })
    for (const checked of checkText(text, { policyFor: () => preset('blueking') }, () => undefined))
      if ('workload' in checked)
        reporter.workload(undefined, { ...checked.workload,
          findings: checked.workload.findings.map(({ finding }) => ({ finding, fixable: false, fixed: false })) })
    reporter.unreadable(undefined, { message: 'Pod shop/x: spec: Invalid value: 1: must be an object' })
    reporter.end({ files: 0, workloads: 1, invocations: 1, denied: 1, warned: 0, fixable: 5, audited: 0, fixed: 0, unreadable: 1, unseen: 0,
      passedOver: 0, written: false })
    const log = JSON.parse(chunks.join('')) as Log
    expect(validate(log) || validate.errors).toBe(true)
    expect(log.runs[0]?.results?.[0]?.locations).toEqual([{
      logicalLocations: [{ name: 'app', fullyQualifiedName: 'Pod shop/web, container app', kind: 'resource' }],
    }])
  })
})

describe('JUnit', () => {
  test.each([
    ['deny', 0],
    ['warn', 1],
  ])('with --fail-on %s a warning fails %d cases', async (failOn, failures) => {
    const file = JSON.stringify({ apiVersion: 'v1', kind: 'Pod', spec: { containers: [{ command: ['gunicorn', 'app', '-t', '10'] }] } })
    const { out } = await run(['check', 'a.json', '--format', 'junit', '--fail-on', failOn], { 'a.json': file })
    expect(out).toContain(`<testsuites name="paddock" tests="1" failures="${failures}" errors="0">`)
  })
})

describe('whatever a manifest holds, the report is read back', () => {
  /** What a report is about: the messages of one workload whose worker class is the text, in a file of that name. */
  const report = async (format: string, text: string, file: string): Promise<{ out: string; messages: string[] }> => {
    const manifest = JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: text },
      spec: { containers: [{ name: text, command: ['gunicorn', 'app', '-k', text] }] } })
    const { out, files } = await run(['check', file, '--format', `${format},json=/out`], { [file]: manifest })
    const { workloads } = JSON.parse(files['/out'] ?? '') as { workloads: { findings: { message: string }[] }[] }
    return { out, messages: workloads.flatMap(({ findings }) => findings.map(({ message }) => message)).sort() }
  }
  const texts = fc.oneof(fc.string(), fc.string({ unit: 'binary' }),
    fc.array(fc.constantFrom('|', '\\', '`', '%', ':', ',', '\n', '\r', ' ', '<', '{', '}', '0', '@a', '$')).map((parts) => parts.join('')))
  const names = texts.filter((text) => !text.includes('\0') && !/^-|^$/.test(text))
  const holds = async (format: string, read: (out: string, file: string) => string[]): Promise<void> =>
    fc.assert(
      fc.asyncProperty(texts, names, async (text, name) => {
        const file = `${name}.yaml`
        const { out, messages } = await report(format, text, file)
        expect(read(out, file).sort()).toEqual(messages)
      }),
      { numRuns: amount(60) },
    )

  test('github', async () => {
    const unescaped = (text: string): string =>
      text.replaceAll(/%(0D|0A|3A|2C)/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))).replaceAll('%25', '%')
    await holds('github', (out, file) => {
      const lines = out.split('\n').filter((line) => line.startsWith('::'))
      return lines.map((line) => {
        const [, properties = '', message = ''] = /^::\w+ (.*?)::(.*)$/.exec(line) ?? []
        const named = new Map(
          properties.split(',').map((property) => property.split('=', 1)[0] ?? '').map((name,
            index) => [name, properties.split(',')[index]?.slice(name.length + 1) ?? '']
          ),
        )
        expect(unescaped(named.get('file') ?? '')).toBe(file.split('\r').map(visibleLines).join('\r'))
        return /^.*? \[[a-z0-9-]+\](?= [A-Z])/s.exec(unescaped(message))?.[0] ?? message
      })
    })
  })

  test('sarif', async () => {
    await holds('sarif', (out, file) =>
      ((JSON.parse(out) as Log).runs[0]?.results ?? []).map(({ message, locations }) => {
        const uri = locations?.[0]?.physicalLocation?.artifactLocation?.uri ?? ''
        expect(decodeURIComponent(uri.replace(/^file:\/\//, ''))).toBe(file.replace(/^(\.\/)+/, ''))
        const text = (message.text ?? '').replaceAll(/\{\{|\}\}/g, ([brace]) => brace ?? '')
        return /^.*? \[[a-z0-9-]+\](?= [A-Z])/s.exec(text)?.[0] ?? text
      }))
  })

  /** The text of a cell of code: a code span, or entities in `<code>`. CommonMark 6.1, GFM 4.10. */
  const shown = (markdown: string): string => {
    const entities = /^<code>(.*)<\/code>$/s.exec(markdown)?.[1]
    if (entities !== undefined) return entities.replaceAll(/&#(\d+);/g, (_, number: string) => String.fromCodePoint(Number(number)))
    const fence = /^`+/.exec(markdown)?.[0] ?? ''
    const inner = markdown.slice(fence.length, -fence.length)
    expect(inner).not.toMatch(new RegExp(`(?<!\`)${fence}(?!\`)`))
    expect(markdown.endsWith(fence)).toBe(true)
    const text = inner.replaceAll('\\|', '|')
    return /^ .* $/s.test(text) && text.trim() !== '' ? text.slice(1, -1) : text
  }

  test('markdown', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const markdown = code(text)
        // A row is split at every pipe that has no backslash before it, wherever it stands.
        expect(markdown).not.toMatch(/(?<!\\)\||\\\\\||[\r\n]/)
        if (text !== '') expect(shown(markdown)).toBe(visibleLines(text.replaceAll(/\s/g, ' ')))
      }),
      { numRuns: amount(500) },
    )
  })
})
