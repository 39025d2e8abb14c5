/**
 * Programs that start another program, whose command line stands among their own arguments or in one string: as data.
 *
 * What a program does with its arguments is read off its own argument parser, or its manual page where that is no program of
 * Debian's, PyPI's or the like; test/conformance/wrappers.test.ts runs those that can be had. An option that is not listed here
 * makes the command behind it unknown.
 */

/** What a wrapper, or an option of it, does to the environment of the command. */
export type EnvironmentChange =
  /** Nothing is left of it. */
  | 'clears'
  /** What is set may be set to something else, or to nothing; what is not set stays so. */
  | 'resets'
  /** It sets variables that cannot be seen. */
  | 'loads'
  /** The value of the option is the name of a variable that is unset. */
  | 'unsets'
  /** The value of the option is NAME=VALUE. */
  | 'assigns'
  /** The environment is kept after all. */
  | 'keeps'

export interface Option {
  /** Whether its value is the next word, where none is glued to it. */
  readonly value: 'none' | 'next' | 'glued'
  readonly environment?: EnvironmentChange | undefined
  /** How the command in its value is taken apart: by a shell, or into words by quotes alone. */
  readonly command?: 'shell' | 'words' | undefined
  /** True where its value is taken apart into words that stand in its place, options of the wrapper's own among them: `env -S`. */
  readonly splits?: boolean
  /** True where the command is a Python module, which is its value where that is glued: `-m`. */
  readonly isModule?: boolean
  /** True where with this option nothing stays between. */
  readonly execs?: boolean
}

/** What stands, in this order, between the name of a wrapper and the command. */
export type Step =
  /** Any number of options, up to `--`. With `oneDash`, names may stand behind one dash (Go's flag package). */
  | { readonly kind: 'options'; readonly known: ReadonlyMap<string, Option>; readonly oneDash: boolean }
  /** One of these words. */
  | { readonly kind: 'subcommand'; readonly names: readonly string[] }
  /** A word that may be anything: a user, a duration, a file. */
  | { readonly kind: 'operand' }
  /** NAME=VALUE, any number of times. */
  | { readonly kind: 'assignments' }
  /** The end of the options, by `--`: without, those of the command would be the wrapper's. */
  | { readonly kind: 'ended' }
  /** None of the command's words begins with one of these: the wrapper would take them out as its own, wherever they stand. */
  | { readonly kind: 'spared'; readonly options: RegExp }
  /** Whatever it is, up to `--`. */
  | { readonly kind: 'separator' }

export interface Wrapper {
  readonly steps: readonly Step[]
  /** True where the wrapper is still there while the command runs; false where it becomes the command. */
  readonly stays: boolean
  /** Whether a SIGTERM that a wrapper gets which stays reaches the command; null where that is not known. */
  readonly passes?: boolean | null
  readonly environment?: EnvironmentChange
  /** Variables that it may set to something else, where they are set. */
  readonly overwrites?: readonly string[]
  /**
   * True where its options may stand anywhere, also behind its operands: then the command stands in an option's value, or
   * behind `--`.
   */
  readonly permutes?: boolean
  /** True where the command is a Python script, given by its path, unless an option says that it is a module. */
  readonly isPython?: boolean
  /** True where a name before a colon is an environment to run in: `prod:gunicorn`. */
  readonly namesEnvironment?: boolean
}

type Extra = Partial<Record<EnvironmentChange | 'shell' | 'words' | 'module' | 'execs' | 'splits', string>>

/**
 * Options by their names without dashes: `f foreground k= kill-after=`. `=` stands behind those whose value may be the next
 * word, `?` behind those whose value can only be glued (`--login[=x]`); `#` is `-NUMBER`, `-` a lone dash. `extra` names those
 * that do something to the command.
 */
