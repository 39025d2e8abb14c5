/** Policies and exceptions that are wrong, with what Paddock says of them, and what the API server says. */

export interface Broken {
  readonly name: string
  readonly kind: 'GunicornPolicy' | 'GunicornException'
  readonly spec: unknown
  /** Without the field that stands in front; undefined where Paddock sees no fault, as the API server mends it. */
  readonly ours: readonly [field: string, text: RegExp | string]
  /** The API server's. */
  readonly theirs: string
}

const policy = (name: string, spec: unknown, field: string, text: RegExp | string, theirs: string): Broken => ({ name,
  kind: 'GunicornPolicy', spec, ours: [field, text], theirs })
const exception = (name: string, spec: object, field: string, text: RegExp | string, theirs: string): Broken => ({
  name,
  kind: 'GunicornException',
  spec: { workloads: [{ kind: 'Deployment', name: 'shop' }], rules: ['log-file'], reason: 'for now', ...spec },
  ours: [field, text],
  theirs,
})

const actions = 'supported values: "Off", "Audit", "Warn", "Fix", "Deny"'
const anAction = 'must be one of "Off", "Audit", "Warn", "Fix", "Deny", or {action, otherwise}'

export const broken: readonly Broken[] = [
  policy('an action that there is not', { rules: { 'log-file': 'Refuse' } }, 'spec.rules.log-file', `Invalid value: "Refuse": ${anAction}`,
    `spec.rules.log-file: Unsupported value: "Refuse": ${actions}`),
  policy('On without quotes', { rules: { 'log-file': true } }, 'spec.rules.log-file', `Invalid value: true: ${anAction}`,
    'spec.rules.log-file: Unsupported value: true: '),
  policy('a list for an action', { rules: { 'log-file': ['Warn'] } }, 'spec.rules.log-file', `Invalid value: "array": ${anAction}`,
    `spec.rules.log-file: Unsupported value: ["Warn"]: ${actions}`),
  policy('a number for an action', { rules: { 'log-file': 1 } }, 'spec.rules.log-file', `Invalid value: 1: ${anAction}`,
    `spec.rules.log-file: Unsupported value: 1: ${actions}`),
  policy('no action', { rules: { 'log-file': {} } }, 'spec.rules.log-file', `Invalid value: "object": ${anAction}`,
    `spec.rules.log-file: Unsupported value: {}: ${actions}`),
  policy('an action in full that there is not', { rules: { 'log-file': { action: 'Refuse' } } }, 'spec.rules.log-file',
    `Invalid value: "object": ${anAction}`, `spec.rules.log-file.action: Unsupported value: "Refuse": ${actions}`),
  policy('Fix where the fix has failed', { rules: { 'log-file': { action: 'Fix', otherwise: 'Fix' } } }, 'spec.rules.log-file',
    `Invalid value: "object": ${anAction}`,
    'spec.rules.log-file.otherwise: Unsupported value: "Fix": supported values: "Off", "Audit", "Warn", "Deny"'),
  policy('an action with a field that there is not', { rules: { 'log-file': { action: 'Warn', unless: 'Deny' } } }, 'spec.rules.log-file',
    `Invalid value: "object": ${anAction}`, 'spec.rules.log-file: Too many: 2: must have at most 1 item'),
  policy('a rule that there is not', { rules: { 'log-flie': 'Warn' } }, 'spec.rules.log-flie', /^Forbidden: must be one of .*\blog-file\b/,
    'unknown field "spec.rules.log-flie"'),
  policy('a field that there is not', { images: {} }, 'spec.images', /^Forbidden: must be one of preset, priority, /,
    'unknown field "spec.images"'),
  policy('a preset that there is not', { preset: 'red' }, 'spec.preset',
    /^Unsupported value: "red": supported values: "blueking", "kubernetes", /,
    'spec.preset: Unsupported value: "red": supported values: "blueking", "kubernetes", '),
  policy('a priority out of bounds', { priority: 1001 }, 'spec.priority', 'Invalid value: 1001: must be between -1000 and 1000, inclusive',
    'spec.priority: Invalid value: 1001: must be between -1000 and 1000, inclusive'),
  policy('images that are looked into at times', { dependencies: { images: 'Sometimes' } }, 'spec.dependencies.images',
    'Unsupported value: "Sometimes": supported values: "Never", "Always"',
    'spec.dependencies.images: Unsupported value: "Sometimes": supported values: "Never", "Always"'),
  policy('a budget for images out of bounds', { dependencies: { imageBudget: 10_001 } }, 'spec.dependencies.imageBudget',
    'Invalid value: 10001: must be between 0 and 10000, inclusive',
    'spec.dependencies.imageBudget: Invalid value: 10001: must be between 0 and 10000, inclusive'),
  policy('an empty match', { match: {} }, 'spec.match', /must name kinds, a namespaceSelector or a workloadSelector: leave match out/,
    'spec.match: Invalid value: must name kinds, a namespaceSelector or a workloadSelector: leave match out'),
  policy('a kind that there is not', { match: { kinds: ['Deploy'] } }, 'spec.match.kinds[0]',
    /^Unsupported value: "Deploy": supported values: .*"Deployment"/,
    'spec.match.kinds[0]: Unsupported value: "Deploy": supported values: '),
  policy('no kinds', { match: { kinds: [] } }, 'spec.match.kinds', 'Invalid value: "array": must have at least 1 item',
    'spec.match.kinds: Invalid value: 0: spec.match.kinds in body should have at least 1 items'),
  policy('In without values', { match: { namespaceSelector: { matchExpressions: [{ key: 'team', operator: 'In' }] } } },
    'spec.match.namespaceSelector.matchExpressions[0]', /In and NotIn must have values, Exists and DoesNotExist must have none/,
    'spec.match.namespaceSelector.matchExpressions[0]: Invalid value: In and NotIn must have values, Exists and DoesNotExist must have none'),
  policy('Exists with values', { match: { workloadSelector: { matchExpressions: [{ key: 'team', operator: 'Exists', values: ['a'] }] } } },
    'spec.match.workloadSelector.matchExpressions[0]', /In and NotIn must have values, Exists and DoesNotExist must have none/,
    'spec.match.workloadSelector.matchExpressions[0]: Invalid value: In and NotIn must have values, Exists and DoesNotExist must have none'),
  policy('a label that can be none', { match: { workloadSelector: { matchLabels: { team: 'a b' } } } },
    'spec.match.workloadSelector.matchLabels.team', /^Invalid value: "a b": must match /,
    'spec.match.workloadSelector.matchLabels.team: Invalid value: "a b": '),
  policy('a setting that gunicorn does not have', { defaults: { worker: 4 } }, 'spec.defaults.worker',
    /^Unsupported value: "worker": supported values: .*"workers"/,
    'spec.defaults: Invalid value: there must be no other names than access_log_format, '),
  policy('a default that is no word', { defaults: { workers: true } }, 'spec.defaults.workers',
    'Invalid value: true: must be a string, an integer, or null',
    'spec.defaults.workers: Invalid value: "boolean": spec.defaults.workers in body must be of type integer,string'),
  policy('a way to put settings in that there is not', { injection: 'Config' }, 'spec.injection',
    'Unsupported value: "Config": supported values: "Command", "Environment"',
    'spec.injection: Unsupported value: "Config": supported values: "Command", "Environment"'),
  policy('a port that is none', { port: { fallback: 65536 } }, 'spec.port.fallback',
    'Invalid value: 65536: must be a port number from 1 to 65535, or null',
    'spec.port.fallback: Invalid value: 65536: spec.port.fallback in body should be less than or equal to 65535'),
  policy('a variable that can be none', { port: { env: 'THE-PORT' } }, 'spec.port.env', /^Invalid value: "THE-PORT": must match /,
    'spec.port.env: Invalid value: "THE-PORT": '),
  policy('an allowed rule that there is not', { allow: ['log-flie'] }, 'spec.allow[0]',
    /^Unsupported value: "log-flie": supported values: .*"log-file"/, 'spec.allow[0]: Unsupported value: "log-flie": supported values: '),
  policy('a way out of a fault that there is not', { onFault: 'Warn' }, 'spec.onFault',
    'Unsupported value: "Warn": supported values: "Allow", "Deny"',
    'spec.onFault: Unsupported value: "Warn": supported values: "Allow", "Deny"'),
  exception('no reason', { reason: ' \n' }, 'spec.reason', /must say why the findings are let pass/,
    'must say why the findings are let pass'),
  exception('a reason left out', { reason: undefined }, 'spec.reason', 'Required value: must be set', 'spec.reason: Required value'),
  exception('a day for an end', { expiry: '2027-01-31' }, 'spec.expiry',
    'Invalid value: "2027-01-31": must be a time as RFC 3339 writes it, such as 2027-01-31T00:00:00Z',
    'spec.expiry: Invalid value: "2027-01-31": must be a time as RFC 3339 writes it, such as 2027-01-31T00:00:00Z'),
  exception('an end without its offset', { expiry: '2027-01-31T00:00:00' }, 'spec.expiry', /must be a time as RFC 3339 writes it/,
    'spec.expiry: Invalid value: "2027-01-31T00:00:00": must be a time as RFC 3339 writes it'),
  exception('an end in a month that there is not', { expiry: '2027-13-31T00:00:00Z' }, 'spec.expiry',
    /must be a time as RFC 3339 writes it/, 'spec.expiry: Invalid value: "2027-13-31T00:00:00Z": must be a time as RFC 3339 writes it'),
  exception('no workloads', { workloads: [] }, 'spec.workloads', 'Invalid value: "array": must have at least 1 item',
    'spec.workloads: Invalid value: 0: spec.workloads in body should have at least 1 items'),
  exception('a workload without a name', { workloads: [{ kind: 'Deployment' }] }, 'spec.workloads[0].name', 'Required value: must be set',
    'spec.workloads[0].name: Required value'),
  exception('no rules', { rules: [] }, 'spec.rules', 'Invalid value: "array": must have at least 1 item',
    'spec.rules: Invalid value: 0: spec.rules in body should have at least 1 items'),
  exception('a rule that there is not', { rules: ['log-flie'] }, 'spec.rules[0]', /^Unsupported value: "log-flie"/,
    'spec.rules[0]: Unsupported value: "log-flie": supported values: '),
]

