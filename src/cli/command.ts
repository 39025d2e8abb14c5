/** The command line of `paddock`: arguments → exit status. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import type { Policy } from '../policy/policy.ts'
import { presetNames } from '../policy/presets.ts'
import type { Io } from './io.ts'

/** What other skins do for the command line. */
export interface Skins {
  readonly serve: (options: ServeOptions) => Promise<Serving>
  /** The webhook's answer to a review; `both` mutates, then validates what came out. Throws what is wrong with the review. */
  readonly review: (operation: 'mutate' | 'validate' | 'both', review: string, policy: Policy) => Promise<unknown>
}

export interface ServeOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly policy: Policy
  readonly certDir: string | undefined
}

/** A webhook that serves. */
export interface Serving {
  readonly url: string
  /** The CA of its certificate, where it is known. */
  readonly ca: string | undefined
  /** Drains for so many milliseconds; as long as the skin thinks right where it is left out. */
  readonly stop: (lameDuck?: number) => Promise<void>
  /** Resolves once it has stopped, be it by a signal. */
  readonly stopped: Promise<void>
}

interface PolicyFlags {
  readonly policy?: string
  readonly preset: string
}

export const exitStatus = { ok: 0, found: 1, unreadable: 2 } as const

/** Something that the user can mend: told in one line, exit status 2. */
export class UsageError extends Error {}

/** Runs a command line (without the program's name). Returns the exit status. */
export async function run(argv: readonly string[], version: string, io: Io, skins: Skins): Promise<number> {
  let status: number = exitStatus.ok
  const program = new Command('paddock')
    .description('gunicorn admission for Kubernetes')
    .version(version)
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: (text) => io.stderr.write(text) })
  const policyFlags = (command: Command): Command =>
    command
      .option('--policy <file>', 'a GunicornPolicy to go by')
      .addOption(new Option('--preset <name>', 'a policy that ships with Paddock').choices(presetNames).default('blueking'))
  const policyOf = async ({ policy, preset }: PolicyFlags): Promise<Policy> => {
    const { presetNamed, readPolicy } = await import('../policy/read.ts')
    return policy === undefined ? presetNamed(preset) : readPolicy(io.readFile(policy), policy)
  }
  const adding = (command: Command): Command => {
    program.addCommand(command.exitOverride().configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: (text) => io.stderr.write(text) }))
    return command
  }

  policyFlags(adding(new Command('check')))
    .description('check files: Kubernetes YAML and JSON')
    .argument('[path...]', 'files and folders; - is standard input', ['.'])
    .option('--requirements <file>', 'a requirements.txt for workloads without an annotation of their own')
    .addOption(new Option('--format <format>', 'how findings are written').choices(['text', 'json']).default('text'))
    .addOption(new Option('--fail-on <action>', 'what ends with exit status 1').choices(['deny', 'warn', 'audit', 'fix', 'never']).default('deny'))
    .option('--fix', 'mend the files in place')
    .option('--diff', 'show what --fix changes; alone, change nothing')
    .action(async (paths: string[], flags) => {
      const { runCheck } = await import('./run-check.ts')
      status = await runCheck(paths, { ...flags, policy: await policyOf(flags) }, io)
    })

  adding(new Command('explain'))
    .description('show how a command is understood')
    .argument('[word...]', 'a manifest, or behind -- a command line')
    .option('--shell <script>', 'a script, as `sh -c` runs it')
    .option('--env <name=value>', 'a variable of the environment (repeatable)', variables, {})
    .option('--gunicorn <version>', 'the gunicorn release')
    .option('--all', 'show defaults too')
    .addOption(new Option('--format <format>', 'how it is written').choices(['text', 'json']).default('text'))
    .option('--stdin', 'read one JSON request a line, answer one a line')
    .action(async (words: string[], flags) => {
      const { runExplain } = await import('./run-explain.ts')
      // commander takes the `--` away, which tells a command line from a file.
      status = await runExplain(words, { ...flags, isCommand: argv.includes('--') }, io)
    })

  policyFlags(adding(new Command('review')))
    .description('answer an AdmissionReview as the webhook does')
    .argument('[file]', 'the review; standard input where it is left out', '-')
    .option('--mutate', 'answer as /mutate')
    .option('--validate', 'answer as /validate')
    .action(async (file: string, flags) => {
      const { runReview } = await import('./run-review.ts')
      status = await runReview(file, { ...flags, policy: await policyOf(flags) }, io, skins)
    })

  policyFlags(adding(new Command('serve')))
    .description('serve the webhook')
    .option('--host <address>', 'the address to listen on', '127.0.0.1')
    .option('--port <number>', 'the port to listen on', portNumber, 8443)
    .option('--cert-dir <dir>', 'tls.crt, tls.key and ca.crt: used if there, else made there')
    .addOption(new Option('--examples <folder>', 'put each file through the webhook first, and show what comes of it'))
    .option('--once', 'stop after the examples')
    .action(async (flags) => {
      const { runServe } = await import('./run-serve.ts')
      const { host, port, certDir, examples, once = false } = flags
      if (once && examples === undefined) throw new UsageError('--once needs --examples')
      status = await runServe({ host, port, certDir, policy: await policyOf(flags), examples, once }, skins.serve, io)
    })

  adding(new Command('rules'))
    .description('list the rules, or tell about one')
    .argument('[id]')
    .addOption(new Option('--format <format>', 'how they are written').choices(['text', 'json']).default('text'))
    .action(async (id: string | undefined, flags) => {
      const { runRules } = await import('./run-rules.ts')
      status = runRules(id, flags, io)
    })

  const policy = adding(new Command('policy')).description('policies')
  policy
    .command('show')
    .description('print a preset as a GunicornPolicy')
    .argument('<preset>')
    .action(async (name: string) => {
      const { showPolicy } = await import('./run-policy.ts')
      showPolicy(name, io)
    })
  policy
    .command('validate')
    .description('check a GunicornPolicy')
    .argument('<file>')
    .action(async (file: string) => {
      const { readPolicy } = await import('../policy/read.ts')
      const { name } = readPolicy(io.readFile(file), file)
      io.stdout.write(`${file}: GunicornPolicy "${name}" is valid\n`)
    })

  try {
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    return failure(error, io)
  }
  return status
}

function failure(error: unknown, io: Io): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitStatus.ok : exitStatus.unreadable
  if (!(error instanceof Error)) throw error
  const mendable = error instanceof UsageError || error.constructor.name === 'PolicyError' || 'code' in error
  if (!mendable) throw error
  io.stderr.write(`paddock: ${error.message}\n`)
  return exitStatus.unreadable
}

function portNumber(text: string): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || number > 65535) throw new InvalidArgumentError('must be a number from 0 to 65535')
  return number
}

function variables(text: string, before: Readonly<Record<string, string>>): Record<string, string> {
  const equals = text.indexOf('=')
  if (equals <= 0) throw new InvalidArgumentError('must be NAME=VALUE')
  return { ...before, [text.slice(0, equals)]: text.slice(equals + 1) }
}
