import { expect, test } from '@jest/globals'
import { expectLinear } from './growth.ts'

const list = (size: number): number[] => Array.from({ length: size }, (_, index) => index)
const sum = (all: readonly number[]): number => all.reduce((one, other) => one + other, 0)

test.each<[string, (all: readonly number[]) => unknown]>([
  ['nothing', () => {}],
  ['each', sum],
  ['a sort', (all) => all.toSorted((a, b) => b - a)],
])('no more than the input grows what it costs to do %s', (_, read) => expectLinear(list, read, 20_000))

test('each with each is too much', async () => {
  await expect(expectLinear(list, (all) => all.map((one) => sum(all) - one), 8000)).rejects.toThrow('Expected: < 24')
})

test('what doubles with each is found before it takes for ever', async () => {
  const leaves = (depth: number): number => (depth === 0 ? 1 : leaves(depth - 1) + leaves(depth - 1))
  await expect(expectLinear((size) => size, leaves, 128)).rejects.toThrow('Expected: < 24')
})
