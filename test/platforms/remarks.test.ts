import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { platformRules } from '../../src/platforms/remarks.ts'
import { linesOf, readRemarkFixture } from './remark-fixture.ts'

test('what platforms say, and the fixtures, are the same set', () => {
  const fixtures = readdirSync(join(import.meta.dirname, 'remarks')).map((name) => basename(name, '.yaml'))
  expect(fixtures.sort()).toEqual(platformRules.map(({ id }) => id).sort())
})

describe.each(platformRules.map(({ id }) => id))('%s', (id) => {
  const { bad, good } = readRemarkFixture(id)

  test('is said of the bad file', async () => {
    expect(bad.want.length).toBeGreaterThan(0)
    expect(await linesOf(id, bad.files)).toEqual(bad.want)
  })

  test('is not said of the good one, nor is anything else that the platform says', async () => {
    for (const { id: any } of platformRules) expect(await linesOf(any, good.files)).toEqual([])
  })
})
