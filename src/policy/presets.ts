/** The policies that ship with Paddock: what each says otherwise than the rules themselves is in a file of `presets/`. */
import { rules } from '../rules/index.ts'
import type { PolicyObject } from './gunicorn-policy.ts'
import { nothing, override, type Policy } from './policy.ts'
import blueking from './presets/blueking.json' with { type: 'json' }
import cloudRun from './presets/cloud-run.json' with { type: 'json' }
import heroku from './presets/heroku.json' with { type: 'json' }
import kubernetes from './presets/kubernetes.json' with { type: 'json' }

/** The default one first, as they are written. A test holds them to the schema. */
const written = [blueking, kubernetes, heroku, cloudRun] as unknown as readonly PolicyObject[]

/** What the rules say of themselves. */
const usual = {
  rules: Object.fromEntries(rules.map(({ id, action }) => [id, action])),
  allow: rules.filter(({ mayBeAllowed }) => mayBeAllowed).map(({ id }) => id),
}

/** Each as a whole. */
const objects = written.map(({ spec, ...head }): PolicyObject => ({ ...head,
  spec: { ...spec, rules: { ...usual.rules, ...spec.rules }, allow: spec.allow ?? usual.allow } })
)

const policies = new Map(
  objects.map((object) => [object.metadata.name, { object, policy: override(nothing, object.metadata.name, object.spec) }]),
)

/** The names of the presets, the default one first. */
export const presetNames: readonly string[] = [...policies.keys()]

/** The preset that a policy starts from where it names none. */
export const defaultPreset = 'blueking'

/** A preset by its name; undefined where there is none of that name. */
export const preset = (name: string): Policy | undefined => policies.get(name)?.policy

/** A preset with all that it says, as an object; undefined where there is none of that name. */
export const presetObject = (name: string): PolicyObject | undefined => policies.get(name)?.object
