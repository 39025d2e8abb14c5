/** Times as logs write them → milliseconds since 1970; NaN for what is none. Nothing is allocated. */

function digits(text: string, start: number, count: number): number {
  let value = 0
  for (let at = start; at < start + count; at++) {
    const digit = text.charCodeAt(at) - 48
    if (digit < 0 || digit > 9) return NaN
    value = value * 10 + digit
  }
  return value
}

/** The days of the last date that was asked for, which nearly all lines have. */
let [lastYear, lastMonth, lastDay, lastMidnight] = [0, 0, 0, 0]

function at(year: number, month: number, day: number, hour: number, minute: number, second: number): number {
  if (year !== lastYear || month !== lastMonth || day !== lastDay) {
    if (!(year > 1990 && month >= 1 && month <= 12 && day >= 1 && day <= 31)) return NaN
    lastMidnight = Date.UTC(year, month - 1, day)
    lastYear = year
    lastMonth = month
    lastDay = day
  }
  return lastMidnight + ((hour * 60 + minute) * 60 + second) * 1000
}

/** `+0200`, `-03:30`, `Z` → milliseconds to take off; NaN where it is none. */
function zone(text: string, start: number): number {
  const sign = text.charCodeAt(start)
  if (sign === 90) return 0
  if (sign !== 43 && sign !== 45) return NaN
  const hours = digits(text, start + 1, 2)
  const minutes = digits(text, text.charCodeAt(start + 3) === 58 ? start + 4 : start + 3, 2)
  return (sign === 43 ? 1 : -1) * (hours * 60 + minutes) * 60_000
}

/** RFC 3339 with any fraction: `2026-11-30T16:17:44.123456789Z`; a blank for the T. */
export function dateTime(text: string, start: number, end: number): number {
  if (end - start < 19) return NaN
  const seconds = at(digits(text, start, 4), digits(text, start + 5, 2), digits(text, start + 8, 2), digits(text, start + 11, 2),
    digits(text, start + 14, 2), digits(text, start + 17, 2))
  let index = start + 19
  let fraction = 0
  if (text.charCodeAt(index) === 46 || text.charCodeAt(index) === 44) {
    let unit = 100
    for (index++; index < end; index++) {
      const digit = text.charCodeAt(index) - 48
      if (digit < 0 || digit > 9) break
      fraction += digit * unit
      unit /= 10
    }
  }
  if (index >= end) return seconds + fraction
  return seconds + fraction - zone(text, index)
}

/** gunicorn's own: `2026-11-30 16:17:44 +0000`, 25 characters. */
export function errorLogTime(text: string, start: number): number {
  return at(digits(text, start, 4), digits(text, start + 5, 2), digits(text, start + 8, 2), digits(text, start + 11, 2),
    digits(text, start + 14, 2), digits(text, start + 17, 2)) - zone(text, start + 20)
}

const months: Readonly<Record<string, number>> = { Jan: 1, Feb: 2, Mar: 3, Apr: 4, May: 5, Jun: 6, Jul: 7, Aug: 8, Sep: 9, Oct: 10, Nov: 11,
  Dec: 12 }

/** The day and the zone of the line before, which nearly all lines have: their characters as numbers, and the milliseconds that they come to. */
let [dayCode, yearCode, zoneCode, dayTime] = [0, 0, 0, NaN]

/** The access log's: `30/Nov/2026:16:17:44 +0000`, 26 characters. */
export function accessLogTime(text: string, start: number): number {
  const code = (index: number): number => text.charCodeAt(start + index)
  const day = (((code(0) * 256 + code(1)) * 256 + code(3)) * 256 + code(4)) * 256 + code(5)
  const year = ((code(7) * 256 + code(8)) * 256 + code(9)) * 256 + code(10)
  const zoned = (((code(21) * 256 + code(22)) * 256 + code(23)) * 256 + code(24)) * 256 + code(25)
  if (day !== dayCode || year !== yearCode || zoned !== zoneCode || Number.isNaN(dayTime)) {
    dayTime = at(digits(text, start + 7, 4), months[text.slice(start + 3, start + 6)] ?? NaN, digits(text, start, 2), 0, 0, 0) -
      zone(text, start + 21)
    dayCode = day
    yearCode = year
    zoneCode = zoned
  }
  const second = code(12) * 36_000 + code(13) * 3600 + code(15) * 600 + code(16) * 60 + code(18) * 10 + code(19) -
    48 * (36_000 + 3600 + 600 + 60 + 10 + 1)
  return second >= 0 && second < 90_000 ? dayTime + second * 1000 : NaN
}
