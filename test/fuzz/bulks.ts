/**
 * Objects whose size is in their number: of words, variables, options, containers, and of what nests in scripts. Each holds a
 * gunicorn that must not be let in, so that the bulk must not hide it.
 */
import type { Fields, Json } from './target.ts'

const many = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index))
const rep = (count: number, text: string): string => text.repeat(count)

/** What each policy denies: there is no such worker class. */
const denied = ['gunicorn', 'app:app', '-k', 'nope']
const deniedText = denied.join(' ')

type Make = (count: number) => Fields

const container = (fields: Fields): Fields => ({ name: 'web', ...fields })
const pod = (fields: Fields): Fields => ({ containers: [container(fields)] })
const script = (text: string): Fields => pod({ command: ['sh', '-c', text] })
const words = (list: readonly string[]): Fields => pod({ command: [...denied, ...list] })
const env = (list: readonly Json[], more: readonly string[] = []): Fields => pod({ command: [...denied, ...more], env: list })

/** By name; `most` is the largest number, at which the object has some MB at most. */
export const bulks: Readonly<Record<string, { readonly most: number; readonly make: Make }>> = {
  // Variables
  'variables that quote a long one': { most: 40_000,
    make: (n) => env([{ name: 'A', value: rep(130_000, 'x') }, ...many(n, (i) => ({ name: `B${i}`, value: '$(A)x' }))]) },
  'each variable quotes the one before': { most: 40_000, make: (n) => env(many(n, (i) => ({ name: `B${i}`, value: `$(B${i - 1})x` }))) },
  'variables that double': { most: 2000,
    make: (n) => env(many(n, (i) => ({ name: `X${i}`, value: i === 0 ? 'aaaaaaaaaa' : `$(X${i - 1})$(X${i - 1})` })), [`$(X${n - 1})`]) },
  'plain variables': { most: 64_000, make: (n) => env(many(n, (i) => ({ name: `V${i}`, value: 'x' }))) },
  'one variable, over and over': { most: 64_000, make: (n) => env(many(n, () => ({ name: 'PORT', value: '8000' }))) },
  'words that quote a long variable': { most: 20_000, make: (n) => env([{ name: 'A', value: rep(100_000, 'x') }], many(n, () => '$(A)y')) },
  'one word that quotes a variable often': { most: 300_000, make: (n) => env([{ name: 'A', value: 'xxxxxxxxxx' }], [rep(n, '$(A)')]) },
  'unclosed references': { most: 300_000, make: (n) => words([rep(n, '$(')]) },
  'prefixes and references': { most: 16_000,
    make: (n) =>
      pod({ command: [...denied, ...many(n, (i) => `$(X${i})`)],
        envFrom: many(n, (i) => ({ prefix: `P${i}_`, configMapRef: { name: 'x' } })) }) },
  // Options
  'appended binds': { most: 20_000, make: (n) => words(many(n, () => '-b:1')) },
  'appended variables of gunicorn': { most: 20_000, make: (n) => words(many(n, (i) => `-eA${i}=b`)) },
  'binds in GUNICORN_CMD_ARGS': { most: 60_000, make: (n) => env([{ name: 'GUNICORN_CMD_ARGS', value: rep(n, '-b :1 ') }]) },
  'loopback addresses': { most: 20_000, make: (n) => words(many(n, (i) => `-b127.0.0.1:${i}`)) },
  'unknown options': { most: 20_000, make: (n) => words(many(n, (i) => `--zz${i}`)) },
  'bad values': { most: 20_000, make: (n) => words(many(n, (i) => `--timeout=x${i}`)) },
  'joined arguments': { most: 16_000, make: (n) => words(many(n, () => '--workers 4')) },
  abbreviations: { most: 20_000, make: (n) => words(many(n, () => '--max-requests-j=1')) },
  'a cluster of flags': { most: 1_000_000, make: (n) => words([`-${rep(n, 'D')}`]) },
  'a long value': { most: 1_500_000, make: (n) => words(['--name', rep(n, 'x')]) },
  applications: { most: 20_000, make: (n) => words(many(n, (i) => `app${i}`)) },
  'quotes in GUNICORN_CMD_ARGS': { most: 300_000, make: (n) => env([{ name: 'GUNICORN_CMD_ARGS', value: rep(n, `''""`) }]) },
  'quotes in the access log format': { most: 100_000, make: (n) => words(['--access-logformat', rep(n, '%({x-y}i)s')]) },
  // Containers
  containers: { most: 16_000,
    make: (n) => ({ containers: many(n, (i) => container({ name: `c${i}`, command: i === n - 1 ? denied : ['gunicorn', 'a'] })) }) },
  'containers that are all denied': { most: 16_000,
    make: (n) => ({ containers: many(n, (i) => container({ name: `c${i}`, command: denied })) }) },
  'containers of others before it': { most: 30_000,
    make: (n) => ({ containers: many(n, (i) => container({ name: `c${i}`, command: i === n - 1 ? denied : ['celery'] })) }) },
  'commands of images before it': { most: 60_000,
    make: (n) => ({ containers: [...many(n, (i) => ({ name: `c${i}`, command: ['web'] })), container({ command: denied })] }) },
  mounts: { most: 16_000, make: (n) => ({
    containers: [
      container({ command: [...denied, '-c', '/m/1/x.py'], volumeMounts: many(n, (i) => ({ name: `v${i}`, mountPath: `/m/${i}` })) }),
    ],
    volumes: many(n, (i) => ({ name: `v${i}`, emptyDir: {} })),
  }) },
  'containers and volumes': { most: 8000, make: (n) => ({
    containers: many(Math.ceil(n / 4),
      (i) => container({ name: `c${i}`, command: denied, volumeMounts: [{ name: `v${i}`, mountPath: '/dev/shm' }] })),
    volumes: many(n, (i) => ({ name: `v${i}`, emptyDir: {} })),
  }) },
  'ports and probes': { most: 30_000,
    make: (n) =>
      pod({ command: denied, ports: many(n, (i) => ({ name: `p${i}`, containerPort: i % 65_535 })),
        readinessProbe: { httpGet: { port: `p${n - 1}` } } }) },
  // Wrappers
  wrappers: { most: 20_000, make: (n) => pod({ command: [...many(n, () => 'env'), ...denied] }) },
  'assignments of env': { most: 20_000, make: (n) => pod({ command: ['env', ...many(n, (i) => `A${i}=1`), ...denied] }) },
  nice: { most: 6000, make: (n) => pod({ command: [...many(n, () => ['nice', '-n', '1']).flat(), ...denied] }) },
  // Each is three times as long as the one within it.
  'shells in shells': { most: 12, make: (n) => {
    let text = deniedText
    for (let i = 0; i < Math.min(n, 12); i++) text = `sh -c '${text.replaceAll("'", `'\\''`)}'`
    return script(text)
  } },
  'words of env -S': { most: 20_000, make: (n) => pod({ command: ['env', '-S', `${rep(n, 'A=b ')}${deniedText}`] }) },
  // Scripts
  'commands before it': { most: 60_000, make: (n) => script(`${rep(n, 'echo x; ')}${deniedText}`) },
  'comments before it': { most: 60_000, make: (n) => script(`${rep(n, '# it is\n')}${deniedText}`) },
  'blank lines before it': { most: 500_000, make: (n) => script(`${rep(n, '\n')}${deniedText}`) },
  'gunicorns before it': { most: 8000, make: (n) => script(`${rep(n, `${deniedText}\n`)}${deniedText}`) },
  'exported variables before it': { most: 20_000, make: (n) => script(`${many(n, (i) => `export A${i}=1`).join('\n')}\n${deniedText}`) },
  'shells before it': { most: 8000, make: (n) => script(`${rep(n, `sh -c '${deniedText}'\n`)}${deniedText}`) },
  parameters: { most: 6000,
    make: (n) => pod({ command: ['sh', '-c', `${rep(n, 'x "$@"\n')}${deniedText}`, 'sh', ...many(n, () => 'a')] }) },
  'while while': { most: 4000, make: (n) => script(`${rep(n, 'while ')}${deniedText}`) },
  'closed loops in conditions': { most: 3000, make: (n) => script(`${rep(n, 'while ')}:; ${rep(n, 'do :; done; ')}${deniedText}`) },
  'until if while': { most: 3000, make: (n) => script(`${rep(n, 'until if while ')}x\n${deniedText}`) },
  subshells: { most: 40_000, make: (n) => script(`${rep(n, '( ')}${deniedText}${rep(n, ' )')}`) },
  groups: { most: 30_000, make: (n) => script(`${rep(n, '{ ')}${deniedText}${rep(n, '; }')}`) },
  substitutions: { most: 40_000, make: (n) => script(`echo ${rep(n, '$(')}${rep(n, ')')}; ${deniedText}`) },
  'open substitutions': { most: 40_000, make: (n) => script(`${deniedText}; echo ${rep(n, '"$(')}`) },
  expansions: { most: 40_000, make: (n) => script(`echo ${rep(n, '${a:-')}x${rep(n, '}')}; ${deniedText}`) },
  arithmetic: { most: 60_000, make: (n) => script(`echo $((${rep(n, '(')}1${rep(n, ')')})); ${deniedText}`) },
  sums: { most: 60_000, make: (n) => script(`echo $((${rep(n, '1+')}1)); ${deniedText}`) },
  'functions that call two': { most: 5000,
    make: (n) => script(`f0() { :; }; ${many(n, (i) => `f${i + 1}() { f${i}; f${i}; }; `).join('')}f${n}; ${deniedText}`) },
  'functions in functions': { most: 20_000, make: (n) => script(`${rep(n, 'f() { ')}:${rep(n, '; }')}; ${deniedText}`) },
  'headers of functions': { most: 20_000, make: (n) => script(`${rep(n, 'f() ')}{ :; }; ${deniedText}`) },
  'loops in loops': { most: 2000, make: (n) => script(`${rep(n, 'for a in 1 2 3; do ')}:; ${rep(n, 'done; ')}${deniedText}`) },
  'a long list of a loop': { most: 60_000, make: (n) => script(`for a in ${rep(n, 'x ')}; do :; done; ${deniedText}`) },
  'a count': { most: 1_000_000_000, make: (n) => script(`i=0; while [ $i -lt ${n} ]; do i=$((i+1)); done; ${deniedText}`) },
  'values that double': { most: 2000, make: (n) => script(`X=aaaaaaaaaa; ${rep(n, 'X=$X$X; ')}echo $X; ${deniedText}`) },
  patterns: { most: 100_000, make: (n) => script(`X=${rep(n, 'a')}; echo \${X%%*a*a*a*a*b}; ${deniedText}`) },
  case: { most: 20_000, make: (n) => script(`case x in ${rep(n, 'a*b*c) :;; ')}esac; ${deniedText}`) },
  braces: { most: 40_000, make: (n) => pod({ command: ['bash', '-c', `echo ${rep(n, '{a,b}')}; ${deniedText}`] }) },
  ranges: { most: 1_000_000_000, make: (n) => pod({ command: ['bash', '-c', `echo {1..${n}}; ${deniedText}`] }) },
  pipes: { most: 60_000, make: (n) => script(`${rep(n, 'x | ')}x; ${deniedText}`) },
  'and or': { most: 60_000, make: (n) => script(`${rep(n, '[ a ] || ')}x; ${deniedText}`) },
  not: { most: 60_000, make: (n) => script(`${rep(n, '! ')}x; ${deniedText}`) },
  'here documents': { most: 10_000, make: (n) => script(`${rep(n, 'cat <<E\nx\nE\n')}${deniedText}`) },
  'open here documents': { most: 20_000, make: (n) => script(`${deniedText}\n${many(n, (i) => `cat <<E${i}`).join('\n')}`) },
  redirections: { most: 40_000, make: (n) => script(`${deniedText} ${rep(n, '2>&1 ')}`) },
  'assignments before it': { most: 60_000, make: (n) => script(`${rep(n, 'A=b ')}${deniedText}`) },
  quotes: { most: 120_000, make: (n) => script(`${deniedText} ${rep(n, `''`)}`) },
  backslashes: { most: 65_000, make: (n) => script(`echo ${rep(n, '\\\\')}; ${deniedText}`) },
  'continued lines': { most: 60_000, make: (n) => script(`${deniedText} ${rep(n, '\\\n')}`) },
  'eval in eval': { most: 4000, make: (n) => script(`${rep(n, 'eval ')}${deniedText}`) },
  'exec exec': { most: 20_000, make: (n) => script(`${rep(n, 'exec ')}${deniedText}`) },
  'set --': { most: 40_000, make: (n) => script(`set -- ${rep(n, 'a ')}; ${deniedText} "$@"`) },
  traps: { most: 20_000, make: (n) => script(`${rep(n, "trap 'x' TERM; ")}${deniedText}`) },
  elif: { most: 20_000, make: (n) => script(`if x; then :; ${rep(n, 'elif x; then :; ')}fi; ${deniedText}`) },
  arrays: { most: 40_000, make: (n) => pod({ command: ['bash', '-c', `A=(${rep(n, 'x ')}); echo "\${A[@]}"; ${deniedText}`] }) },
  'braces of functions that write': { most: 20_000,
    make: (n) => script(`f() { ${many(n, (i) => `A${i}=b`).join('; ')}; }; f; ${deniedText}`) },
}

/** Annotations whose size is in their number, beside a gunicorn that must not be let in. */
export const annotationBulks: Readonly<
  Record<string, { readonly most: number; readonly make: (count: number) => Readonly<Record<string, string>> }>
> = {
  requirements: { most: 16_000, make: (n) => ({ 'paddock.dev/requirements': many(n, (i) => `d${i}==1`).join('\n') }) },
  markers: { most: 10_000, make: (n) => ({ 'paddock.dev/requirements': `a; ${rep(n, '(')}python_version > "3"${rep(n, ')')}` }) },
  'long markers': { most: 8000, make: (n) => ({ 'paddock.dev/requirements': `a; python_version > "3"${rep(n, ' and os_name == "x"')}` }) },
  specifiers: { most: 40_000, make: (n) => ({ 'paddock.dev/requirements': `a${rep(n, '!=1,')}==2` }) },
  versions: { most: 100_000, make: (n) => ({ 'paddock.dev/gunicorn': `1${rep(n, '.1')}` }) },
  pythons: { most: 100_000, make: (n) => ({ 'paddock.dev/python': `3${rep(n, '.1')}` }) },
  'allowed rules': { most: 60_000, make: (n) => ({ 'paddock.dev/allow': rep(n, 'x,') }) },
  'continued requirements': { most: 60_000, make: (n) => ({ 'paddock.dev/requirements': `a ${rep(n, '\\\n')}` }) },
  extras: { most: 60_000, make: (n) => ({ 'paddock.dev/requirements': `a[${rep(n, 'b,')}c]` }) },
  blanks: { most: 200_000, make: (n) => ({ 'paddock.dev/requirements': `a${rep(n, ' ')}x`, 'paddock.dev/gunicorn': `${rep(n, ' ')}x` }) },
}

export const deniedContainer: Fields = container({ command: denied })
