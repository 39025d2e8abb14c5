/**
 * What holds of an object that is broken: one that was stored before it was validated, or by a newer release with rules that
 * this one does not know. A word that is wrong is left out. What cannot do without it is left out as a whole.
 */
import { fieldPath, type Path } from '../kubernetes/field.ts'
import type { ExceptionObject } from './gunicorn-exception.ts'
import type { PolicyObject } from './gunicorn-policy.ts'
import { problemsOf } from './validate.ts'

/** What is wrong with a policy or an exception. */
export interface PolicyProblem {
  readonly kind: 'GunicornPolicy' | 'GunicornException'
  /** Empty for policies. */
  readonly namespace: string
  readonly name: string
  /** `spec.rules.nope: Forbidden: …`. */
  readonly message: string
}

interface Sound<Object> {
  readonly problems: readonly PolicyProblem[]
  /** Undefined where nothing of it holds. */
  readonly sound: Object | undefined
}

/** Whom a policy governs, and how it stands to others, is no word that can be left out. */
export function soundPolicy(policy: PolicyObject): { problems: readonly PolicyProblem[]; policy: PolicyObject | undefined } {
  const { problems, sound } = soundly('GunicornPolicy', policy,
    ([, field]) => field === undefined || field === 'match' || field === 'priority')
  return { problems, policy: sound }
}

/** Of an exception only the rules can do without one of their number: it must never let more pass than was meant. */
export function soundException(exception: ExceptionObject): { problems: readonly PolicyProblem[]; exception: ExceptionObject | undefined } {
  const { problems, sound } = soundly('GunicornException', exception, ([, field, index]) => field !== 'rules' || index === undefined)
  return { problems, exception: sound }
}

function soundly<Object extends PolicyObject | ExceptionObject>(kind: PolicyProblem['kind'], object: Object,
  isVital: (path: Path) => boolean): Sound<Object> {
  const found = problemsOf(kind, object)
  if (found.length === 0) return { problems: [], sound: object }
  const { name, namespace = '' } = object.metadata as { name: string; namespace?: string }
  const problems = found.map(({ message }) => ({ kind, namespace, name, message }))
  if (found.some(({ path }) => path[0] !== 'spec' || isVital(path))) return { problems, sound: undefined }
  const sound = structuredClone(object)
  const wrong = new Map(found.map(({ path }) => wordAt(path)).map((path) => [fieldPath(path), path]))
  // Elements of lists from behind, so that the places of those before still hold.
  for (const path of [...wrong.values()].reverse()) leaveOut(sound, path)
  return { problems, sound: problemsOf(kind, sound).length === 0 ? sound : undefined }
}

/** The fields whose members are words of their own. */
const membered = ['rules', 'defaults', 'port', 'allow', 'dependencies']

const wordAt = (path: Path): Path => path.slice(0, membered.includes(String(path[1])) ? 3 : 2)

function leaveOut(object: unknown, path: Path): void {
  const parent = path.slice(0, -1).reduce<unknown>((at, step) => (at as Record<string | number, unknown> | undefined)?.[step], object)
  const last = path.at(-1)
  if (Array.isArray(parent)) parent.splice(Number(last), 1)
  else if (last !== undefined && typeof parent === 'object' && parent !== null) delete (parent as Record<string, unknown>)[last]
}
