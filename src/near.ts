/** Whether two words are near enough for one to be meant by the other. Pure. */

/** True where one character more, less or other, or two that have changed places, make one of the other; and of two that are alike. */
export function isOneEditAway(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false
  let at = 0
  while (at < a.length && a[at] === b[at]) at++
  const [left, right] = [a.slice(at), b.slice(at)]
  return left.slice(1) === right || left === right.slice(1) || left.slice(1) === right.slice(1) ||
    (left.slice(2) === right.slice(2) && left[0] === right[1] && left[1] === right[0])
}
