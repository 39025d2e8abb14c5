/** `paddock review`: an AdmissionReview in, the webhook's AdmissionReview out. */
import { exitStatus, UsageError } from './exit.ts'
import type { PolicyFor } from '../policy/governed.ts'
import type { Skins } from './skins.ts'
import { jsonText, type Io } from './io.ts'

export interface ReviewFlags {
  readonly mutate?: boolean
  readonly validate?: boolean
  readonly policyFor: PolicyFor
}

export async function runReview(file: string, { mutate, validate, policyFor }: ReviewFlags, io: Io, skins: Skins): Promise<number> {
  if (mutate && validate) throw new UsageError('--mutate and --validate exclude each other')
  const name = file === '-' ? 'standard input' : file
  const text = file === '-' ? await io.readInput() : io.readFile(file)
  const operation = mutate ? 'mutate' : validate ? 'validate' : 'both'
  let answer: unknown
  try {
    answer = await skins.review(operation, text, policyFor)
  } catch (error) {
    throw new UsageError(`${name}: ${error instanceof Error ? error.message : String(error)}`)
  }
  io.stdout.write(`${jsonText(answer, 2)}\n`)
  const { response } = answer as { response: { allowed: boolean } }
  return response.allowed ? exitStatus.ok : exitStatus.found
}
