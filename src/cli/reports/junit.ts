/**
 * `--format junit`: JUnit's XML, as Jenkins and GitLab read it. A workload is a test case, which fails where a finding does; a
 * file is a suite. Source: junit-10.xsd of Jenkins' xUnit plugin, https://docs.gitlab.com/ci/testing/unit_test_reports/.
 */
import { decidedBy, placeName, workloadName, type ReportedFile, type ReportedFinding, type Reporter } from './report.ts'

interface Suite {
  readonly cases: string[]
  failures: number
  errors: number
}

export function junitReporter(write: (text: string) => void, { fails }: { fails: (action: string) => boolean }): Reporter {
  const suites = new Map<string, Suite>()
  const suiteOf = (name: string): Suite => {
    const suite = suites.get(name) ?? { cases: [], failures: 0, errors: 0 }
    suites.set(name, suite)
    return suite
  }
  return {
    workload(file, { workload, findings }) {
      const name = file?.name ?? (workload.namespace || 'cluster')
      const suite = suiteOf(name)
      const failing = findings.filter(({ finding, fixed }) => fails(finding.action) && !fixed)
      const others = findings.filter(({ finding, fixed }) => !fails(finding.action) || fixed)
      const [first] = failing
      if (first) suite.failures += 1
      const lines = (found: readonly ReportedFinding[]): string => found.map((one) => findingLine(file, one)).join('')
      const { rule = '', message = '' } = first?.finding ?? {}
      const failure = first ? element('failure', { type: rule, message }, lines(failing)) : ''
      const output = others.length > 0 ? element('system-out', {}, lines(others)) : ''
      suite.cases.push(testCase(name, workloadName(workload), failure + output))
    },
    unreadable(file, { message, span, workload }) {
      const name = file?.name ?? (workload?.namespace || 'cluster')
      const suite = suiteOf(name)
      suite.errors += 1
      const place = placeName(file, span, workload)
      const error = element('error', { type: 'unreadable', message }, `${place}: ${message}\n`)
      suite.cases.push(testCase(name, place === '' ? name : place, error))
    },
    end() {
      write(`<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${attributes({ name: 'paddock', ...totals([...suites.values()]) })}>\n`)
      for (const [name, suite] of suites) {
        write(`<testsuite${attributes({ name, ...totals([suite]) })}>\n`)
        for (const text of suite.cases) write(text)
        write('</testsuite>\n')
      }
      write('</testsuites>\n')
    },
  }
}

function totals(suites: readonly Suite[]): Readonly<Record<'tests' | 'failures' | 'errors', string>> {
  const sum = (count: (suite: Suite) => number): string => String(suites.reduce((total, suite) => total + count(suite), 0))
  return { tests: sum(({ cases }) => cases.length), failures: sum(({ failures }) => failures), errors: sum(({ errors }) => errors) }
}

const testCase = (classname: string, name: string, content: string): string =>
  `${element('testcase', { classname, name }, undefined, content)}\n`

function findingLine(file: ReportedFile | undefined, { finding, span, fixed }: ReportedFinding): string {
  const place = file && span ? `${placeName(file, span, undefined)}: ` : ''
  const remedy = fixed ? '' : `  ${finding.remedy}\n`
  return `${place}${finding.action.toLowerCase()}: ${finding.message}\n${remedy}  ${decidedBy(finding)}\n`
}

/** An XML element; `text` is escaped, `content` is XML already. */
export function element(name: string, values: Readonly<Record<string, string>>, text: string | undefined, content = ''): string {
  const inner = content + (text === undefined ? '' : xmlText(text))
  return inner === '' ? `<${name}${attributes(values)}/>` : `<${name}${attributes(values)}>${inner}</${name}>`
}

const attributes = (values: Readonly<Record<string, string>>): string =>
  Object.entries(values).map(([name, value]) => ` ${name}="${xmlText(value).replaceAll('\n', '&#10;').replaceAll('\t', '&#9;')}"`).join('')

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\r': '&#13;' }

/** Text as XML 1.0 holds it. What no XML document may hold, not even escaped, becomes U+FFFD (section 2.2). */
function xmlText(text: string): string {
  const storable = text.toWellFormed().replaceAll(/[^\t\n\r\u0020-\uFFFD]/g, '\uFFFD')
  return storable.replaceAll(/[&<>"\r]/g, (character) => entities[character] ?? '')
}
