/** How the webhook process is started: flags, and what a Pod says of itself. */
import { parseArgs } from 'node:util'
import { duration } from '../cluster/duration.ts'
import { imageFlags, imageOptions, type ImageOptions } from '../images/options.ts'

export interface WebhookOptions {
  /** Where the certificate's Secret is; nothing is held back in this namespace. */
  readonly namespace: string
  readonly host: string
  readonly port: number
  readonly tlsSecret: string
  /** Milliseconds. */
  readonly lameDuck: number
  /** Users that make workloads out of others, beside the cluster's own controllers. */
  readonly controllers: readonly string[]
  readonly kubeconfig: string | undefined
  /** Bytes of answers that are remembered; 0 for none. */
  readonly memo: number
  /** A file with the authorities whose clients may send reviews; undefined where anybody may. */
  readonly clientCa: string | undefined
  /** How images are looked into; undefined where they may not be. */
  readonly lookingInto: ImageOptions | undefined
}

/** @throws an error to show to who started it */
export function webhookOptions(args: readonly string[], env: Readonly<Record<string, string | undefined>>): WebhookOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      namespace: { type: 'string', default: env['POD_NAMESPACE'] ?? '' },
      host: { type: 'string', default: '::' },
      port: { type: 'string', default: '8443' },
      'tls-secret': { type: 'string', default: 'paddock-webhook-tls' },
      'lame-duck': { type: 'string', default: '5s' },
      controllers: { type: 'string', default: '' },
      kubeconfig: { type: 'string' },
      'client-ca': { type: 'string' },
      ...imageFlags,
      memo: { type: 'string', default: '4' },
    },
  })
  const lameDuck = duration(values['lame-duck'])
  if (values.namespace === '') throw new Error('--namespace must be given where $POD_NAMESPACE is not set')
  if (!/^\d+$/.test(values.port) || Number(values.port) > 65_535)
    throw new Error(`--port: "${values.port}" must be a number from 0 to 65535`)
  if (!/^\d{1,4}$/.test(values.memo)) throw new Error(`--memo: "${values.memo}" must be a number of MiB from 0 to 9999`)
  if (lameDuck === undefined)
    throw new Error(`--lame-duck: "${values['lame-duck']}" must be a duration as Go writes it, such as 5s`)
  return {
    namespace: values.namespace,
    host: values.host,
    port: Number(values.port),
    tlsSecret: values['tls-secret'],
    lameDuck,
    controllers: values.controllers.split(',').map((user) => user.trim()).filter((user) => user !== ''),
    kubeconfig: values.kubeconfig,
    clientCa: values['client-ca'],
    lookingInto: imageOptions(values),
    memo: Number(values.memo) * 1024 * 1024,
  }
}
