import { run } from '../src/cli/command.ts'
import { diagnosed, explained, scan } from './cluster.ts'
import { errorLines, processIo, whenAsked } from './process.ts'
import { reading } from './threads.ts'
import { version } from './version.ts'

/** The skins, wired to the process. Returns the exit status. */
export const main = (): Promise<number> =>
  run(process.argv.slice(2), version, processIo(), {
    async serve(options) {
      const { jsonLog, serve, warmUp } = await import('../src/admission/serve.ts')
      const exemptNamespaces = process.env['POD_NAMESPACE'] ? [process.env['POD_NAMESPACE']] : []
      // A person at a terminal has been told what matters already.
      const log = jsonLog(process.stderr.isTTY ? 'warn' : 'info', errorLines(), Date.now)
      warmUp()
      const serving = await serve({ ...options, reading, exemptNamespaces, log, lameDuck: 5000, now: Date.now })
      // A person who presses Ctrl-C does not wait for endpoints to be updated.
      whenAsked((signal) => void serving.stop(signal === 'SIGINT' ? 0 : undefined))
      return serving
    },
    async review(operation, review, policyFor) {
      const { answerReview } = await import('../src/admission/answer.ts')
      return answerReview(operation, review, policyFor)
    },
    explained,
    scan,
    diagnosed,
  })
