/** `paddock diagnose`: gunicorn's logs → what happened → what to change. */
import { chartOf, diagnosisOf } from '../logs/diagnose.ts'
import { visible } from '../kubernetes/visible.ts'
import { Diagnosing } from '../logs/diagnosing.ts'
import type { Diagnosis } from '../logs/diagnosis.ts'
import type { Advised } from './advised.ts'
import type { CommandFlags, Place } from './circumstances.ts'
import { diagnosisText } from './diagnosis-text.ts'
import { exitStatus, UsageError } from './exit.ts'
import type { PolicyFlags } from './governing.ts'
import { jsonText, painter, type Io } from './io.ts'
import { fileProgress } from './progress.ts'
import { folderOf } from './repository.ts'

export interface DiagnoseFlags extends CommandFlags, PolicyFlags {
  readonly logs?: readonly string[]
  readonly requirements?: string
  /** Whether what is advised is written into the file that the settings stand in. */
  readonly fix?: boolean
  /** Whether that is shown. */
  readonly diff?: boolean
  readonly format: 'text' | 'json' | 'html'
}

export async function runDiagnose(files: readonly string[], flags: DiagnoseFlags, io: Io): Promise<number> {
  const logs = [...(flags.logs ?? []), ...files.filter((file) => file === '-')]
  if (logs.length === 0) throw new UsageError('diagnose needs logs: --logs FILE, or - for standard input')
  if (logs.filter((file) => file === '-').length > 1) throw new UsageError('standard input can be read once')
  const sources = files.filter((file) => file !== '-')
  // What reads commands is not loaded where there is none.
  const { circumstances, place } = flags.command === undefined && sources.length === 0
    ? { circumstances: { isKnown: false, gunicorn: flags.gunicorn }, place: undefined }
    : await (await import('./circumstances.ts')).circumstancesOf(sources, flags, io)
  const isChanging = flags.fix === true || flags.diff === true
  if (isChanging && !place)
    throw new UsageError('--fix and --diff need the file that the settings stand in: a manifest, a Procfile or app_desc.yaml')
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
  const advice = place ? await advisedIn(place, diagnosisOf(log), flags, io) : undefined
  const diagnosis = advice?.diagnosis ?? diagnosisOf(log)
  if (flags.format === 'json') io.stdout.write(`${jsonText(diagnosis, 2)}\n`)
  else if (flags.format === 'html') io.stdout.raw((await import('./diagnosis-html.ts')).diagnosisHtml(diagnosis, chartOf(log)))
  else io.stdout.write(diagnosisText(diagnosis, chartOf(log), painter(io.stdout, io.env)))
  if (advice && isChanging) await change(advice, flags, io)
  return diagnosis.healthy === false ? exitStatus.found : exitStatus.ok
}

async function advisedIn(place: Place, diagnosis: Diagnosis, flags: DiagnoseFlags, io: Io): Promise<Advised> {
  const { advised, Trial } = await import('./advised.ts')
  const { governing } = await import('./governing.ts')
  const { requirements, configFile } = flags
  const advice = await advised(diagnosis,
    new Trial(place, io.readFile(place.file), { governing: await governing(flags, io), requirements, configFile }, io))
  for (const left of advice.left) io.stderr.write(`paddock: not advised: ${left}\n`)
  return advice
}

/** Shows what the advice comes to, or writes it. */
async function change({ texts, written: said }: Advised, flags: DiagnoseFlags, io: Io): Promise<void> {
  const { diffOf, written } = await import('./file-changes.ts')
  if (texts.size === 0) io.stderr.write('paddock: there is no advice that can be written: nothing is changed\n')
  for (const [file, text] of texts) {
    const before = io.readFile(file)
    if (flags.diff) io.stdout.write(await diffOf(file, before, text, io))
    if (flags.fix && written(folderOf(file), file, text, io)) io.stderr.write(`paddock: ${visible(file)}: written: ${said.join(', ')}\n`)
  }
}
