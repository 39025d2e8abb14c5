/** How the operator is started: flags, and what a Pod says of itself. */
import { parseArgs } from 'node:util'
import { duration } from '../cluster/duration.ts'
import { imageFlags, imageOptions, type ImageOptions } from '../images/options.ts'

export interface OperatorOptions {
  readonly command: 'run' | 'cleanup'
  readonly namespace: string
  /** What the names of all its objects begin with. */
  readonly name: string
  readonly failurePolicy: 'Ignore' | 'Fail'
  /** Seconds that the API server waits for the webhook. */
  readonly timeout: number
  readonly certificates: 'Self' | 'CertManager'
  /** Milliseconds. */
  readonly caLifetime: number
  /** Milliseconds. */
  readonly certificateLifetime: number
  /** Milliseconds. */
  readonly scanInterval: number
  readonly reports: 'Auto' | 'None'
  readonly excludedNamespaces: readonly string[]
  readonly host: string
  readonly port: number
  /** Where the webhook is called in place of its Service; without a slash at its end. */
  readonly webhookUrl: string | undefined
  /** Milliseconds. */
  readonly leaseDuration: number
  readonly kubeconfig: string | undefined
  /** How the scan looks into images; undefined where it may not. */
  readonly lookingInto: ImageOptions | undefined
}

/** @throws an error to show to who started it */
export function operatorOptions(args: readonly string[], env: Readonly<Record<string, string | undefined>>): OperatorOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      namespace: { type: 'string', default: env['POD_NAMESPACE'] ?? '' },
      name: { type: 'string', default: 'paddock' },
      'failure-policy': { type: 'string', default: 'Ignore' },
      timeout: { type: 'string', default: '2s' },
      certificates: { type: 'string', default: 'Self' },
      'ca-lifetime': { type: 'string', default: '8760h' },
      'certificate-lifetime': { type: 'string', default: '168h' },
      'scan-interval': { type: 'string', default: '1h' },
      reports: { type: 'string', default: 'Auto' },
      'exclude-namespaces': { type: 'string', default: '' },
      host: { type: 'string', default: '::' },
      port: { type: 'string', default: '8080' },
      'webhook-url': { type: 'string' },
      'lease-duration': { type: 'string', default: '15s' },
      kubeconfig: { type: 'string' },
      ...imageFlags,
    },
  })
  const time = (flag: 'timeout' | 'ca-lifetime' | 'certificate-lifetime' | 'scan-interval' | 'lease-duration', least: number): number => {
    const milliseconds = duration(values[flag])
    if (milliseconds === undefined) throw new Error(`--${flag}: "${values[flag]}" must be a duration as Go writes it, such as 1h30m`)
    if (milliseconds < least) throw new Error(`--${flag}: "${values[flag]}" must be at least ${least / 1000}s`)
    return milliseconds
  }
  const choice = <T extends string>(flag: 'failure-policy' | 'certificates' | 'reports', ...choices: readonly T[]): T => {
    const found = choices.find((one) => one === values[flag])
    if (found === undefined) throw new Error(`--${flag}: "${values[flag]}" must be one of ${choices.join(', ')}`)
    return found
  }
  const [command = 'run', ...more] = positionals
  if ((command !== 'run' && command !== 'cleanup') || more.length > 0)
    throw new Error(`"${positionals.join(' ')}": the one command is cleanup`)
  if (values.namespace === '') throw new Error('--namespace must be given where $POD_NAMESPACE is not set')
  if (!/^\d+$/.test(values.port) || Number(values.port) > 65_535)
    throw new Error(`--port: "${values.port}" must be a number from 0 to 65535`)
  const options: OperatorOptions = {
    command,
    namespace: values.namespace,
    name: values.name,
    failurePolicy: choice('failure-policy', 'Ignore', 'Fail'),
    timeout: time('timeout', 1000) / 1000,
    certificates: choice('certificates', 'Self', 'CertManager'),
    caLifetime: time('ca-lifetime', 60_000),
    certificateLifetime: time('certificate-lifetime', 20_000),
    scanInterval: time('scan-interval', 1000),
    reports: choice('reports', 'Auto', 'None'),
    excludedNamespaces: values['exclude-namespaces'].split(',').map((name) => name.trim()).filter((name) => name !== ''),
    host: values.host,
    port: Number(values.port),
    webhookUrl: values['webhook-url'] === undefined ? undefined : webhookUrl(values['webhook-url']),
    leaseDuration: time('lease-duration', 1000),
    kubeconfig: values.kubeconfig,
    lookingInto: imageOptions(values),
  }
  if (!Number.isInteger(options.timeout) || options.timeout > 30)
    throw new Error(`--timeout: "${values.timeout}" must be whole seconds, and at most 30s`)
  // What the former authority has signed has to end before the next one does.
  if (options.certificateLifetime * 3 > options.caLifetime) {
    throw new Error(
      `--certificate-lifetime: "${values['certificate-lifetime']}" must be at most a third of --ca-lifetime, "${values['ca-lifetime']}"`,
    )
  }
  return options
}

function webhookUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'https:' || url.search !== '' || url.hash !== '' || url.username !== '') {
    throw new Error(`--webhook-url: "${text}" must be a URL that begins with https://, without a query`)
  }
  return url.href.replace(/(?<!\/)\/+$/, '')
}
