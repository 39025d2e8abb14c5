/** The platforms that read a Procfile: how each reads it, and what it starts a process with. Facts, a row each. */
import { allowedProxies, cmdArgs, concurrency } from '../gunicorn/variables.ts'
import { dialects, type Dialect } from './procfile.ts'

/**
 * What a platform makes of a command.
 * - `bash`: a script for `bash -c`, after the files of `profile.d`
 * - `sh`: a script for `sh -c`
 * - `words`: words as a shell quotes them, which go to Kubernetes as `command` and `args`; `$VAR` becomes `$(VAR)`
 * - `env`: the same, behind `env`; `$VAR` stays as it is
 * - `token`: of a list, each word goes through `eval echo`, in double quotes
 * - `splits`: variables are expanded, then it is split at blanks, quotes or no quotes
 */
export type Mode = 'bash' | 'sh' | 'words' | 'env' | 'token' | 'splits'

export interface Platform {
  readonly dialect: Dialect
  readonly mode: Mode
  /** What becomes of a command that is given as a list. */
  readonly listMode: Mode
  /** What the platform sets; null where the value differs. It overrides what an app sets. */
  readonly environment: Readonly<Record<string, string | null>>
  /** Where the repository stands when the process runs. */
  readonly folders: readonly string[]
}

/** What a profile script of heroku-buildpack-python sets: vendor/gunicorn.sh, at whose end GUNICORN_CMD_ARGS stays what an app sets it to; WEB_CONCURRENCY.sh reckons it from the size of the dyno. */
const herokuPython = { [allowedProxies]: '*', [cmdArgs]: '--access-logfile -', [concurrency]: null }

const buildpack = { mode: 'bash', listMode: 'token', folders: ['/app', '/workspace'] } as const

export const platforms: Readonly<Record<string, Platform>> = {
  // CONTAINER_PORT of the platform; the image apps of BlueKing are those that are built from a Dockerfile or come as an image.
  blueking: { dialect: 'blueking', ...buildpack, environment: { PORT: '5000' } },
  'blueking-image': { dialect: 'blueking', mode: 'words', listMode: 'words', folders: ['/app'], environment: { PORT: '5000' } },
  'blueking-legacy-image': { dialect: 'blueking', mode: 'env', listMode: 'env', folders: ['/app'], environment: { PORT: '5000' } },
  'cnb-shim': { dialect: 'cnb-shim', ...buildpack, environment: {} },
  // Of the dyno's size, and of the router.
  heroku: { dialect: 'heroku', ...buildpack, environment: { PORT: null, ...herokuPython } },
  google: { dialect: 'google', ...buildpack, environment: { PORT: '8080' } },
  paketo: { dialect: 'paketo', ...buildpack, environment: {} },
  honcho: { dialect: 'honcho', ...buildpack, mode: 'sh', environment: { PORT: null } },
  foreman: { dialect: 'foreman', ...buildpack, mode: 'sh', environment: { PORT: null } },
  dokku: { dialect: 'dokku', ...buildpack, mode: 'splits', environment: { PORT: '5000' } },
  herokuish: { dialect: 'herokuish', ...buildpack, mode: 'splits', environment: { PORT: '5000' } },
  railpack: { dialect: 'railpack', ...buildpack, environment: { PORT: null } },
  nixpacks: { dialect: 'nixpacks', ...buildpack, environment: { PORT: null } },
}

export const defaultPlatform = 'blueking'

/** The platform that a preset is made for, which is chosen with it. */
export const platformOfPreset: Readonly<Record<string, string>> = { heroku: 'heroku', 'cloud-run': 'google' }

export const platformNames: readonly string[] = Object.keys(platforms)

/** The dialects that are compared where no platform is chosen. */
export const otherDialects: readonly Dialect[] = dialects.filter((dialect) => dialect !== 'blueking')
