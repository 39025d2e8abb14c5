/** Pythons that releases of gunicorn do not start on. */
export interface Unsupported {
  /** PEP 440 specifiers. */
  readonly releases: string
  readonly python: string
  /** In words. */
  readonly told: string
  /** An order. */
  readonly remedy: string
}

const update = 'Update gunicorn: `gunicorn>=21.2` starts on all of Python 3.8 to 3.13.'

/** Found by starting every release on every Python. What pip refuses to install (`Requires-Python`) may still start. */
export const unsupported: readonly Unsupported[] = [
  // No module named 'gunicorn.six.moves'
  { releases: '<20', python: '>=3.12', told: 'gunicorn before 20.0 does not start on Python 3.12 and newer', remedy: update },
  // module 'inspect' has no attribute 'getargspec'
  { releases: '<19.8', python: '>=3.11', told: 'gunicorn before 19.8 does not start on Python 3.11 and newer', remedy: update },
  // SyntaxError
  { releases: '>=20', python: '<3', told: 'gunicorn 20.0 and newer do not start on Python 2',
    remedy: 'Move to Python 3; or pin `gunicorn<20`: 19.10.0 is the last release for Python 2.' },
]
