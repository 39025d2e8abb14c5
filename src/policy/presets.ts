/** The policies that ship with Paddock. */
import { override, nothing, type Action, type Policy, type PolicySpec } from './policy.ts'

/** What each rule does where a preset does not say otherwise. */
const actions: Readonly<Record<string, Action>> = {
  'missing-bind': 'Fix',
  'ignored-port': 'Warn',
  'loopback-bind': 'Deny',
  'literal-port': 'Fix',
  'missing-access-log': 'Fix',
  'missing-error-log': 'Fix',
  'log-file': 'Warn',
  'missing-access-log-format': 'Fix',
  'missing-workers': 'Fix',
  'few-workers': 'Warn',
  'missing-worker-dependency': 'Deny',
  'unverified-worker-dependency': 'Warn',
  'python2-gevent': 'Deny',
  'unknown-worker-class': 'Deny',
  'removed-worker-class': 'Deny',
  'unknown-setting': 'Deny',
  'invalid-setting': 'Deny',
  'missing-application': 'Deny',
  'joined-argument': 'Fix',
  'disabled-timeout': 'Warn',
  'short-timeout': 'Warn',
  'hesitant-timeout': 'Warn',
}

/** What a workload may switch off for itself: all but what keeps it from starting or being reached. */
const allow = Object.keys(actions).filter((id) => actions[id] !== 'Deny')

const specs: Readonly<Record<string, PolicySpec>> = {
  /** The guide of the BlueKing developer centre: its default command, word for word. */
  blueking: {
    defaults: {
      workers: 4,
      bind: ':$PORT',
      accesslog: '-',
      errorlog: '-',
      access_log_format: `[%(h)s] %({request_id}i)s %(u)s %(t)s "%(r)s" %(s)s %(D)s %(b)s "%(f)s" "%(a)s"`,
    },
    port: { env: 'PORT', fallback: 5000 },
    rules: actions,
    allow,
  },
  /** Any cluster: logs on the console, and a port that the object itself names. gunicorn's own log format and one worker will do. */
  kubernetes: {
    defaults: { bind: ':$PORT', accesslog: '-', errorlog: '-' },
    port: { env: 'PORT', fallback: null },
    rules: {
      ...actions,
      'ignored-port': 'Off',
      'missing-access-log-format': 'Off',
      'missing-workers': 'Off',
      'few-workers': 'Off',
    },
    allow,
  },
}

/** The names of the presets, the default one first. */
export const presetNames: readonly string[] = Object.keys(specs)

/** A preset by its name; undefined where there is none of that name. */
export function preset(name: string): Policy | undefined {
  const spec = Object.hasOwn(specs, name) ? specs[name] : undefined
  return spec && override(nothing, name, spec)
}
