/** `paddock diagnose`: gunicorn's logs → what happened → what to change. */
import { chartOf, diagnosisOf } from '../logs/diagnose.ts'
import { Diagnosing } from '../logs/diagnosing.ts'
import type { CommandFlags } from './circumstances.ts'
import { diagnosisText } from './diagnosis-text.ts'
import { exitStatus, UsageError } from './exit.ts'
import { jsonText, painter, type Io } from './io.ts'
import { fileProgress } from './progress.ts'

export interface DiagnoseFlags extends CommandFlags {
  readonly logs?: readonly string[]
  readonly format: 'text' | 'json' | 'html'
}

export async function runDiagnose(files: readonly string[], flags: DiagnoseFlags, io: Io): Promise<number> {
  const logs = [...(flags.logs ?? []), ...files.filter((file) => file === '-')]
  if (logs.length === 0) throw new UsageError('diagnose needs logs: --logs FILE, or - for standard input')
  if (logs.filter((file) => file === '-').length > 1) throw new UsageError('standard input can be read once')
  const sources = files.filter((file) => file !== '-')
  // What reads commands is not loaded where there is none.
  const circumstances = flags.command === undefined && sources.length === 0 ? { isKnown: false, gunicorn: flags.gunicorn }
    : await (await import('./circumstances.ts')).circumstancesOf(sources, flags, io)
  const log = new Diagnosing(circumstances)
  for (const path of logs) {
    const { size, chunks } = io.openLog(path)
    const shown = fileProgress(io, path === '-' ? 'standard input' : path, size)
    const before = log.bytes
    for await (const chunk of chunks) {
      log.push(chunk)
      shown.step(log.bytes - before)
    }
    log.nextFile()
    shown.end()
  }
  log.end()
  const diagnosis = diagnosisOf(log)
  if (flags.format === 'json') io.stdout.write(`${jsonText(diagnosis, 2)}\n`)
  else if (flags.format === 'html') io.stdout.raw((await import('./diagnosis-html.ts')).diagnosisHtml(diagnosis, chartOf(log)))
  else io.stdout.write(diagnosisText(diagnosis, chartOf(log), painter(io.stdout, io.env)))
  return diagnosis.healthy === false ? exitStatus.found : exitStatus.ok
}
