/**
 * The share of what can be generated that is: PADDOCK_CASES. All of it in CI, by `npm run check` and by `npm run conformance`; as
 * much as nobody waits for by `npm test` and while one works.
 */
export const share = Number(process.env['PADDOCK_CASES'] ?? 0.2)

/** How many of so many cases there are to be. */
export function amount(all: number): number {
  return Math.ceil(all * share)
}
