/** The command line of `paddock`: arguments → exit status. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { duration } from '../cluster/duration.ts'
import { visible } from '../kubernetes/visible.ts'
import { workloadKinds } from '../kubernetes/kinds.ts'
import { PolicyError } from '../policy/policy-error.ts'
import { presetNames } from '../policy/presets.ts'
import { platformNames } from '../platforms/platform.ts'
import { exitStatus, UsageError } from './exit.ts'
import type { Governing, PolicyFlags } from './governing.ts'
import { formatNames, readOutputs, type Output } from './reports/outputs.ts'
import { guarded, type Io, type Outside } from './io.ts'
import type { Skins } from './skins.ts'

/** Runs a command line (without the program's name). Returns the exit status. */
export async function run(argv: readonly string[], version: string, outside: Outside, skins: Skins): Promise<number> {
  const io = guarded(outside)
  let status: number = exitStatus.ok
  const program = new Command('paddock')
    .description('gunicorn admission for Kubernetes')
    .version(version)
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: (text) => io.stderr.write(withVisible(argv, text)) })
  const policyFlags = (command: Command): Command =>
    command
      .option('--policy <file>', 'GunicornPolicies and GunicornExceptions to apply (repeatable)', several)
      .addOption(new Option('--preset <name>', 'a policy that ships with Paddock (default: blueking)').choices(presetNames))
  const registryFlags = (command: Command): Command =>
    command
      .option('--registry-config <file>',
        'a docker config file with the credentials of registries (default: $DOCKER_CONFIG/config.json, ~/.docker/config.json)')
      .option('--registry-ca <file>', 'certificates of authorities that registries may be signed by, besides the usual ones (PEM)')
      .option('--insecure-registry <host:port>', 'a registry without TLS, or with a certificate that is not checked (repeatable)', several)
  const governing = async (flags: PolicyFlags): Promise<Governing> => (await import('./governing.ts')).governing(flags, io)
  const adding = (command: Command): Command => {
    program.addCommand(
      command.exitOverride().configureOutput({ writeOut: (text) => io.stdout.write(text),
        writeErr: (text) => io.stderr.write(withVisible(argv, text)) }),
    )
    return command
  }

  registryFlags(policyFlags(adding(new Command('check'))))
    .description('check files: Kubernetes YAML and JSON, Procfile, app_desc.yaml')
    .argument('[path...]', 'files and folders; - is standard input', ['.'])
    .option('--requirements <file>', 'a requirements.txt for workloads without an annotation of their own')
    .option('--images', 'look into the images of workloads for what is installed')
    .option('--image-platform <platform>', 'which of the images of an index, as in linux/arm64 (default: linux/amd64)')
    .option('--offline', 'ask nothing of a network, whatever else is said')
    .option('--config-file <path=file>',
      'the config file that gunicorn finds at a path, absolute or from the folder it starts in (repeatable)', configFiles, {})
    .addOption(
      new Option('--platform <name>',
        'the platform that reads Procfile and app_desc.yaml (default: that of the preset, else blueking and what others read differently)')
        .choices(platformNames),
    )
    .option('--format <format[=file]>', `how findings are written, and where to (repeatable): ${formatNames.join(', ')} (default: text)`,
      outputs)
    .addOption(
      new Option('--fail-on <action>', 'what ends with exit status 1').choices(['deny', 'warn', 'audit', 'fix', 'never']).default('deny'),
    )
    .option('--exclude <pattern>', 'what is left out of folders, as a line of .gitignore has it (repeatable)', several)
    .option('--stdin-filename <name>', 'what - is, by the name of a file: Procfile, app_desc.yaml')
    .option('--changed',
      'the files are those that have changed: a file that Paddock does not read stands for the Procfile or app_desc.yaml beside it')
    .option('--fix', 'mend the files in place')
    .option('--diff', 'show what --fix changes; alone, change nothing')
    .action(async (paths: string[], flags) => {
      const { runCheck } = await import('./run-check.ts')
      status = await runCheck(paths, { ...flags, version, governing: await governing(flags) }, io)
    })

  adding(new Command('explain'))
    .description('show how a command is understood')
    .argument('[word...]', 'a manifest, a Procfile or app_desc.yaml, or behind -- a command line')
    .addOption(
      new Option('--platform <name>', 'the platform that reads Procfile and app_desc.yaml (default: blueking, in each of its ways)')
        .choices(platformNames),
    )
    .option('--shell <script>', 'a script, as `sh -c` runs it')
    .option('--env <name=value>', 'a variable of the environment (repeatable)', variables, {})
    .option('--config-file <path=file>',
      'the config file that gunicorn finds at a path, absolute or from the folder it starts in (repeatable)', configFiles, {})
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
      const { policyFor, notes } = await governing(flags)
      status = await runReview(file, { ...flags, policyFor }, io, skins)
      for (const note of notes()) io.stderr.write(`paddock: ${visible(note)}\n`)
    })

  policyFlags(adding(new Command('serve')))
    .description('serve the webhook')
    .option('--host <address>', 'the address to listen on', '127.0.0.1')
    .option('--port <number>', 'the port to listen on', portNumber, 8443)
    .option('--cert-dir <dir>', 'tls.crt, tls.key and ca.crt: used if there, else made there')
    .option('--client-ca <file>', 'take reviews only from clients with a certificate signed by one of these authorities (PEM)')
    .option('--memo <MiB>', 'what is remembered of answers, to give them again; 0 for nothing', mebibytes, 4)
    .addOption(new Option('--examples <folder>', 'put each file through the webhook first, and show what comes of it'))
    .option('--once', 'stop after the examples')
    .action(async (flags) => {
      const { runServe } = await import('./run-serve.ts')
      const { host, port, certDir, clientCa, memo, examples, once = false } = flags
      const { policyFor, state, namespaces } = await governing(flags)
      if (namespaces)
        io.stderr.write(
          'paddock: the labels of namespaces are not known here, but for their names: policies that ask for others are left out\n',
        )
      if (once && examples === undefined) throw new UsageError('--once needs --examples')
      if (clientCa !== undefined && examples !== undefined)
        throw new UsageError('--examples cannot be used with --client-ca: it has no certificate to present')
      status = await runServe({ host, port, certDir, clientCa, memo: memo * 1024 * 1024, policyFor, state, examples, once }, skins.serve,
        io)
    })

  registryFlags(adding(new Command('scan')))
    .description('check the workloads of a cluster, or see what other policies would change there')
    .option('--policy <file>', 'GunicornPolicies and GunicornExceptions to try, as if they were applied (repeatable)', several)
    .addOption(new Option('--preset <name>', 'a policy that ships with Paddock to try').choices(presetNames))
    .option('-n, --namespace <name>', 'the one namespace to look at')
    .option('--kind <kind>', 'a kind of workload to look at (repeatable)', kinds)
    .option('--kubeconfig <file>', 'the cluster')
    .option('--context <name>', 'the context of the kubeconfig')
    .option('--images', 'look into the images of workloads for what is installed')
    .option('--image-platform <platform>', 'which of the images of an index, as in linux/arm64 (default: linux/amd64)')
    .option('--format <format[=file]>', `how findings are written, and where to (repeatable): ${formatNames.join(', ')} (default: text)`,
      outputs)
    .addOption(
      new Option('--fail-on <action>', 'what ends with exit status 1').choices(['deny', 'warn', 'audit', 'fix', 'never']).default('deny'),
    )
    .action(async (flags) => {
      const { runScan } = await import('./run-scan.ts')
      status = await runScan({ ...flags, version }, skins.scan, io)
    })

  registryFlags(adding(new Command('image')))
    .description('show what is in an image: what starts, on which Python, with which worker dependencies')
    .argument('<image>', 'REGISTRY/NAME[:TAG|@DIGEST], oci:DIR[:TAG|@DIGEST], docker-archive:FILE[:NAME], oci-archive:FILE[:NAME]')
    .option('--platform <platform>', 'which of the images of an index, as in linux/arm64 (default: linux/amd64)')
    .addOption(new Option('--format <format>', 'how it is written').choices(['text', 'json']).default('text'))
    .action(async (name: string, flags) => {
      const { runImage } = await import('./run-image.ts')
      status = await runImage(name, flags, io)
    })

  policyFlags(adding(new Command('diagnose')))
    .description("say what happened, by gunicorn's logs, and what to change")
    .argument('[what...]',
      'deployment/NAME in a cluster, or - for logs on standard input; a manifest, a Procfile or app_desc.yaml for the settings that held')
    .option('--logs <file>', 'a log to read, as large as it is (repeatable)', several)
    .option('--command <script>', 'the command that started gunicorn, for the settings that held')
    .option('--env <name=value>', 'a variable of its environment (repeatable)', variables, {})
    .option('--config-file <path=file>',
      'the config file that gunicorn finds at a path, absolute or from the folder it starts in (repeatable)', configFiles, {})
    .option('--gunicorn <version>', 'the gunicorn release')
    .option('-n, --namespace <name>', 'the namespace of the workload')
    .option('--since <duration>', 'how far back logs and events count, as in 1h30m', milliseconds)
    .option('--kubeconfig <file>', 'the cluster')
    .option('--context <name>', 'the context of the kubeconfig')
    .option('--requirements <file>', 'a requirements.txt, for what may be advised')
    .option('--fix', 'write what is advised into that manifest, Procfile or app_desc.yaml')
    .option('--diff', 'show what --fix writes')
    .addOption(new Option('--format <format>', 'how it is written').choices(['text', 'json', 'html']).default('text'))
    .action(async (files: string[], flags) => {
      const { runDiagnose } = await import('./run-diagnose.ts')
      status = await runDiagnose(files, flags, io, skins.diagnosed)
    })

  adding(new Command('rules'))
    .description('list the rules, or explain one')
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
  policyFlags(policy.command('explain'))
    .description('show which policies govern a workload, and who decides what')
    .argument('<workload>', 'NAMESPACE/NAME; NAME alone where a manifest names no namespace')
    .argument('[path...]', 'manifests to look for it in; the cluster where they are left out')
    .option('--kind <kind>', 'its kind, where there are several of that name')
    .option('--kubeconfig <file>', 'the cluster')
    .option('--context <name>', 'the context of the kubeconfig')
    .addOption(new Option('--format <format>', 'how it is written').choices(['text', 'json']).default('text'))
    .action(async (workload: string, paths: string[], flags) => {
      const { explainPolicy } = await import('./run-policy-explain.ts')
      status = await explainPolicy(workload, paths, flags, io, skins)
    })
  policy
    .command('test')
    .description('run the tests in files named paddock-test.yaml')
    .argument('[path...]', 'files and folders', ['.'])
    .addOption(new Option('--format <format>', 'how results are written').choices(['text', 'json', 'junit']).default('text'))
    .action(async (paths: string[], flags) => {
      const { testPolicies } = await import('./run-policy-test.ts')
      status = await testPolicies(paths, flags, io)
    })
  policy
    .command('validate')
    .description('check GunicornPolicies and GunicornExceptions')
    .argument('<path...>', 'files and folders')
    .action(async (files: string[]) => {
      const { validatePolicies } = await import('./run-policy.ts')
      validatePolicies(files, io)
    })

  try {
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    // Its options are taken for Paddock's own.
    if (error instanceof CommanderError && error.code === 'commander.unknownOption' && argv[0] === 'explain' && !argv.includes('--'))
      io.stderr.write('paddock: a command stands behind `--`: `paddock explain -- gunicorn -w 4 app:app`\n')
    return failure(error, argv, io)
  }
  return status
}

