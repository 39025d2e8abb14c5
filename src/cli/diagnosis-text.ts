/** A diagnosis as a person reads it in a terminal. */
import { visible } from '../kubernetes/visible.ts'
import { seconds } from '../logs/advice.ts'
import type { Chart, Conclusion, Diagnosis, RequestFigures } from '../logs/diagnosis.ts'
import type { painter, Style } from './io.ts'

type Paint = ReturnType<typeof painter>

const heights = ' ▁▂▃▄▅▆▇█'

/** Columns of a chart. */
const columns = 60

export function diagnosisText(diagnosis: Diagnosis, chart: Chart, paint: Paint): string {
  const { conclusions, healthy, read, releases, requests } = diagnosis
  const faults = conclusions.filter(({ id }) => id !== 'routine-restart')
  const lines: string[] = []
  const verdict = healthy === true ? paint('green', 'healthy')
    : healthy === false ? paint('red', 'not healthy') : paint('yellow', 'unknown')
  lines.push(
    `${paint('bold', 'gunicorn')}${releases.length > 0 ? ` ${releases.join(', ')}` : ''}: ${verdict}${
      healthy === null ? whyUnknown(diagnosis) : ''
    }`,
  )
  lines.push(
    paint('dim',
      `${read.lines} lines, ${read.understood} of them gunicorn's${read.from === null ? '' : `, from ${read.from} to ${read.to}`}`),
  )
  for (const conclusion of [...faults, ...conclusions.filter(({ id }) => id === 'routine-restart')])
    lines.push('', ...conclusionLines(conclusion, paint))
  if (requests && requests.p50 !== null) lines.push('', ...requestLines(requests, chart, paint))
  return `${lines.join('\n')}\n`
}

const whyUnknown = ({ read }: Diagnosis): string =>
  read.lines === 0 ? ': there is nothing in the log'
    : read.understood === 0 ? ': no line of it is of gunicorn; say with --command which access log format it has'
    : ': the log does not say how gunicorn fares'

const styles: Readonly<Record<Conclusion['confidence'], Style>> = { certain: 'red', likely: 'yellow', possible: 'cyan' }

function conclusionLines({ id, confidence, summary, evidence, advice }: Conclusion, paint: Paint): readonly string[] {
  const style = id === 'routine-restart' ? 'green' : styles[confidence]
  return [
    `${paint(style, id)} ${paint('dim', `(${confidence})`)}: ${visible(summary)}`,
    ...evidence.slice(0, 3).map(({ line, text }) => paint('dim', `  ${placeOf(line).padStart(8)}  ${visible(text).slice(0, 140)}`)),
    ...advice.map(({ text, expected }, index) => `  ${index + 1}. ${visible(text)}\n     ${paint('dim', visible(expected))}`),
  ]
}

/** What Kubernetes says stands in no line. */
export const placeOf = (line: number): string => (line === 0 ? '' : String(line))

const percent = (share: number): string => `${Math.round(share * 100)} %`

function requestLines({ count, p50, p95, p99, busy, waited }: RequestFigures, chart: Chart, paint: Paint): readonly string[] {
  const figures = [`${count} requests`, ...[['p50', p50], ['p95', p95], ['p99', p99]].flatMap((
    [name, value],
  ) => (typeof value === 'number' ? [`${name} ${seconds(value)}`] : []))]
  if (busy !== null) figures.push(`workers busy ${percent(busy)} of the time`)
  if (waited !== null && waited > 0) figures.push(`${waited} waited`)
  const most = Math.max(chart.slots ?? 0, ...chart.bars.map(({ mean }) => mean), 0.001)
  const lines = [paint('bold', figures.join(', '))]
  if (chart.bars.length > 1) {
    const merged = squeezed(chart.bars.map(({ mean }) => mean))
    const bars = merged.map((mean) => {
      const height = Math.min(8, Math.ceil((mean / most) * 8))
      return chart.slots !== undefined && mean >= chart.slots * 0.9 ? paint('red', heights[height] ?? '█') : (heights[height] ?? '█')
    })
    lines.push('',
      `  ${paint('dim', chart.slots === undefined ? `requests in the work, up to ${most.toFixed(1)}` : `busy, of ${chart.slots}`)}`,
      `  │${bars.join('')}│ ${seconds(chart.bars.length * chart.width)}`)
  }
  const longest = Math.max(...chart.paths.map(({ p95: each }) => each), 0.000001)
  if (chart.paths.length > 0) lines.push('', paint('dim', '  p95 by path'))
  for (const { path, count: each, p95: slow, share } of chart.paths.slice(0, 8)) {
    const bar = '█'.repeat(Math.max(1, Math.round((slow / longest) * 24)))
    const name = visible(path)
    lines.push(
      `  ${(name.length > 32 ? `${name.slice(0, 31)}…` : name).padEnd(32)} ${bar.padEnd(24)} ${seconds(slow).padStart(8)} ${
        paint('dim', `${each} requests, ${percent(share)} of the time`)
      }`,
    )
  }
  return lines
}

/** As many columns as there is room for: each the mean of what falls into it. */
function squeezed(values: readonly number[]): readonly number[] {
  const width = Math.min(columns, values.length)
  return Array.from({ length: width }, (_, column) => {
    const from = Math.floor((column * values.length) / width)
    const to = Math.max(from + 1, Math.floor(((column + 1) * values.length) / width))
    return values.slice(from, to).reduce((sum, value) => sum + value, 0) / (to - from)
  })
}
