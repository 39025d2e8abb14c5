import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { everything, named, render, withHelm } from './render.ts'

interface Panel {
  readonly id: number
  readonly title: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly { readonly expr: string }[]
}
interface Dashboard {
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly { readonly name: string }[] }
}

const sources = (folder: string): string =>
  readdirSync(folder)
    .map((name) => (statSync(join(folder, name)).isDirectory() ? sources(join(folder, name)) : readFileSync(join(folder, name), 'utf8')))
    .join('\n')

/** What the API server counts. Source: https://kubernetes.io/docs/reference/instrumentation/metrics/ */
const ofApiServer = ['admission_duration_seconds', 'rejection_count', 'fail_open_count', 'request_total'].map((name) =>
  `apiserver_admission_webhook_${name}`
)
/** What every program has that a Prometheus client looks after. */
const ofProcess = ['up', 'process_resident_memory_bytes', 'process_cpu_seconds_total']
const own = new Set(
  [...sources('src').matchAll(/name: '(paddock_\w+)'|gauge\(\s*'(paddock_\w+)'/g)].map(([, first, second]) => first ?? second),
)

/** The metrics that an expression reads, without what a histogram adds to its name. */
function metrics(expression: string): string[] {
  const bare = expression.replaceAll(/"[^"]*"/g, '').replaceAll(/\{[^}]*\}/g, '{}').replaceAll(/\[[^\]]*\]/g, '').replaceAll(
    /\b(by|on) \([^)]*\)/g,
    '',
  )
  return [...bare.matchAll(/\b(up|[a-z]+(?:_[a-z0-9]+)+)(?=\{|\s|\)|$)/g)].map(([, name = '']) =>
    name.replace(/_(bucket|sum|count)$/, (end) => (end === '_count' && name.startsWith('apiserver') ? end : ''))
  )
    .filter((name) => !['histogram_quantile', 'sort_desc', 'label_values'].includes(name))
}

const isBalanced = (expression: string): boolean => {
  const open: string[] = []
  for (const [bracket] of expression.replaceAll(/"[^"]*"/g, '').matchAll(/[()[\]{}]/g)) {
    if ('([{'.includes(bracket)) open.push(bracket)
    else if (open.pop() !== ({ ')': '(', ']': '[', '}': '{' } as Record<string, string>)[bracket]) return false
  }
  return open.length === 0
}

function expectKnown(expressions: readonly string[]): void {
  for (const expression of expressions) {
    expect({ expression, balanced: isBalanced(expression) }).toEqual({ expression, balanced: true })
    const read = metrics(expression)
    expect({ expression, read: read.length > 0 }).toEqual({ expression, read: true })
    expect({ expression, unknown: read.filter((name) => !own.has(name) && !ofApiServer.includes(name) && !ofProcess.includes(name)) })
      .toEqual({ expression, unknown: [] })
  }
}

describe('the dashboard', () => {
  const { panels, templating } = JSON.parse(readFileSync('charts/paddock/dashboards/paddock.json', 'utf8')) as Dashboard
  const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))

  test('shows metrics that there are', () => {
    expectKnown(expressions)
    // Each of them is of use to somebody, or would not be there.
    const shown = new Set(expressions.flatMap(metrics))
    for (const name of ['paddock_admission_reviews_total', 'paddock_admission_review_duration_seconds', 'paddock_findings_total',
      'paddock_certificate_expiry_timestamp_seconds', 'paddock_scan_findings', ...ofApiServer.slice(0, 3)])
      expect([...shown]).toContain(name)
  })

  test('asks for no variable that it does not define', () => {
    const defined = ['datasource', ...templating.list.map(({ name }) => name)]
    for (const [, name = ''] of JSON.stringify(panels).matchAll(/\$\{?(\w+)/g)) if (!name.startsWith('__')) expect(defined).toContain(name)
  })

  test('has panels beside each other and not on top of each other', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    for (const [index, { gridPos: a, title }] of panels.entries()) {
      expect(a.x + a.w).toBeLessThanOrEqual(24)
      for (const { gridPos: b, title: other } of panels.slice(index + 1))
        expect({ title, other, apart: a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y }).toEqual({ title,
          other, apart: true })
    }
  })

  withHelm('reaches its ConfigMap as it is', () => {
    const { data } = named(render(everything), 'ConfigMap', 'saddle-dashboard') as unknown as { data: Readonly<Record<string, string>> }
    expect(JSON.parse(data['paddock.json'] ?? '')).toEqual(JSON.parse(readFileSync('charts/paddock/dashboards/paddock.json', 'utf8')))
  })
})

withHelm('alerts are raised by metrics that there are, and each says what to do', () => {
  const { spec } = named(render(everything), 'PrometheusRule', 'saddle') as unknown as {
    spec: {
      groups: {
        rules: { alert: string; expr: string; labels: { severity: string }; annotations: { summary: string; description: string } }[]
      }[]
    }
  }
  const rules = spec.groups.flatMap((group) => group.rules)
  expectKnown(rules.map(({ expr }) => expr))
  for (const { labels, annotations } of rules) {
    expect(['critical', 'warning', 'info']).toContain(labels.severity)
    expect(annotations.summary).toMatch(/^[A-Z]/)
    expect(annotations.description).toMatch(/\.$/)
  }
  expect(rules.map(({ alert }) => alert)).toContain('PaddockBypassed')
})

withHelm('Prometheus reads the webhook over TLS that it can check', () => {
  const { spec } = named(render(everything), 'ServiceMonitor', 'saddle-webhook') as unknown as { spec: { endpoints: object[] } }
  expect(spec.endpoints).toEqual([{
    port: 'https',
    scheme: 'https',
    interval: '30s',
    tlsConfig: { serverName: 'saddle-webhook.paddock.svc', ca: { secret: { name: 'saddle-webhook-tls', key: 'ca.crt' } } },
  }])
})
