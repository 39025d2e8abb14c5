/** The command line as a function: files in memory, what it writes as text. */
import { basename } from 'node:path'
import { answerReview } from '../../src/admission/answer.ts'
import { run as runCommand } from '../../src/cli/command.ts'
import type { Skins } from '../../src/cli/skins.ts'
import { FileError } from '../../src/cli/exit.ts'
import type { Outside } from '../../src/cli/io.ts'

interface Ran {
  readonly status: number
  readonly out: string
  readonly err: string
  /** The files as they are afterwards. */
  readonly files: Readonly<Record<string, string>>
}

/** A policy whose defaults are few and short: those that gunicorn goes by anyway, or that are long, are left out. */
export const shortPolicy = `apiVersion: paddock.dev/v1alpha1
kind: GunicornPolicy
metadata: {name: short}
spec:
  preset: blueking
  defaults: {access_log_format: null, errorlog: null, accesslog: null}
`

/** Runs a command line on files that are held in memory. */
export async function run(argv: readonly string[], given: Readonly<Record<string, string>> = {},
  options: { input?: string; env?: Record<string, string>; tty?: boolean; scan?: Skins['scan']; diagnosed?: Skins['diagnosed'] } =
    {}): Promise<Ran> {
  const files: Record<string, string> = { ...given }
  let out = ''
  let err = ''
  const io: Outside = {
    stdout: { write: (text) => void (out += text), isTTY: options.tty ?? false },
    stderr: { write: (text) => void (err += text), isTTY: false },
    env: options.env ?? {},
    readInput: async () => options.input ?? '',
    inputLines: async function*() {
      yield* (options.input ?? '').split('\n')
    },
    readFile: (path) => files[path] ?? missing(path),
    openLog: (path) => {
      const bytes = Buffer.from(path === '-' ? (options.input ?? '') : (files[path] ?? missing(path)))
      return { size: bytes.length, chunks: (async function*() {
        yield bytes
      })() }
    },
    readWithin: (_, path) => files[path] ?? missing(path),
    writeWithin: (_, path, text) => void (files[path] = text),
    writeFile: (path, text) => void (files[path] = text),
    listFiles: (path, also) => {
      const found = Object.keys(files).filter((name) =>
        name === path || (name.startsWith(`${path}/`) && (/\.(ya?ml|json)$/.test(name) || basename(name) === also))
      )
      return found.length > 0 ? found : missing(path)
    },
    openFile: () => undefined,
    http: () => () => Promise.reject(new Error('not here')),
    askHelper: () => Promise.resolve(undefined),
    now: () => 0,
    time: () => Date.parse('2026-11-24T00:00:00Z'),
  }
  const status = await runCommand(argv, '1.2.3', io, {
    serve: () => Promise.reject(new Error('not here')),
    review: async (operation, review, policyFor) => answerReview(operation, review, policyFor),
    explained: () => Promise.reject(new Error('not here')),
    diagnosed: options.diagnosed ?? (() => Promise.reject(new Error('not here'))),
    scan: options.scan ?? (() => Promise.reject(new Error('not here'))),
  })
  return { status, out, err, files }
}

function missing(path: string): never {
  throw new FileError(path, 'no such file', true)
}
