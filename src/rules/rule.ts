/** What a rule is, what it sees, and what it yields. */
import type { Misstart, Place } from '../command-line.ts'
import type { Splice } from '../edit.ts'
import type { Release } from '../gunicorn/catalogue.ts'
import type { AssignedPort, PortVariable } from '../gunicorn/port-variable.ts'
import type { Entry } from '../gunicorn/settings.ts'
import type { Invocation } from '../inspect.ts'
import type { Path, Shape } from '../kubernetes/field.ts'
import type { Python } from '../python/known.ts'
import type { Word } from '../shell/word.ts'

export type Severity = 'error' | 'warning' | 'info'

/** What may be done about a finding. */
export const actions = ['Off', 'Audit', 'Warn', 'Fix', 'Deny'] as const
export type Action = (typeof actions)[number]

/** How an edit mends a problem: a setting and its new value, or a word taken apart. */
export type Fix =
  /**
   * `$PORT` (the platform's port variable) in a value stays a variable. With `entry`, that value of the setting is
   * replaced where it stands; without, the setting is added.
   */
  | { readonly setting: string; readonly value: string | number | true; readonly entry?: Entry }
  /** Text is put in front of a value where it stands on the command line, be its value known or not. */
  | { readonly put: string; readonly before: Entry }
  | { readonly split: Word; readonly into: readonly string[] }
  /** Text of the string at a path is put in place of what stands there. */
  | { readonly path: Path; readonly splices: readonly Splice[] }
  /** The option of this setting, one without a value, is left out wherever it stands. */
  | { readonly drop: string }
  /** The program takes the place of the shell that starts it. */
  | { readonly exec: true }
  /** Nothing but the port variable is missing. */
  | { readonly define: 'port' }

/** What a rule yields. */
export interface Problem {
  readonly place: Place
  readonly shape: Shape
  /** The offending value, as it is written. */
  readonly value?: unknown
  /** What is allowed, in the words of the message guide: lower case, no full stop, one sentence. */
  readonly detail: string
  /** Instead of the rule's own, where it can be more exact. */
  readonly remedy?: string
  readonly fix?: Fix
  /** True for what belongs to the fix of another problem, and is no fault by itself: it is done with that fix, or not told. */
  readonly isPart?: boolean
  /** The setting whose value it is about, of a rule that reads several. */
  readonly about?: string
  /** The releases for which this is a problem, where the image's release is not known and others do not mind. */
  readonly releases?: readonly Release[]
  /** What is not in sight and may make it no problem after all, as the end of the message: `unless …`. Then nothing is denied for it. */
  readonly doubt?: string
}

/** What the platform offers and asks for, as the policy tells it. */
export interface Terms {
  /** The values that are put in where nothing sets the setting. */
  readonly defaults: Readonly<Record<string, string | number>>
  /** Whether they are also put in where gunicorn goes by them anyway. */
  readonly explicit: boolean
  /** The variable by which the platform assigns the port. */
  readonly port: AssignedPort
  /** Where settings are put in: on the command line, or in the variables of the container. */
  readonly injection: 'Command' | 'Environment'
  /** The worker class that takes the place of one whose distribution is missing; null for none. */
  readonly workerFallback: string | null
  /** What somebody wants a container to have; nothing in a policy says so. */
  readonly wanted?: Wanted
}

/** Settings that are wanted of the gunicorns of a container. */
export interface Wanted {
  /** Its name. */
  readonly container: string
  /** By gunicorn's names; false for an option that is to be left out. */
  readonly settings: Readonly<Record<string, string | number | boolean>>
}

/** What a rule sees. */
export interface Subject extends Invocation {
  readonly platform: Terms
  readonly python: Python
  /** How the port variable stands in the container. */
  readonly portVariable: PortVariable
  /** All gunicorns of the workload, where several run beside each other: in containers of their own, or in the background of a script. */
  readonly inPod?: readonly Invocation[]
  /** What the workload wants to switch off and may not, where it stands for itself as a whole; `isRule` where there is such a rule. */
  readonly refused?: readonly { readonly id: string; readonly isRule: boolean }[]
}

export interface Rule {
  /** The fault, kebab-case; reads after "allow"; never renamed. */
  readonly id: string
  readonly severity: Severity
  /** What presets do about it unless they say otherwise. */
  readonly action: Action
  /** True where a workload may switch it off for itself, by `paddock.dev/allow`, unless a policy says otherwise. */
  readonly mayBeAllowed?: boolean
  /** One line, no full stop. */
  readonly summary: string
  /** What happens at run time, in the present tense. */
  readonly why: string
  /** An order; ends with a full stop. */
  readonly remedy: string
  /** The settings that it reads, by gunicorn's names. */
  readonly settings: readonly string[]
  /** True for a rule that speaks where nothing sets its settings; others are not asked then. */
  readonly unset?: boolean
  /** True for a rule that also looks at invocations that gunicorn refuses or that do not serve. */
  readonly always?: boolean
  /** True for a rule about words that gunicorn refuses whatever else it is told: it looks as well at those of a gunicorn that is not in sight itself. */
  readonly isAboutWords?: boolean
  /** `hidden` for a rule that speaks of containers whose command is not in sight, `unread` for those that were not read to their end, `workload` for one of workloads as a whole, and of nothing else. */
  readonly of?: 'hidden' | 'unread' | 'workload'
  readonly check: (subject: Subject) => Iterable<Problem>
  /** For a rule that also speaks of what a command line says in vain. */
  readonly ofMisstart?: (misstart: Misstart) => Problem | undefined
}

export function defineRule(rule: Rule): Rule {
  return rule
}
