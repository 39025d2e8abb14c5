import type { Setting } from '../gunicorn/settings.ts'
import { cmdArgs } from '../gunicorn/variables.ts'
import { isProbedInside } from '../kubernetes/pod-fields.ts'
import { required } from './problem.ts'
import { defineRule, type Subject } from './rule.ts'
import { inFront } from './subject/in-front.ts'

export default defineRule({
  id: 'missing-bind',
  severity: 'error',
  action: 'Fix',
  mayBeAllowed: true,
  summary: 'nothing sets the address that gunicorn listens on',
  why: 'gunicorn listens on 127.0.0.1:8000, which only its own Pod can reach, or on whatever PORT happens to hold in the image.',
  remedy: 'Add `-b :$PORT` (in a list, where no shell expands it, `-b :$(PORT)`).',
  settings: ['bind'],
  unset: true,

  *check(subject) {
    const bind = subject.platform.defaults['bind']
    if (bind === undefined) return
    const { env } = subject.platform.port
    if (isBoundAnyway(subject, String(bind))) return
    if (isLeftToItself(subject) && (isProbedInside(subject.container) || inFront(subject) === 'a proxy')) {
      const doubt = isProbedInside(subject.container) ? 'unless it is for its own Pod alone, as its probe is'
        : 'unless the proxy beside it passes requests on to 127.0.0.1:8000, where gunicorn listens by itself'
      yield required(subject, '`bind` must be set', { doubt })
      return
    }
    if (bindIsLeftOpen(subject)) {
      if (subject.portVariable === 'defined' || subject.portVariable === 'definable')
        yield required(subject, `\`bind\` must be set to the port in ${env}`, { fix: { setting: 'bind', value: bind } })
      else if (subject.portVariable === 'wrong')
        yield required(subject, `\`bind\` must be set, and ${env} does not hold the number of a port`)
      else if (subject.portVariable === 'none')
        yield required(subject, `\`bind\` must be set, and neither ${env} nor a containerPort tells the port`)
    }
    if (subject.portVariable === 'unknown' && mayBeSetElsewhere(subject))
      yield required(subject, `\`bind\` must be set, and \`envFrom\`, which cannot be read here, may define ${env}`)
    else if (subject.platform.injection === 'Environment' && argumentsAreHidden(subject))
      yield required(subject, `\`bind\` must be set, and ${cmdArgs}, whose value is not known here, may set it`)
  },
})

/** PORT is what the bind reads, not a choice of it, so a bind that comes from PORT alone counts as none. */
function bindIsLeftOpen(subject: Subject): boolean {
  const bind = subject.settings.get('bind')
  return subject.settings.isSet('bind') === 'no' || (bind?.source === 'environment' && !isOwnPort(subject, bind))
}

/** Where PORT is there, gunicorn listens on it at all addresses without being told, in all releases. */
function isBoundAnyway({ settings, portVariable, platform, container }: Subject, bind: string): boolean {
  if (platform.port.env !== 'PORT' || portVariable !== 'defined' || settings.get('bind')?.source !== 'environment' ||
    !/^(0\.0\.0\.0)?:\$PORT$/.test(bind)) return false
  // Variables cannot refer to one that is put behind all of them.
  return !platform.explicit || (platform.injection === 'Environment' && container.assigned !== undefined)
}

/** Whether nothing says a port: a proxy beside it and a probe within know it by the address that it has, and would not find it at another one. */
const isLeftToItself = ({ portVariable, container, settings }: Subject): boolean =>
  portVariable !== 'defined' && container.port === undefined && settings.isSet('bind') === 'no'

/** With `PORT=80 gunicorn` a script chooses the port for this one command, which is not the container's. */
function isOwnPort({ environment, platform, command }: Subject, { value }: Setting): boolean {
  const { env } = platform.port
  const given = environment.variables.get(env)?.value
  if (value === undefined) return given !== null || command?.assignments.some(({ name }) => name === env) === true
  return given === null || !(Array.isArray(value) && value.length === 1 && value[0] === `0.0.0.0:${given}`)
}

function mayBeSetElsewhere({ settings, environment }: Subject): boolean {
  const setting = settings.get('bind')
  if (setting?.source === 'environment') return true
  const unseen = setting?.source === cmdArgs && setting.entries.length === 0
  return settings.isSet('bind') === 'no' || (unseen && !environment.variables.has(cmdArgs))
}

/** Where settings are put into GUNICORN_CMD_ARGS, nothing can be put in if what it holds comes from elsewhere. */
function argumentsAreHidden({ settings, environment }: Subject): boolean {
  const setting = settings.get('bind')
  const isTold = environment.variables.has(cmdArgs) || environment.mayComeFromElsewhere(cmdArgs)
  return setting?.source === cmdArgs && setting.entries.length === 0 && isTold
}