/** Words of the command line, quoted in a message, begin no line. */
const withVisible = (argv: readonly string[], text: string): string =>
  argv.reduce((left, word) => (visible(word) === word ? left : left.replaceAll(word, () => visible(word))), text)

function failure(error: unknown, argv: readonly string[], io: Io): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitStatus.ok : exitStatus.unreadable
  if (!(error instanceof Error)) throw error
  const mendable = error instanceof UsageError || error instanceof PolicyError || 'code' in error
  if (!mendable) throw error
  io.stderr.write(`paddock: ${withVisible(argv, error.message)}\n`)
  return exitStatus.unreadable
}

function portNumber(text: string): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || number > 65535) throw new InvalidArgumentError('must be a number from 0 to 65535')
  return number
}

function milliseconds(text: string): number {
  const read = duration(text)
  if (read === undefined) throw new InvalidArgumentError('must be a duration, as in 90s, 15m or 1h30m')
  return read
}

function mebibytes(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new InvalidArgumentError('must be a number from 0 to 9999')
  return Number(text)
}

function outputs(text: string, before?: readonly Output[]): readonly Output[] {
  try {
    return readOutputs(text, before)
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error))
  }
}

function kinds(text: string, before: readonly string[] = []): readonly string[] {
  const names = [...new Set(workloadKinds.map(({ kind }) => kind))].sort()
  if (!names.includes(text)) throw new InvalidArgumentError(`Allowed choices are ${names.join(', ')}.`)
  return [...before, text]
}

const several = (text: string, before: readonly string[] = []): readonly string[] => [...before, text]

function variables(text: string, before: Readonly<Record<string, string>>): Record<string, string> {
  const equals = text.indexOf('=')
  if (equals <= 0) throw new InvalidArgumentError('must be NAME=VALUE')
  return { ...before, [text.slice(0, equals)]: text.slice(equals + 1) }
}

function configFiles(text: string, before: Readonly<Record<string, string>>): Record<string, string> {
  const equals = text.indexOf('=')
  if (equals <= 0 || equals === text.length - 1) throw new InvalidArgumentError('must be PATH=FILE')
  return { ...before, [text.slice(0, equals)]: text.slice(equals + 1) }
}
