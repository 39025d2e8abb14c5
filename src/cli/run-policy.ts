/** `paddock policy show`. */
import { dump } from 'js-yaml'
import { presetNamed } from '../policy/read.ts'
import type { Io } from './io.ts'

export function showPolicy(name: string, io: Io): void {
  const { defaults, port, workerFallback, rules, allow, onFault } = presetNamed(name)
  const spec = { defaults, port, workerFallback, rules, allow: [...allow], onFault }
  io.stdout.write(dump({ apiVersion: 'paddock.dev/v1alpha1', kind: 'GunicornPolicy', metadata: { name }, spec }, { lineWidth: -1 }))
}
