/** Values that gunicorn takes, and dies of before it serves: seen in real releases, by test/conformance/start-failures.test.ts. */
import { single } from '../../gunicorn/entries.ts'
import type { Setting } from '../../gunicorn/settings.ts'
import { invalid } from '../problem.ts'
import type { Problem, Subject } from '../rule.ts'

export function* fatalValues(subject: Subject): Iterable<Problem> {
  yield* fatalNones(subject)
  if (!subject.settings.serves) return
  for (const [name, fault] of Object.entries(faults)) {
    const setting = subject.settings.get(name)
    if (!setting || setting.source === 'default') continue
    const agreed = subject.settings.entries(name)
    // Whether there is such a folder is not known, and so is no value of `chdir`.
    for (const entry of agreed.length > 0 ? agreed : setting.entries) {
      const value = single(entry.value) ?? entry.argument?.text
      const found = typeof value === 'string' ? fault(value, subject, setting) : undefined
      if (found) yield invalid(subject, setting, entry, found.detail, found)
    }
  }
}

type Fault = (value: string, subject: Subject, setting: Setting) =>
  | (Pick<Problem, 'remedy' | 'doubt'> & { readonly detail: string })
  | undefined

/** Source: `SYSLOG_FACILITIES` in gunicorn/glogging.py, the same in every release; letters may be of either case. */
const facilities = /^(auth|authpriv|cron|daemon|ftp|kern|lpr|mail|news|security|syslog|user|uucp|local[0-7])$/i

/** Folders that every image has, or that nobody makes a file of. */
const folders = /^\/(?:(?:tmp|run|dev|dev\/shm|etc|var|var\/(?:run|tmp|log)|home|root|usr|opt|srv|app)\/?)?$|\/$/

/** No shell makes a folder of `~` in a list, nor behind `=`, and gunicorn does not either. */
const unexpandedHome: Fault = (value) =>
  /^~(\/|$)/.test(value)
    ? { detail: 'must not begin with `~`: no shell makes the home folder of it here', remedy: 'Write the whole path, from `/` on.' }
    : undefined

const faults: Readonly<Record<string, Fault>> = {
  raw_env: (value) =>
    value.startsWith('=') ? { detail: 'must have a name in front of the `=`', remedy: 'Write `--env NAME=VALUE`.' } : undefined,
  syslog_facility: (value, { settings }) =>
    settings.value('syslog') === true && !facilities.test(value)
      ? { detail: 'must be a facility of syslog, such as `user` or `local0`',
        remedy: 'Write `--log-syslog-facility user`, or leave it out.' }
      : undefined,
  chdir: unexpandedHome,
  worker_tmp_dir: unexpandedHome,
  pidfile: (value, subject, setting) =>
    folders.test(value) ? { detail: 'must be a file, and is a folder', remedy: 'Name a file in it, or leave the option out.' }
      : unexpandedHome(value, subject, setting),
}

/** Settings for which a config file may say None, and which gunicorn dies of once it uses them: seen in every release that has them. */
const fatalIfNone = ['loglevel', 'logger_class', 'worker_class', 'control_socket'] as const

function* fatalNones(subject: Subject): Iterable<Problem> {
  const { settings, releases } = subject
  if (!settings.configFile) return
  for (const name of fatalIfNone) {
    const setting = settings.readings.map((reading) => reading.get(name)).find((one) => one?.source === 'config file')
    const [entry] = setting?.entries ?? []
    if (!setting || !entry || entry.value !== null) continue
    const isSwitchedOff = name === 'control_socket' && settings.isSet('control_socket_disable') !== 'no'
    const having = releases.filter((release) => Object.hasOwn(release.settings, name))
    if (isSwitchedOff || having.length === 0) continue
    const remedy = name === 'control_socket' ? 'Write `control_socket_disable = True`.' : `Leave \`${name}\` out.`
    yield invalid(subject, setting, entry, `\`${name}\` must not be None: gunicorn dies once it uses it`, { value: null, remedy,
      ...(having.length < releases.length ? { releases: having } : {}) })
  }
}
