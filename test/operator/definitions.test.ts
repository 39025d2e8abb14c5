import { expect, test } from '@jest/globals'
import { compareVersions } from '../../src/operator/definitions.ts'

test('versions are ordered as semver.org orders them', () => {
  const ordered = ['0.1.0', '0.2.0', '0.10.0', '1.0.0-alpha', '1.0.0-alpha.1', '1.0.0-alpha.beta', '1.0.0-beta', '1.0.0-beta.2',
    '1.0.0-beta.11', '1.0.0-rc.1', '1.0.0', '1.0.1']
  expect([...ordered].reverse().sort(compareVersions)).toEqual(ordered)
  expect(compareVersions('1.0.0', '1.0.0+build')).toBe(0)
  expect(compareVersions('1.0.0-rc.1', '1.0.0-rc.1')).toBe(0)
})