function options(names = '', extra: Extra = {}, oneDash = false): Step {
  const known = new Map<string, Option>()
  const has = (list: string | undefined, name: string): boolean => list?.split(' ').includes(name) ?? false
  const environments = ['clears', 'resets', 'loads', 'unsets', 'assigns', 'keeps'] as const
  for (const text of names.split(' ')) {
    if (text === '') continue
    const name = text.replace(/[=?]$/, '')
    known.set(name, {
      value: text.endsWith('=') ? 'next' : text.endsWith('?') ? 'glued' : 'none',
      environment: environments.find((change) => has(extra[change], name)),
      command: has(extra.shell, name) ? 'shell' : has(extra.words, name) ? 'words' : undefined,
      splits: has(extra.splits, name),
      isModule: has(extra.module, name),
      execs: has(extra.execs, name),
    })
  }
  return { kind: 'options', known, oneDash }
}

const flags = (names: string, extra: Extra = {}): Step => options(names, extra, true)
const subcommand = (...names: readonly string[]): Step => ({ kind: 'subcommand', names })
const operand: Step = { kind: 'operand' }
const assignments: Step = { kind: 'assignments' }
const ended: Step = { kind: 'ended' }
const separator: Step = { kind: 'separator' }

const execs = (...steps: readonly Step[]): Wrapper => ({ steps, stays: false })
const runsPython = (...steps: readonly Step[]): Wrapper => ({ steps, stays: false, isPython: true })
const runsPythonBeside = (...steps: readonly Step[]): Wrapper => ({ steps, stays: true, passes: null, isPython: true })
const stays = (passes: boolean | null, ...steps: readonly Step[]): Wrapper => ({ steps, stays: true, passes })

/** Scripts that keep what they wait for in variables: where the environment has one of the name, the command gets theirs. */
const waitForIt: Wrapper = { ...execs(separator), overwrites: ['HOST', 'PORT', 'TIMEOUT', 'QUIET'] }
const su =
  'c= command= session-command= f fast g= group= G= supp-group= l login - m p preserve-environment P pty s= shell= w= whitelist-environment='
const suExtra: Extra = { shell: 'c command session-command', clears: 'l login -' }
const condaRun = 'n= name= p= prefix= cwd= live-stream no-capture-output v verbose dev debug-wrapper-scripts'

const uvOptions = [
  'extra= all-extras no-extra= no-dev dev only-dev group= no-group= no-default-groups only-group= all-groups m module no-editable inexact',
  'no-editable-package= exact env-file= no-env-file with= w= with-editable= with-requirements= isolated active no-sync locked frozen',
  's script gui-script all-packages package= no-project python-platform= index= default-index= i= index-url= extra-index-url= f=',
  'find-links= no-index index-strategy= keyring-provider= U upgrade P= upgrade-package= upgrade-group= resolution= prerelease=',
  'prerelease-package= fork-strategy= exclude-newer= exclude-newer-package= no-sources no-sources-package= reinstall',
  'reinstall-package= link-mode= compile-bytecode C= config-setting= config-settings-package= no-build-isolation',
  'no-build-isolation-package= no-build no-build-package= no-binary no-binary-package= require-build-hashes',
  'no-require-build-hashes n no-cache no-cache-dir cache-dir= refresh refresh-package= p= python= managed-python no-managed-python',
  'python-preference= no-python-downloads q quiet v verbose color= system-certs native-tls offline allow-insecure-host= no-progress',
  'directory= project= config-file= no-config',
].join(' ')
const uvExtra: Extra = { loads: 'env-file', module: 'm module' }

