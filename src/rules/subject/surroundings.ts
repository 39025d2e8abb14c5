/** In what a gunicorn is started, as far as several rules ask. */
import { workingFolder } from '../../kubernetes/pod-fields.ts'
import type { Subject } from '../rule.ts'

/** The folder that gunicorn is started in and stays in; undefined where that is not known. */
export const startFolder = (
  { settings, container }: Subject,
): string | undefined => (settings.isSet('chdir') === 'no' ? workingFolder(container) : undefined)

/** True for Python 2. */
export const isPython2 = ({ python }: Subject): boolean => /^2(\.|$)/.test(python.version ?? '')

/** True where logging is configured as a whole, or may be: where its logs go is then said there. */
export function logsElsewhere({ settings }: Subject): boolean {
  return ['logconfig', 'logconfig_json', 'logger_class', 'syslog'].some((name) => settings.isSet(name) !== 'no')
}
