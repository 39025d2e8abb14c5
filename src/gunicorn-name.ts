/** What gunicorn is called on a command line, and how a text speaks of it. Pure. */

/** Debian up to 10 and Ubuntu up to 18.04 call that of Python 3 `gunicorn3`. */
export const gunicornNames: ReadonlySet<string> = new Set(['gunicorn', 'gunicorn3'])

/** Whether a program is gunicorn, in whichever folder it is. */
export const isGunicorn = (path: string): boolean => gunicornNames.has(path.slice(path.lastIndexOf('/') + 1))

/** Whether a text names the program, and not a file, a package or a host that is called after it. */
export const namesGunicorn = (text: string): boolean => /(?<![\w.:@=/-])(?:[\w.@/-]*\/)?gunicorn3?(?![\w.:@=/-])/.test(text)

/** Whether a text starts gunicorn at some place, as far as its words tell. */
export const startsGunicorn = (text: string): boolean => /(^|[\s;&|(])([\w.$@{}~/-]*\/)?gunicorn3?(\s|$)/.test(text)
