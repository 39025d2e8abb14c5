/** Reads a GunicornPolicy from a YAML file. */
import { load } from 'js-yaml'
import { override, type Policy, type PolicySpec } from './policy.ts'
import { preset, presetNames } from './presets.ts'
import { policyProblems } from './schema.ts'

class PolicyError extends Error {}

/** The policy that a text holds. Throws a PolicyError that names each field at fault. */
export function readPolicy(text: string, path: string): Policy {
  let object: unknown
  try {
    object = load(text)
  } catch (error) {
    throw new PolicyError(`${path}: ${error instanceof Error ? error.message : String(error)}`)
  }
  const problems = policyProblems(object)
  if (problems.length > 0) throw new PolicyError(problems.map((problem) => `${path}: ${problem}`).join('\n'))
  const { metadata, spec } = object as { metadata: { name: string }; spec: PolicySpec }
  const base = presetNamed(spec.preset ?? 'blueking')
  return override(base, metadata.name, spec)
}

/** A preset by its name. Throws a PolicyError that lists the names there are. */
export function presetNamed(name: string): Policy {
  const found = preset(name)
  if (!found) throw new PolicyError(`preset: Unsupported value: "${name}": supported values: ${presetNames.map((one) => `"${one}"`).join(', ')}`)
  return found
}
