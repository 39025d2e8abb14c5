/** The environment variables that gunicorn reads by itself. Source: gunicorn/config.py. */

/** Arguments that go before those of the command line. */
export const cmdArgs = 'GUNICORN_CMD_ARGS'
/** The default of `workers`. */
export const concurrency = 'WEB_CONCURRENCY'
/** The default of `forwarded_allow_ips`. */
export const allowedProxies = 'FORWARDED_ALLOW_IPS'
/** The default of `bind`. */
export const assignedPort = 'PORT'

/** The settings whose default gunicorn takes from the environment, each with its variable. */
export const variableFor: Readonly<Record<string, string>> = { bind: assignedPort, workers: concurrency,
  forwarded_allow_ips: allowedProxies }

/** Those settings. */
export const environmentSettings = Object.keys(variableFor)

export const ownVariables: ReadonlySet<string> = new Set([cmdArgs, ...Object.values(variableFor)])