/** opentelemetry-instrument makes an option of each variable of the SDK: those of 0.66b, and some of older releases. */
const openTelemetry = [
  'attribute_count_limit attribute_value_length_limit auto_instrumentation_experimental_gevent_patch blrp_export_timeout',
  'blrp_max_export_batch_size blrp_max_queue_size blrp_schedule_delay bsp_export_timeout bsp_max_export_batch_size',
  'bsp_max_queue_size bsp_schedule_delay config_file configurator context disabled_instrumentations distro',
  'event_attribute_count_limit experimental_resource_detectors exporter_otlp_certificate exporter_otlp_client_certificate',
  'exporter_otlp_client_key exporter_otlp_compression exporter_otlp_endpoint exporter_otlp_headers exporter_otlp_insecure',
  'exporter_otlp_logs_certificate exporter_otlp_logs_client_certificate exporter_otlp_logs_client_key',
  'exporter_otlp_logs_compression exporter_otlp_logs_endpoint exporter_otlp_logs_headers exporter_otlp_logs_insecure',
  'exporter_otlp_logs_protocol exporter_otlp_logs_timeout exporter_otlp_metrics_certificate',
  'exporter_otlp_metrics_client_certificate exporter_otlp_metrics_client_key exporter_otlp_metrics_compression',
  'exporter_otlp_metrics_default_histogram_aggregation exporter_otlp_metrics_endpoint exporter_otlp_metrics_headers',
  'exporter_otlp_metrics_insecure exporter_otlp_metrics_protocol exporter_otlp_metrics_temporality_preference',
  'exporter_otlp_metrics_timeout exporter_otlp_protocol exporter_otlp_timeout exporter_otlp_traces_certificate',
  'exporter_otlp_traces_client_certificate exporter_otlp_traces_client_key exporter_otlp_traces_compression',
  'exporter_otlp_traces_endpoint exporter_otlp_traces_headers exporter_otlp_traces_insecure exporter_otlp_traces_protocol',
  'exporter_otlp_traces_timeout exporter_prometheus_host exporter_prometheus_port exporter_zipkin_endpoint',
  'exporter_zipkin_timeout id_generator link_attribute_count_limit log_level logger_configurator',
  'logrecord_attribute_count_limit logrecord_attribute_value_length_limit logs_exporter meter_configurator meter_provider',
  'metric_export_interval metric_export_timeout metrics_exemplar_filter metrics_exporter propagators python_context',
  'python_disabled_instrumentations python_excluded_urls python_log_correlation',
  'python_logging_auto_instrumentation_enabled resource_attributes sdk_disabled sdk_internal_metrics_enabled',
  'semconv_stability_opt_in service_name span_attribute_count_limit span_attribute_value_length_limit',
  'span_event_count_limit span_link_count_limit tracer_configurator tracer_provider traces_exporter traces_sampler',
  'traces_sampler_arg',
].join(' ').replaceAll(/\w+/g, '$&=')

const memrayRun =
  'o= output= live live-remote live-port= p= aggregate native follow-fork trace-python-allocators q quiet f force buffered-file-io compress-on-exit no-compress'
const coverageRun =
  'a append branch concurrency= context= data-file= include= m module omit= L pylib p parallel-mode save-signal= source= timid debug= rcfile='
const debugpy =
  'log-to= log-to-stderr listen= connect= wait-for-client configure-qt= configure-subProcess= parent-session-pid= adapter-access-token= disable-sys-remote-exec'
const watchmedo =
  'q quiet v verbose d= directory= p= pattern= patterns= i= ignore-pattern= ignore-patterns= D ignore-directories R recursive interval= timeout= signal= debug-force-polling kill-after= debounce-interval= no-restart-on-command-exit'
const prlimit =
  'c? core? d? data? e? nice? f? fsize? i? sigpending? l? memlock? m? rss? n? nofile? q? msgqueue? r? rtprio? s? stack? t? cpu? u? nproc? v? as? x? locks? y? rttime?'

