import { expect, test } from '@jest/globals'
import { parseQuantity } from '../../src/kubernetes/quantity.ts'

test.each<[unknown, number | undefined]>([
  ['500m', 0.5],
  ['2', 2],
  [2, 2],
  [0.5, 0.5],
  ['1.5', 1.5],
  ['.5', 0.5],
  ['1e3', 1000],
  ['1E3', 1000],
  ['1E', 1e18],
  ['128Mi', 134_217_728],
  ['128M', 128_000_000],
  ['1Gi', 1_073_741_824],
  ['250k', 250_000],
  ['+1', 1],
  ['100u', 1e-4],
  ['', undefined],
  ['1 Gi', undefined],
  ['1gi', undefined],
  ['Gi', undefined],
  ['1e', undefined],
  ['constructor', undefined],
  ['1constructor', undefined],
  [null, undefined],
  [{}, undefined],
  [Infinity, undefined],
])('%j', (text, value) => {
  const parsed = parseQuantity(text)
  if (value === undefined) expect(parsed).toBeUndefined()
  else expect(parsed).toBeCloseTo(value, 9)
})
