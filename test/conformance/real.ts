/** Tests that need something real of the machine: a shell, a Python, gunicorn releases. */
import { test } from '@jest/globals'

/**
 * A test. Where something is missing that it needs, it says so and counts as skipped; with PADDOCK_REQUIRE_REAL=1 it fails.
 * `missing` is a sentence on what is missing and how to get it; undefined where nothing is.
 */
export function realTest(name: string, missing: string | undefined, body: () => Promise<void> | void): void {
  if (missing === undefined) return test(name, body)
  if (process.env['PADDOCK_REQUIRE_REAL'] === '1')
    return test(name, () => {
      throw new Error(missing)
    })
  // Jest keeps what a suite tells to itself where all of it is skipped.
  process.stderr.write(`not tested: ${name}: ${missing}\n`)
  test.skip(`${name} (${missing})`, () => undefined)
}

/** The seed of what is generated: PADDOCK_SEED, to have what failed elsewhere once more. */
export const seed = Number(process.env['PADDOCK_SEED'] ?? 1)
