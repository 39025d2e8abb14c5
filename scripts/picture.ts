/**
 * The picture of the README, docs/picture/check.svg: what `paddock check` prints of a Deployment that it denies and of one that it
 * mends, as it prints it on a terminal. It has its own colours for dark and for light, and asks for no font.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../test/cli/in-memory.ts'

const folder = 'docs/picture'

/** What is typed, and the files that it reads. */
const commands = [
  ['check', '--preset', 'kubernetes', 'denied.yaml'],
  ['check', '--preset', 'kubernetes', '--diff', 'fixed.yaml'],
]

/** In columns; and in pixels, what a column and a line take, and what is left free around them. */
const [width, column, line, margin] = [104, 7.8, 19, 18]

/** Classes by Select Graphic Rendition, ECMA-48 section 8.3.117: those that the command line uses. */
const classes: Readonly<Record<string, string>> = { 1: 'bold', 2: 'dim', 31: 'red', 32: 'green', 33: 'yellow', 34: 'blue', 36: 'cyan' }

/** A character, and how it is painted. */
interface Cell {
  readonly character: string
  readonly style: string
}

/** The picture's path and text. `mark` says that it is generated. */
export async function picture(mark: string): Promise<[path: string, text: string]> {
  const texts = await Promise.all(commands.map(async (argv) => {
    const files = Object.fromEntries(
      argv.filter((word) => word.endsWith('.yaml')).map((
        name,
      ) => [name, readFileSync(join(import.meta.dirname, '..', folder, name), 'utf8')]),
    )
    const { out } = await run(argv, files, { tty: true })
    return `\u001b[1m$ paddock ${argv.join(' ')}\u001b[0m\n${out.replace(/\n+$/, '')}`
  }))
  const lines = texts.join('\n\n').split('\n').flatMap((text) => wrapped(cells(text)))
  return [`${folder}/check.svg`, svg(lines, mark)]
}

/** A line with its escape sequences read. */
function cells(text: string): Cell[] {
  const styles = new Set<string>()
  return text.split(/(\u001b\[\d*m)/).flatMap((part): Cell[] => {
    const code = /^\u001b\[(\d*)m$/.exec(part)?.[1]
    if (code === undefined) return [...part].map((character) => ({ character, style: [...styles].join(' ') }))
    const style = classes[code]
    if (style === undefined) styles.clear()
    else styles.add(style)
    return []
  })
}

/** A line that is too long goes on below, at a blank where there is one, further in. */
function wrapped(all: readonly Cell[]): (readonly Cell[])[] {
  const lines: (readonly Cell[])[] = []
  let rest = all
  while (rest.length > width) {
    const blank = rest.slice(0, width + 1).findLastIndex(({ character }) => character === ' ')
    const end = blank > width / 2 ? blank : width
    lines.push(rest.slice(0, end))
    rest = [...[...'      '].map((character) => ({ character, style: '' })), ...rest.slice(blank > width / 2 ? end + 1 : end)]
  }
  return [...lines, rest]
}

/** Blanks as what no viewer folds. */
const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll(' ', '\u00a0')

/** A line with a span for each stretch of one style. */
function spans(some: readonly Cell[]): string {
  let text = ''
  for (let start = 0; start < some.length;) {
    const { style } = some[start] as Cell
    const next = some.findIndex((cell, index) => index > start && cell.style !== style)
    const end = next < 0 ? some.length : next
    const part = escaped(some.slice(start, end).map(({ character }) => character).join(''))
    text += style === '' ? part : `<tspan class="${style}">${part}</tspan>`
    start = end
  }
  return text
}

function svg(lines: readonly (readonly Cell[])[], mark: string): string {
  const [x, y] = [Math.round(width * column + 2 * margin), lines.length * line + 2 * margin]
  const rows = lines.map((some, index) => `<text x="${margin}" y="${margin + 14 + index * line}">${spans(some)}</text>`)
  return `<!-- ${mark} -->
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${x} ${y}" width="${x}" height="${y}" role="img" aria-label="paddock check: a Deployment is denied, another one is mended">
<style>
  text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; fill: #1f2328 }
  rect { fill: #f6f8fa; stroke: #d1d9e0 }
  .bold { font-weight: bold } .dim { opacity: .65 }
  .red { fill: #b3141d } .green { fill: #116329 } .yellow { fill: #7d4e00 } .blue { fill: #0550ae } .cyan { fill: #0a6069 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } rect { fill: #151b23; stroke: #3d444d }
    .red { fill: #ff7b72 } .green { fill: #56d364 } .yellow { fill: #e3b341 } .blue { fill: #79c0ff } .cyan { fill: #56d4dd }
  }
</style>
<rect x="0.5" y="0.5" width="${x - 1}" height="${y - 1}" rx="8"/>
${rows.join('\n')}
</svg>
`
}
