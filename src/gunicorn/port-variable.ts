/** The variable by which a platform assigns the port: what it holds, and how it is written. */
import { containerEnvironment, type ContainerEnvironment } from '../kubernetes/environment.ts'
import { expand, expandRewritten } from '../kubernetes/expansion.ts'
import type { Container, Workload } from '../kubernetes/workload.ts'
import type { Word } from '../shell/word.ts'
import type { Source } from './settings.ts'
import { cmdArgs } from './variables.ts'

/**
 * Whether the variable is defined, or a fix can define it: `wrong` where what it is defined as is no port, so that nothing may be made
 * to read it; `unknown` where that cannot be seen.
 */
export type PortVariable = 'defined' | 'wrong' | 'definable' | 'unknown' | 'none'

/** The variable as a platform names it, and what it is defined as where a container names no port; null for nothing. */
export interface AssignedPort {
  readonly env: string
  readonly fallback: number | null
}

/** How the variable stands in a container. */
export function portVariable({ environment, container }: { readonly environment: ContainerEnvironment; readonly container: Container },
  port: AssignedPort): PortVariable {
  const defined = environment.variables.get(port.env)
  if (defined) return defined.value === null || isPort(defined.value) ? 'defined' : 'wrong'
  if (environment.mayComeFromElsewhere(port.env)) return 'unknown'
  if (container.process?.hasPortConflict) return 'none'
  return container.port !== undefined || port.fallback !== null ? 'definable' : 'none'
}

/** True for what a Service can send traffic to, as it stands in a variable. */
export const isPort = (text: string): boolean => /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65535

/** True for a number that gunicorn takes for a host: as an address, 8080 is 0.0.31.144. Zero alone is every address. */
export const isBarePort = (bind: string): boolean => /^[1-9]\d{0,4}$/.test(bind.trim()) && Number(bind) <= 65535

/** A text with each form of the port's variable (`${PORT:-8000}`, `$(PORT)`) as `$PORT`; undefined where it holds none. */
export function withPortVariable(text: string, env: string): string | undefined {
  if (!text.includes('$')) return undefined
  const forms = new RegExp(`\\$(?:\\(${env}\\)|\\{${env}(?::?-[^{}]*)?\\}|${env}(?![A-Za-z0-9_]))`, 'g')
  return forms.test(text) ? text.replace(forms, () => `$${env}`) : undefined
}

/** In what a word may name the variable. */
interface Named {
  readonly container: Container
  readonly workload: Pick<Workload, 'enableServiceLinks'>
  readonly platform: { readonly port: AssignedPort }
  readonly portVariable: PortVariable
}

/**
 * Whether a word names the port's variable where nobody expands it: true as well where it would be expanded to something else if
 * the variable held a port. What the variable holds may look like its own name (`PORT: $(PORT)`): then it is the variable that is at fault.
 */
export function namesPort({ container, workload, platform, portVariable: standing }: Named, source: Source, word: Word): boolean {
  if (standing !== 'wrong') return true
  const { env } = platform.port
  const good = container.env.map((variable) => (variable.name === env ? { ...variable, value: '5000' } : variable))
  const { lookup, variables } = containerEnvironment({ ...container, env: good }, workload.enableServiceLinks)
  const text = source === cmdArgs ? variables.get(source)?.value : (container.process ? expandRewritten : expand)(word.text, lookup).text
  return typeof text !== 'string' || withPortVariable(text, env) !== undefined
}
