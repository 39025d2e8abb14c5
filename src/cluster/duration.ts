/** Durations as Go writes them: `1h30m`, `500ms`. Source: https://pkg.go.dev/time#ParseDuration. */

/** Milliseconds. */
const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** @returns milliseconds; undefined for what is no duration. A sign is not taken, nor are units below a millisecond. */
export function duration(text: string): number | undefined {
  if (text === '0') return 0
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(text)) return undefined
  const parts = text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/gy)
  return [...parts].reduce((sum, [, number, unit = '']) => sum + Number(number) * (units[unit] ?? NaN), 0)
}
