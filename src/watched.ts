/**
 * Whether somebody watches what is read of an object: the webhook's memo, which keeps an answer that nothing changeable was read
 * for. It puts accessors in the place of fields. Who reads a field before anybody asks for it would have read it in any case: such a
 * field is read here, so that, while it is watched, it is read when it is asked for.
 */

let isWatched = false

/** Runs what is watched. */
export function watched<Result>(run: () => Result): Result {
  isWatched = true
  try {
    return run()
  } finally {
    isWatched = false
  }
}

/** An object with one more field; while somebody watches, what `read` tells is read when it is asked for. */
export function withField<T extends object, Name extends keyof T>(object: T, name: Name, read: () => T[Name]): T {
  if (isWatched) Object.defineProperty(object, name, { get: read, enumerable: true, configurable: true })
  else object[name] = read()
  return object
}

/** An object with other values of some fields. No field is read for it that is read when it is asked for. */
export function withFields<T extends object>(object: T, fields: Partial<T>): T {
  if (!isWatched) return { ...object, ...fields }
  return Object.defineProperties({}, { ...Object.getOwnPropertyDescriptors(object), ...Object.getOwnPropertyDescriptors(fields) }) as T
}
