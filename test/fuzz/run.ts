/** Runs one input after the other through the laws of its target. */
import { Random } from '../conformance/random.ts'
import { shrink } from './shrink.ts'
import { seedOf, type Broken, type Json, type Target } from './target.ts'

/** A broken law, with the input that broke it. */
export interface Failure {
  readonly target: string
  readonly law: string
  /** What is the same fault in other inputs. */
  readonly kind: string
  readonly detail: string
  /** Which input it is; `seed` and this make it again. */
  readonly index: number
  readonly input: Json
  /** True where parts were left out of it until no more could be. */
  readonly isSmallest: boolean
}

/** What is told of once, however many inputs there are. */
export const keyOf = ({ target, law, kind }: Pick<Failure, 'target' | 'law' | 'kind'>): string => `${target} ${law} ${kind}`

type Fault = Pick<Failure, 'law' | 'kind' | 'detail'>

export const inputOf = (target: Target, seed: number, index: number): Json => target.generate(new Random(seedOf(seed, target.name, index)))

/** What an input breaks. */
export async function faultsOf(target: Target, input: Json): Promise<readonly Fault[]> {
  const faults: Fault[] = []
  const broken: Broken = (law, kind, detail) => void faults.push({ law, kind, detail })
  try {
    await target.run(input, broken)
  } catch (error) {
    faults.push(thrown(error))
  }
  return faults
}

function thrown(error: unknown): Fault {
  if (!(error instanceof Error)) return { law: 'throws', kind: typeof error, detail: String(error) }
  const frames = (error.stack ?? '').split('\n').map((line) => /\((?:file:\/\/)?(.*)\)$|at (?:file:\/\/)?(\/.*)$/.exec(line.trim())).map((
    found,
  ) => found?.[1] ?? found?.[2] ?? '')
  const own = frames.filter((frame) => /\/(src|test|cmd)\//.test(frame)).map((frame) => frame.replace(/^.*\/((?:src|test|cmd)\/)/, '$1'))
  return { law: 'throws', kind: `${error.name} ${own[0]?.replace(/:\d+$/, '') ?? ''}`,
    detail: `${error.name}: ${error.message.slice(0, 500)} at ${own.slice(0, 3).join(', ')}` }
}

/** Milliseconds that are spent on making one input smaller. */
const longestShrinking = 8000

/** The failure with the smallest input that is found to fail so. `beat` is called for each attempt. */
export async function smallest(target: Target, failure: Failure, beat: () => void): Promise<Failure> {
  const isSame = (fault: Fault): boolean => fault.law === failure.law && fault.kind === failure.kind
  const input = await shrink(failure.input, async (candidate) => {
    beat()
    return (await faultsOf(target, candidate)).some(isSame)
  }, performance.now() + longestShrinking)
  const detail = (await faultsOf(target, input)).find(isSame)?.detail ?? failure.detail
  return { ...failure, detail, input, isSmallest: true }
}
