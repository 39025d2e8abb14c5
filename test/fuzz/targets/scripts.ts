/** Start commands: of every syntax, spoilt, and disguised. */
import { explain } from '../../../src/cli/explain.ts'
import { generate } from '../../conformance/shell-scripts.ts'
import { startScript } from '../../conformance/start-scripts.ts'
import { Random } from '../../conformance/random.ts'
import { scripts } from '../corpus.ts'
import { disguised, type Start } from '../disguises.ts'
import { governing, calmSpec } from '../policies.ts'
import { reviewed, reviewLaws } from '../review-laws.ts'
import { fieldsOf, listOf, textOf, type Fields, type Json, type Target } from '../target.ts'
import { mutated, quoted, rubble } from '../texts.ts'

const seedFrom = (random: Random): number => random.below(2 ** 31)

/** A script, with the words and variables that it gets. */
export interface Scripted {
  readonly text: string
  readonly parameters: readonly string[]
  readonly variables: Fields
}

export function scripted(random: Random): Scripted {
  const kind = random.next()
  const plain = (text: string): Scripted => ({ text, parameters: random.chance(0.2) ? ['sh', 'a b', ''] : [],
    variables: random.chance(0.5) ? { PORT: '8000', A: 'x y', OPTIONS: '-w 2' } : {} })
  const made = (): Scripted => {
    const { text, parameters, variables } = random.chance(0.5) ? startScript(seedFrom(random)) : generate(seedFrom(random))
    return { text, parameters, variables: Object.fromEntries(variables) }
  }
  if (kind < 0.3) return made()
  if (kind < 0.45) return plain(random.pick(scripts))
  if (kind < 0.7) return plain(mutated(random, random.pick(scripts), random.pick(scripts)))
  if (kind < 0.9) {
    const one = made()
    return { ...one, text: mutated(random, one.text, random.pick(scripts)) }
  }
  return plain(random.chance(0.5) ? rubble(random) : nested(random, random.pick(scripts)))
}

/** The script within shells of its own. */
function nested(random: Random, text: string): string {
  const inner = `${random.pick(['sh -c', 'eval', 'bash -c', 'exec sh -c'])} ${quoted(text)}`
  return random.chance(0.5) ? nested(random, inner).slice(0, 4000) : inner
}

const podOf = (words: readonly Json[], env: Fields): Fields => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'shop', namespace: 'shop' },
  spec: { containers: [{ name: 'web', command: words, env: Object.entries(env).map(([name, value]) => ({ name, value })) }] },
})

const reviewOf = (object: Json): string =>
  JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview',
    request: { uid: '1', operation: 'CREATE', namespace: 'shop', object } })

export const scriptReviews: Target = {
  name: 'script',
  share: 25,
  laws: reviewLaws,
  generate: (random) => {
    const { text, parameters, variables } = scripted(random)
    return { shell: random.pick(['sh', 'sh', 'bash', 'dash', '/bin/busybox']), text, parameters, variables, policies: [calmSpec(random)],
      compared: random.chance(0.1) }
  },
  run(input, broken) {
    const { shell, text, parameters, variables, policies, compared } = fieldsOf(input)
    const object = podOf([textOf(shell), '-c', textOf(text), ...listOf(parameters)], fieldsOf(variables))
    reviewed(reviewOf(object), governing(listOf(policies)), broken, compared === true)
  },
}

/** Each of these is denied. */
const denied: readonly Start[] = [
  ['gunicorn', 'app:app', '-k', 'nope'],
  ['gunicorn', '-b', '127.0.0.1:8000', 'app:app'],
  ['gunicorn', '--no-such-option', 'app:app'],
  ['gunicorn', '--workers=x', 'app:app'],
  ['python', '-m', 'gunicorn', '-knope', 'app:app'],
  ['gunicorn', '--bind', 'localhost:80', 'app:app'],
]

/** A start that is denied stays denied however it is written; where it is not read, that is told. */
export const disguises: Target = {
  name: 'disguise',
  share: 15,
  laws: [...reviewLaws, 'denied'],
  // Each step is a seed of its own, so that leaving one out leaves another lawful disguise.
  generate: (random) => ({ plain: random.below(denied.length), steps: Array.from({ length: random.below(5) }, () => random.below(1e6)),
    strict: random.chance(0.3) }),
  run(input, broken) {
    const { plain, steps, strict } = fieldsOf(input)
    const start = listOf(steps).reduce<Start>((one, step) => disguised(new Random(Number(step)), one),
      denied[Number(plain ?? 0)] ?? denied[0]!)
    const result = reviewed(reviewOf(podOf(start, {})), governing([strict === true ? { rules: { 'unread-command': 'Deny' } } : {}]), broken,
      false)
    const response = result?.validated.response.response
    const isTold = response?.auditAnnotations?.['rules']?.split(',').includes('unread-command') === true
    if (response?.allowed && (strict === true || !isTold)) broken('denied', '', `it is let in: ${JSON.stringify(start)}`)
  },
}

const explainLaws = ['data', 'same', 'time'] as const

/** Requests of `explain`. */
export const explanations: Target = {
  name: 'explain',
  share: 15,
  laws: explainLaws,
  generate: (random) => {
    const { text, parameters, variables } = scripted(random)
    return { argv: ['sh', '-c', text, ...parameters], env: variables,
      ...(random.chance(0.3) ? { gunicorn: random.pick(['23.0.0', '99', 'x', '']) } : {}) }
  },
  run(input, broken) {
    const { argv, env, gunicorn } = fieldsOf(input)
    const request = { argv: listOf(argv).map(textOf), env: fieldsOf(env) as Readonly<Record<string, string>>,
      gunicorn: gunicorn === undefined ? undefined : textOf(gunicorn) }
    const answer = explain(request, true)
    const text = JSON.stringify(answer)
    if (JSON.stringify(JSON.parse(text)) !== text) broken('data', '', 'the answer is no plain data')
    if (JSON.stringify(explain(request, true)) !== text) broken('same', '', 'the second answer is another one')
  },
}
