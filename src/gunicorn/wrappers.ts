/**
 * Programs that start another program, whose command line stands among their own arguments.
 *
 * `options` are the wrapper's options that take their value as the next word; any other word that begins with `-`
 * is taken for an option without one. `words` is the number of words between the name (with its options) and the
 * command: the `run` of `poetry run`, the user of `gosu`. With `separator`, the command begins behind `--`.
 */
export interface Wrapper {
  readonly options?: readonly string[]
  /** The words that must follow the name, in order, for it to start a command: `run` of `poetry run`. */
  readonly subcommand?: readonly string[]
  readonly words?: number
  readonly separator?: 'required' | 'optional'
  /** True where words of the form NAME=VALUE before the command set the command's environment. */
  readonly assigns?: boolean
}

/** By the program's base name. */
export const wrappers: Readonly<Record<string, Wrapper>> = {
  // The system's own
  env: { options: ['-u', '--unset', '-C', '--chdir'], assigns: true, separator: 'optional' },
  nice: { options: ['-n', '--adjustment'] },
  ionice: { options: ['-c', '--class', '-n', '--classdata'] },
  nohup: {},
  setsid: {},
  stdbuf: { options: ['-i', '--input', '-o', '--output', '-e', '--error'] },
  time: { options: ['-f', '--format', '-o', '--output'] },
  timeout: { options: ['-k', '--kill-after', '-s', '--signal'], words: 1 },
  chrt: { words: 1 },
  taskset: { words: 1 },
  // Users
  gosu: { words: 1 },
  'su-exec': { words: 1 },
  setpriv: { options: ['--reuid', '--regid', '--groups', '--inh-caps', '--ambient-caps', '--bounding-set', '--securebits'], separator: 'optional' },
  sudo: { options: ['-u', '--user', '-g', '--group', '-h', '--host', '-p', '--prompt', '-C', '-D', '-R', '-T'], assigns: true, separator: 'optional' },
  runuser: { options: ['-u', '--user', '-g', '--group', '-G', '--supp-group'], separator: 'optional' },
  // Init programs
  tini: { options: ['-p', '-e'], separator: 'optional' },
  'tini-static': { options: ['-p', '-e'], separator: 'optional' },
  'dumb-init': { options: ['-r', '--rewrite'], separator: 'optional' },
  catatonit: { separator: 'optional' },
  // Environments
  poetry: { subcommand: ['run'] },
  pipenv: { subcommand: ['run'] },
  pdm: { subcommand: ['run'], options: ['-p', '--project'] },
  hatch: { subcommand: ['run'] },
  rye: { subcommand: ['run'] },
  uv: {
    subcommand: ['run'],
    options: ['--extra', '--group', '--only-group', '--with', '--with-editable', '--env-file', '--python', '-p', '--project', '--package', '--directory'],
    separator: 'optional',
  },
  conda: { subcommand: ['run'], options: ['-n', '--name', '-p', '--prefix', '--cwd'] },
  micromamba: { subcommand: ['run'], options: ['-n', '--name', '-p', '--prefix', '--cwd'] },
  // Instrumentation
  'opentelemetry-instrument': {
    options: [
      '--traces_exporter', '--metrics_exporter', '--logs_exporter', '--service_name', '--propagators', '--id_generator',
      '--exporter_otlp_endpoint', '--exporter_otlp_traces_endpoint', '--exporter_otlp_metrics_endpoint', '--exporter_otlp_protocol',
      '--resource_attributes', '--distro', '--configurator',
    ],
  },
  'ddtrace-run': {},
  'newrelic-admin': { subcommand: ['run-program'] },
  // Secrets and waiting
  doppler: { subcommand: ['run'], options: ['-p', '--project', '-c', '--config', '-t', '--token'], separator: 'required' },
  infisical: { subcommand: ['run'], separator: 'required' },
  chamber: { subcommand: ['exec'], separator: 'required' },
  op: { subcommand: ['run'], separator: 'required' },
  'vault-env': {},
  'wait-for-it': { separator: 'required' },
  'wait-for-it.sh': { separator: 'required' },
  'wait-for': { separator: 'required' },
  'wait-for.sh': { separator: 'required' },
  dockerize: { options: ['-wait', '-timeout', '-wait-retry-interval', '-template', '-stdout', '-stderr', '-wait-http-header'], separator: 'optional' },
  watchmedo: { subcommand: ['auto-restart'], separator: 'required' },
}