/** Such as must be accepted. */
export const sound: readonly Pick<Broken, 'name' | 'kind' | 'spec'>[] = [
  { name: 'Off without quotes, which YAML takes for false', kind: 'GunicornPolicy',
    spec: { rules: { 'log-file': false, 'missing-workers': { action: 'Fix', otherwise: false } } } },
  { name: 'nothing said', kind: 'GunicornPolicy', spec: {} },
  {
    name: 'all that can be said',
    kind: 'GunicornPolicy',
    spec: {
      preset: 'kubernetes',
      priority: -1000,
      match: {
        kinds: ['Deployment', 'CronJob'],
        namespaceSelector: {
          matchExpressions: [{ key: 'env', operator: 'NotIn', values: ['dev', ''] }, { key: 'example.com/team', operator: 'Exists' }],
        },
        workloadSelector: { matchLabels: { tier: 'web' } },
      },
      defaults: { workers: 2, timeout: '60', accesslog: null },
      injection: 'Environment',
      port: { env: 'HTTP_PORT', fallback: null },
      workerFallback: 'gthread',
      dependencies: { images: 'Always', imageBudget: 0, registries: ['*.example.com', 'registry:5000'] },
      rules: { 'missing-bind': { action: 'Fix', otherwise: 'Deny' }, 'log-file': 'Off', 'few-workers': { action: 'Audit' } },
      allow: ['few-workers'],
      onFault: 'Deny',
    },
  },
  { name: 'a selector of everything', kind: 'GunicornPolicy', spec: { match: { namespaceSelector: {} } } },
  { name: 'an exception without end', kind: 'GunicornException',
    spec: { workloads: [{ name: 'shop' }], rules: ['log-file'], reason: 'for now' } },
  { name: 'an exception with an end', kind: 'GunicornException',
    spec: { workloads: [{ kind: 'Job', name: 'shop' }], rules: ['log-file'], reason: 'bis März', owner: 'me',
      expiry: '2027-01-31T23:59:59.5+08:00' } },
]

/** The object that holds a spec. */
export const objectOf = ({ kind, spec }: Pick<Broken, 'kind' | 'spec'>): object => ({ apiVersion: 'paddock.dev/v1alpha1', kind,
  metadata: { name: 'trial' }, spec })
