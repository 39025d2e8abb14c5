/** The report formats, and reports written in several of them at once. */
import { visibleJson, visibleLines, visibleXml } from '../../kubernetes/visible.ts'
import { painter, type Io } from '../io.ts'
import { githubReporter } from './github.ts'
import { jsonReporter } from './json.ts'
import { junitReporter } from './junit.ts'
import { markdownReporter } from './markdown.ts'
import type { Format, Output } from './outputs.ts'
import type { Reporter } from './report.ts'
import { sarifReporter } from './sarif.ts'
import { textReporter } from './text.ts'

/** What a format is told beside what is found. */
export interface ReportOptions {
  /** Paddock's own version. */
  readonly version: string
  /** True for the actions that end with a failure, where nothing is fixed. */
  readonly fails: (action: string) => boolean
  /** True where the command itself tells what cannot be read, beside a text that people read. */
  readonly tellsUnreadable?: boolean
  readonly paint: ReturnType<typeof painter>
}

/** One format: what writes it, and how it writes the control characters that it could let stand. */
interface Row {
  readonly reporter: (write: (text: string) => void, options: ReportOptions) => Reporter
  readonly escape: (text: string) => string
}

const formats: Readonly<Record<Format, Row>> = {
  text: { reporter: (write, { paint, tellsUnreadable }) => textReporter(write, paint, tellsUnreadable), escape: visibleLines },
  json: { reporter: jsonReporter, escape: visibleJson },
  sarif: { reporter: sarifReporter, escape: visibleJson },
  junit: { reporter: junitReporter, escape: visibleXml },
  github: { reporter: githubReporter, escape: visibleLines },
  markdown: { reporter: markdownReporter, escape: visibleLines },
}

type Options = Omit<ReportOptions, 'paint'>

/** One reporter for all outputs. What goes to a file is written when it is complete. */
export function openReports(outputs: readonly Output[], options: Options, stdout: Io['stdout'], io: Io): Reporter {
  const reporters = outputs.map((output) => openReport(output, options, stdout, io))
  return {
    workload: (file, workload) => reporters.forEach((reporter) => reporter.workload(file, workload)),
    unreadable: (file, problem) => reporters.forEach((reporter) => reporter.unreadable(file, problem)),
    end: (summary) => reporters.forEach((reporter) => reporter.end(summary)),
  }
}

function openReport({ format, file }: Output, options: Options, stdout: Io['stdout'], io: Io): Reporter {
  const { reporter: open, escape } = formats[format]
  // Colours come with the text alone, which the output escapes itself.
  if (file === undefined)
    return open((text) => stdout.write(format === 'text' ? text : escape(text)), { ...options, paint: painter(stdout, io.env) })
  const chunks: string[] = []
  const reporter = open((text) => chunks.push(escape(text)), { ...options, tellsUnreadable: false, paint: (_, text) => text })
  return {
    ...reporter,
    end(summary) {
      reporter.end(summary)
      io.writeFile(file, chunks.join(''))
    },
  }
}
