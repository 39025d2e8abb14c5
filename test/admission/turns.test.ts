import { expect, test } from '@jest/globals'
import { Turns } from '../../src/admission/turns.ts'

/** What is dealt with together, of pieces of which some come while the first ones are dealt with. */
async function dealt(count: number, later = 0): Promise<number[][]> {
  const all: number[][] = []
  const turns = new Turns<number>((pieces) => {
    if (all.length === 0) { for (let i = 0; i < later; i++) turns.add(count + i) }
    all.push([...pieces])
  })
  for (let i = 0; i < count; i++) turns.add(i)
  expect(all).toEqual([])
  while (all.flat().length < count + later) await new Promise((resolve) => setImmediate(resolve))
  return all
}

const upTo = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index)

test('what comes in one turn is dealt with together, in order', async () => {
  expect(await dealt(1)).toEqual([[0]])
  expect(await dealt(3)).toEqual([[0, 1, 2]])
})

test('at most 32 are dealt with before others get their turn', async () => {
  expect(await dealt(32)).toEqual([upTo(0, 32)])
  expect(await dealt(70)).toEqual([upTo(0, 32), upTo(32, 64), upTo(64, 70)])
})

test('what comes while others are dealt with has its turn', async () => {
  expect(await dealt(2, 2)).toEqual([[0, 1], [2, 3]])
  expect((await dealt(40, 40)).map(({ length }) => length)).toEqual([32, 32, 16])
})
