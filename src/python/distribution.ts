/**
 * Names of Python distributions.
 * Source: https://packaging.python.org/en/latest/specifications/name-normalization/ (PEP 503).
 */

/** A distribution's name, at the beginning of a text. Extras are named alike. */
export const namePattern = /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?/i

/** The one spelling of a name: `Flask_SocketIO` and `flask.socketio` are both `flask-socketio`. */
export function normalise(name: string): string {
  return name.replaceAll(/[-_.]+/g, '-').toLowerCase()
}
