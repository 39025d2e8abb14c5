/** The fuzzer itself: its inputs can be made again, what it finds is made small, and nothing that it runs can hold it up in silence. */
import { describe, expect, test } from '@jest/globals'
import { faultsOf, inputOf } from './run.ts'
import { shrink } from './shrink.ts'
import type { Json, Target } from './target.ts'
import { targets } from './targets/index.ts'
import { watch } from './watch.ts'

describe.each(targets.map((target) => [target.name, target] as const))('%s', (_, target) => {
  test('the same seed has the same inputs, another one has others', () => {
    const inputs = (seed: number): string[] => Array.from({ length: 20 }, (_, index) => JSON.stringify(inputOf(target, seed, index)))
    expect(inputs(7)).toEqual(inputs(7))
    expect(inputs(8)).not.toEqual(inputs(7))
  })

  test('an input is plain data', () => {
    for (let index = 0; index < 20; index++) {
      const input = inputOf(target, 7, index)
      expect(JSON.parse(JSON.stringify(input))).toEqual(input)
    }
  })
})

test('of an input the part is left that breaks the law', async () => {
  const input: Json = { a: [1, { text: 'before bad behind', more: ['x'] }], b: 'y', n: 40 }
  const small = await shrink(input, async (one) => JSON.stringify(one).includes('bad'), performance.now() + 5000)
  expect(small).toEqual({ a: [{ text: 'bad' }] })
})

test('what is thrown breaks a law, wherever it comes from', async () => {
  const target: Target = { name: 'thrown', laws: [], share: 1, generate: () => null, run: () => {
    throw new RangeError('no')
  } }
  expect(await faultsOf(target, null)).toMatchObject([{ law: 'throws', detail: expect.stringContaining('RangeError: no') }])
})

describe('a worker', () => {
  const [name] = targets.map((target) => target.name)
  const inputs = { [name!]: { from: 5, to: 7 } }
  /** One that does as it is told with its first input, and is done at once when it is started again. */
  const worker = (first: string): URL =>
    new URL(`data:text/javascript,${
      encodeURIComponent(`
    import { parentPort, workerData } from 'node:worker_threads'
    const [{ from }] = Object.values(workerData.inputs)
    workerData.state.set([1, 0, from, 0])
    if (from === 5) { ${first} }
    parentPort.postMessage({ kind: 'done' })`)
    }`)
  const lawsOf = async (first: string): Promise<string[]> => {
    const { failures } = await watch({ seed: 1, seconds: 60, inputs }, () => {}, { worker: worker(first), longest: 500 })
    return [...failures.values()].map(({ failure: { law, target, index } }) => `${target} ${index}: ${law}`)
  }

  test('that does not come back is ended, and its input named', async () => {
    expect(await lawsOf('for (;;);')).toEqual([`${name} 5: ends`])
  })

  test('that ends by itself is started again behind its input', async () => {
    expect(await lawsOf('process.exit(3)')).toEqual([`${name} 5: throws`])
  })
})