/** By the program's base name. */
export const wrappers: Readonly<Record<string, Wrapper>> = {
  // coreutils
  env: execs(
    options('i ignore-environment - u= unset= C= chdir= S= split-string= v debug block-signal? default-signal? ignore-signal?', {
      clears: 'i ignore-environment -',
      unsets: 'u unset',
      splits: 'S split-string',
    }),
    assignments,
  ),
  nice: execs(options('n= adjustment= #')),
  nohup: execs(options()),
  stdbuf: execs(options('i= input= o= output= e= error=')),
  chroot: execs(options('groups= userspec= skip-chdir'), operand),
  timeout: stays(true, options('foreground k= kill-after= preserve-status s= signal= v verbose'), operand),
  // util-linux
  ionice: execs(options('c= class= n= classdata= t ignore')),
  setsid: execs(options('c ctty')),
  chrt: execs(
    options(
      'b batch d deadline f fifo i idle o other r rr R reset-on-fork T= sched-runtime= P= sched-period= D= sched-deadline= v verbose',
    ),
    operand,
  ),
  taskset: execs(options('a all-tasks c cpu-list'), operand),
  setpriv: execs(
    options(
      'nnp no-new-privs ambient-caps= inh-caps= bounding-set= ruid= euid= rgid= egid= reuid= regid= clear-groups keep-groups init-groups groups= securebits= pdeathsig= selinux-label= apparmor-profile= reset-env',
      { clears: 'reset-env' },
    ),
  ),
  prlimit: execs(options(prlimit)),
  flock: stays(false, options('s shared x e exclusive n nb nonblock w= wait= timeout= E= conflict-exit-code= o close F no-fork verbose', {
    execs: 'F no-fork',
  }), operand),
  script: {
    ...stays(null, options(
      'I= log-in= O= log-out= B= log-io= T= log-timing= t? timing? m= logging-format= a append c= command= e return f flush force E= echo= o= output-limit= q quiet',
      { shell: 'c command' },
    )),
    permutes: true,
  },
  su: { ...stays(true, options(su, suExtra)), permutes: true },
  runuser: { ...stays(true, options(`u= user= ${su}`, suExtra)), permutes: true },
  // Others of the system
  time: stays(false, options('a append f= format= o= output= p portability q quiet v verbose')),
  catchsegv: stays(false),
  sudo: {
    ...stays(true, options(
      'A askpass b background B bell C= close-from= D= chdir= E preserve-env preserve-env? g= group= H set-home h= host= k reset-timestamp n non-interactive P preserve-groups p= prompt= R= chroot= r= role= S stdin T= command-timeout= t= type= u= user=',
      { keeps: 'E preserve-env' },
    ), assignments),
    environment: 'resets',
  },
  authbind: execs(options('deep depth=')),
  gosu: execs(operand),
  'su-exec': execs(operand),
  setuidgid: execs(operand),
  's6-setuidgid': execs(operand),
  chpst: execs(options('u= U= b= m= d= o= p= f= c= n= / v V P 0 1 2 e= l= L= t=', { loads: 'e' })),
  's6-envdir': { ...execs(options('I i n f L l='), operand), environment: 'loads' },
  envdir: { ...execs(operand), environment: 'loads' },
  // Init programs
  tini: stays(true, options('s p= v w g e='), ended),
  'tini-static': stays(true, options('s p= v w g e='), ended),
  'docker-init': stays(true, options('s p= v w g e='), ended),
  'dumb-init': stays(true, options('c single-child r= rewrite= v verbose')),
  catatonit: stays(true, options('g P')),
  // Python's environments
  poetry: execs(options('q quiet v vv vvv verbose? ansi no-ansi n no-interaction no-plugins no-cache C= directory= P= project='),
    subcommand('run'), options()),
  pipenv: execs(options('v verbose q quiet clear python= site-packages no-site-packages pypi-mirror= bare'), subcommand('run'),
    options('system')),
  pdm: stays(true, options('c= config= v verbose q quiet no-cache I ignore-python n non-interactive'), subcommand('run'),
    options('v verbose q quiet g global p= project= k= skip= venv= s site-packages recreate env= env-file= working-dir=', { assigns: 'env',
      loads: 'env-file' })),
  hatch: {
    ...stays(null, options('e= env= p= project= v verbose q quiet color no-color interactive no-interactive data-dir= cache-dir= config='),
      subcommand('run'), options()),
    namesEnvironment: true,
  },
  rye: stays(null, subcommand('run'), options('f pyproject=')),
  uv: stays(true, options(uvOptions, uvExtra), subcommand('run'), options(uvOptions, uvExtra)),
  conda: stays(null, subcommand('run'), options(condaRun)),
  mamba: stays(null, subcommand('run'), options(condaRun)),
  micromamba: stays(null, options('r= root-prefix= q quiet v verbose y yes'), subcommand('run'),
    options('n= name= p= prefix= r= root-prefix= cwd= a= attach= e= env= clean-env d detach v verbose q quiet label=', { assigns: 'e env',
      clears: 'clean-env' })),
  pyenv: execs(subcommand('exec')),
  asdf: execs(subcommand('exec')),
  mise: execs(subcommand('exec', 'x'), separator),
  // Instrumentation
  'opentelemetry-instrument': execs(options(openTelemetry)),
  'ddtrace-run': execs(flags('d debug i info p profiling nc colorless')),
  'newrelic-admin': execs(subcommand('run-program')),
  'elasticapm-run': execs(options('config=')),
  coverage: runsPython(subcommand('run'), options(coverageRun, { module: 'm module' })),
  memray: runsPython(options('v verbose'), subcommand('run'), options(`m ${memrayRun}`, { module: 'm' })),
  debugpy: runsPython(options(`m ${debugpy}`, { module: 'm' })),
  // Secrets
  doppler: {
    ...stays(true, options(
      't= token= p= project= c= config= no-color silent debug no-timeout timeout= configuration= config-dir= json api-host= scope= no-check-version',
    ), subcommand('run'), separator),
    environment: 'loads',
  },
  infisical: { ...stays(null, subcommand('run'), separator), environment: 'loads' },
  chamber: { ...execs(options('b= backend= r= retries= v verbose'), subcommand('exec'), separator), environment: 'loads' },
  op: { ...stays(null, subcommand('run'), separator), environment: 'loads' },
  berglas: { ...stays(true, subcommand('exec'), separator), environment: 'resets' },
  'vault-env': { ...execs(), environment: 'resets' },
  'aws-vault': { ...execs(subcommand('exec'), separator), environment: 'loads' },
  dotenv: { ...execs(options('f= file= q= quote= e= export='), subcommand('run'), options('override no-override')), environment: 'loads' },
  // Waiting
  'wait-for-it': waitForIt,
  'wait-for-it.sh': waitForIt,
  'wait-for': waitForIt,
  'wait-for.sh': waitForIt,
  dockerize: stays(true, flags(
    'wait= timeout= wait-retry-interval= wait-http-header= template= stdout= stderr= delims= no-overwrite poll multiline skip-tls-verify validate-cert env= env-section=',
    { loads: 'env' },
  )),
  // Those that start others beside it, or again
  honcho: {
    ...stays(false, options('e= env= d= app-root= no-colour no-prefix f= procfile='), subcommand('run'),
      options('e= env= d= app-root= no-colour no-prefix f= procfile=')),
    environment: 'loads',
  },
  // argparse's parse_known_args: its own options are taken out wherever they stand, and may be cut short.
  hupper: runsPythonBeside(options('w= x= v q m shutdown-interval= reload-interval=', { module: 'm' }), { kind: 'spared',
    options: /^(?:-[mwxvqh]|--$|--(?:s|r)[\w-]*|--h(?:e(?:l(?:p)?)?)?$)/ }),
  // It stops the command by SIGINT, unless told otherwise.
  watchmedo: stays(null, subcommand('auto-restart'), options(watchmedo), ended),
  litestream: stays(true, subcommand('replicate'),
    flags('config= exec= no-expand-env once force-snapshot enforce-retention restore-if-db-not-exists log-level=', { words: 'exec' })),
  'start-nginx': stays(true, options('f force')),
  'start-pgbouncer': stays(true),
  'start-pgbouncer-stunnel': stays(true),
  'jemalloc.sh': execs(),
}

/** The Python interpreter, with the options of CPython 3.13 (`python --help-all`). */
export const pythonInterpreter = runsPython(
  options('b B d E h i I m? O OO P q R s S t u v x W= X= check-hash-based-pycs=', { module: 'm' }),
)

/** Modules that, as `python -m NAME`, start another one. */
export const pythonModules: Readonly<Record<string, Wrapper>> = {
  coverage: wrappers['coverage']!,
  debugpy: wrappers['debugpy']!,
  memray: wrappers['memray']!,
  cProfile: runsPython(options('m o= outfile= s= sort=', { module: 'm' })),
  poetry: wrappers['poetry']!,
  pipenv: wrappers['pipenv']!,
  pdm: wrappers['pdm']!,
  hatch: wrappers['hatch']!,
  uv: wrappers['uv']!,
  honcho: wrappers['honcho']!,
  dotenv: wrappers['dotenv']!,
}
