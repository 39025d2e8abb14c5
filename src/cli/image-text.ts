/** What is known of an image, as a person reads it: what starts, on which Python, with which worker dependencies, and where each was seen. */
import { needsFor, needsOfGunicorn, isNeeded, needingSettings } from '../gunicorn/worker-classes.ts'
import type { ImageEvidence } from '../dependencies/image/evidence.ts'
import { normalise } from '../python/distribution.ts'
import { bytesText } from './bytes.ts'
import type { ImageReport } from './image-report.ts'
import type { painter } from './io.ts'
import { picture } from './picture.ts'

/** What is told of in any case, where it is installed. */
const workers = ['gevent', 'eventlet', 'tornado', 'uvicorn', 'uvicorn-worker', 'aiohttp', 'meinheld', 'gevent-websocket', 'h2', 'packaging',
  'setuptools']

export function imageText(report: ImageReport, evidence: ImageEvidence, paint: ReturnType<typeof painter>): string {
  const lines: string[] = []
  const row = (name: string, value: string, where = ''): void =>
    void lines.push(`  ${name.padEnd(18)} ${value.padEnd(26)} ${paint('dim', where)}`.trimEnd())
  const { command, python, gunicorn, read } = report
  lines.push(paint('bold', report.image))
  row('digest', report.digest)
  row('platform', report.platform)
  row('starts',
    [...command.entrypoint, ...command.cmd].map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word))).join(' ') ||
      'nothing by itself')
  row('in', `${command.workingDir || '/'}${command.user === '' ? ', as root' : `, as ${command.user}`}`)
  row('Python', python?.version ?? paint('yellow', 'unknown'), python ? `${evidence.python?.path ?? ''}  ${python.evidence}` : '')
  row('gunicorn', gunicorn?.version ?? notThere('gunicorn', evidence, paint), gunicorn?.evidence ?? evidence.installed('gunicorn').evidence)
  if (report.configFile) row('config file', report.configFile.path)
  lines.push('')
  const needed = neededBy(evidence)
  const shown = [...new Set([...needed, ...workers.filter((name) => evidence.installed(name).state === 'Installed')])]
  if (shown.length > 0) lines.push(paint('bold', 'Worker dependencies'))
  for (const name of shown) {
    const { state, version, evidence: where } = evidence.installed(name)
    row(name, state === 'Installed' ? `${version ?? 'installed'}${needed.has(name) ? paint('green', ' (needed)') : ''}`
      : `${notThere(name, evidence, paint)}${needed.has(name) ? paint('red', ' (needed)') : ''}`, where)
  }
  if (shown.length > 0) lines.push('')
  const found = report.distributions.filter(({ onPath }) => onPath !== false).length
  const others = report.distributions.length - found
  lines.push(
    `${found} distributions ${python ? `that ${evidence.python?.path ?? 'it'} finds` : 'are listed'}${
      others > 0 ? `, and ${others} that it does not` : ''
    }; ${read.layers} of ${read.of} layers read, ${bytesText(read.bytes)}`,
  )
  if (!report.complete) lines.push(paint('yellow', 'It is not known that what is not listed is not there:'))
  for (const { message } of report.problems) lines.push(`${paint('yellow', 'note')}: ${message}`)
  for (const { found: invocation } of evidence.starts)
    lines.push('', picture(invocation, { all: false, paint, title: 'gunicorn' }).trimEnd())
  if (evidence.starts.length === 0) lines.push('', 'No gunicorn is started by its own command, as far as can be seen.')
  return `${lines.join('\n')}\n`
}

function notThere(name: string, { installed }: ImageEvidence, paint: ReturnType<typeof painter>): string {
  return installed(name).state === 'Absent' ? paint('red', 'not installed') : paint('yellow', 'unknown')
}

/** The distributions that the gunicorns need. */
function neededBy({ starts }: ImageEvidence): ReadonlySet<string> {
  const names = new Set<string>()
  for (const { found } of starts) {
    const needs = [
      ...needingSettings.flatMap((setting) => {
        const value = found.settings.value(setting)
        return value === undefined || value === null ? [] : needsFor(setting, value)
      }),
      ...needsOfGunicorn,
    ]
    for (const need of needs) if (found.releases.every((release) => isNeeded(need, release))) names.add(normalise(need.distribution))
  }
  return names
}
