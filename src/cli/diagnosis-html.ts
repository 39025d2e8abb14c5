/** A diagnosis as one page, to be passed on: it asks no network for anything, and runs no script. */
import { visible } from '../kubernetes/visible.ts'
import { seconds } from '../logs/advice.ts'
import type { Chart, Conclusion, Diagnosis } from '../logs/diagnosis.ts'
import { placeOf } from './diagnosis-text.ts'

const escape = (text: string): string =>
  visible(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

const percent = (share: number): string => `${Math.round(share * 100)} %`

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2430;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin:2rem 0 .25rem}pre{background:#f3f5f8;padding:.6rem;overflow-x:auto;font-size:.8rem}
.ok{color:#0a7a3d}.bad{color:#b3261e}.unknown{color:#8a6100}.dim{color:#5b6675}table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.2rem .6rem .2rem 0;border-bottom:1px solid #e3e7ed}
svg{width:100%;height:9rem;background:#f3f5f8}rect{fill:#3b6fd4}rect.full{fill:#b3261e}
@media(prefers-color-scheme:dark){body{color:#e6e9ee;background:#14181f}pre,svg{background:#1e242e}td,th{border-color:#2c3440}.ok{color:#5dd28f}.bad{color:#ff8a80}.unknown{color:#f0c25a}.dim{color:#9aa5b4}}`

export function diagnosisHtml(diagnosis: Diagnosis, chart: Chart): string {
  const { healthy, releases, read, conclusions, requests } = diagnosis
  const [name, verdict] = healthy === true ? ['ok', 'healthy'] : healthy === false ? ['bad', 'not healthy'] : ['unknown', 'unknown']
  const parts = [
    `<h1>gunicorn ${escape(releases.join(', '))}: <span class="${name}">${verdict}</span></h1>`,
    `<p class="dim">${read.lines} lines, ${read.understood} of them gunicorn's${
      read.from === null ? '' : `, from ${escape(read.from)} to ${escape(read.to ?? '')}`
    }</p>`,
    ...conclusions.map(conclusionHtml),
  ]
  if (requests && requests.p50 !== null) {
    const figures = [`${requests.count} requests`,
      ...(['p50', 'p95', 'p99'] as const).flatMap((each) => (requests[each] === null ? [] : [`${each} ${seconds(requests[each])}`]))]
    if (requests.busy !== null) figures.push(`workers busy ${percent(requests.busy)} of the time`)
    parts.push('<h2>Requests</h2>', `<p>${figures.join(', ')}</p>`, barsSvg(chart), pathsTable(chart))
  }
  return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><title>gunicorn: ${verdict}</title><style>${style}</style></head>\n<body>\n${
    parts.join('\n')
  }\n</body></html>\n`
}

function conclusionHtml({ id, confidence, summary, evidence, advice }: Conclusion): string {
  const lines = evidence.map(({ line, text }) => `${placeOf(line).padStart(8)}  ${escape(text)}`).join('\n')
  const steps = advice.map(({ text, expected }) => `<li>${escape(text)}<br><span class="dim">${escape(expected)}</span></li>`).join('')
  return `<h2>${escape(id)} <span class="dim">(${confidence})</span></h2>\n<p>${escape(summary)}</p>${
    lines === '' ? '' : `\n<pre>${lines}</pre>`
  }${steps === '' ? '' : `\n<ol>${steps}</ol>`}`
}

/** Requests in the work over time; red where all workers were busy. */
function barsSvg({ bars, slots, width }: Chart): string {
  if (bars.length < 2) return ''
  const most = Math.max(slots ?? 0, ...bars.map(({ mean }) => mean), 0.001)
  const rects = bars.map(({ mean }, index) => {
    const height = (mean / most) * 100
    return `<rect${slots !== undefined && mean >= slots * 0.9 ? ' class="full"' : ''} x="${index}" y="${
      (100 - height).toFixed(1)
    }" width="0.9" height="${height.toFixed(1)}"/>`
  })
  return `<p class="dim">${slots === undefined ? `requests in the work, up to ${most.toFixed(1)}` : `busy, of ${slots}`}; ${
    seconds(bars.length * width)
  }</p>\n<svg viewBox="0 0 ${bars.length} 100" preserveAspectRatio="none" role="img" aria-label="requests in the work over time">${
    rects.join('')
  }</svg>`
}

function pathsTable({ paths }: Chart): string {
  if (paths.length === 0) return ''
  const rows = paths.map(({ path, count, p50, p95, share }) =>
    `<tr><td>${escape(path)}</td><td>${count}</td><td>${seconds(p50)}</td><td>${seconds(p95)}</td><td>${percent(share)}</td></tr>`
  )
  return `<table><tr><th>path</th><th>requests</th><th>p50</th><th>p95</th><th>of the time</th></tr>${rows.join('')}</table>`
}
