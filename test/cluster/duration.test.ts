import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { duration } from '../../src/cluster/duration.ts'

test.each([
  ['0', 0],
  ['15s', 15_000],
  ['500ms', 500],
  ['1h30m', 5_400_000],
  ['1.5h', 5_400_000],
  ['168h', 604_800_000],
  ['8760h', 31_536_000_000],
])('%s is %d ms', (text, milliseconds) => {
  expect(duration(text)).toBe(milliseconds)
})

test.each(['', '5', 's', '-5s', '5 s', '1d', '1h-5m', '.5s', '5.s', '1e3s', '5us'])('%j is none', (text) => {
  expect(duration(text)).toBeUndefined()
})

test('what is put together is the sum of its parts', () => {
  const part = fc.tuple(fc.nat(10_000), fc.constantFrom('h', 'm', 's', 'ms'))
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
      const texts = parts.map(([number, unit]) => `${number}${unit}`)
      expect(duration(texts.join(''))).toBe(texts.reduce((sum, text) => sum + (duration(text) ?? NaN), 0))
    }),
  )
})
