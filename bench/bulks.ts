/**
 * Objects that are made to be hard to read: what whoever may create a Pod can send, below the 3 MB that an API server takes. Each
 * is a generator by a number, so that growth can be seen.
 */

/** What is put into a Pod. */
interface Parts {
  readonly containers: readonly object[]
  readonly volumes?: readonly object[]
  readonly annotations?: Readonly<Record<string, string>>
}

/** A kind of bulk. */
export interface Bulk {
  readonly name: string
  /** The number at which it was first seen to take long. */
  readonly usual: number
  /** The largest number that an API server admits, where it has a limit of its own and takes a minute to say so. */
  readonly admitted?: number
  readonly make: (n: number) => Parts
}

/** Bytes of the largest object that is made: an API server refuses what is larger. */
export const largest = 3_000_000

const times = <Item>(n: number, make: (index: number) => Item): Item[] => Array.from({ length: n }, (_, index) => make(index))
const web = (command: readonly string[], more: object = {}): object => ({ command, ...more })
const script = (text: string, more: object = {}): object => web(['sh', '-c', text], more)
/** Scripts of at most the longest argument that Linux passes on, a container each. */
const scripts = (n: number, piece: (index: number) => string): object[] => {
  const texts: string[] = []
  let text = ''
  for (let index = 0; index < n; index++) {
    const next = piece(index)
    if (text.length + next.length > 130_000) {
      texts.push(text)
      text = ''
    }
    text += next
  }
  return [...texts, text].map((one) => script(one))
}
const variable = (name: string, value: string): object => ({ name, value })
const long = 'x'.repeat(130_000)

export const bulks: readonly Bulk[] = [
  { name: 'variables that quote a long one', usual: 3_200, make: (n) => ({
    containers: [web(['gunicorn', 'a'], { env: [variable('A', long), ...times(n, (i) => variable(`B${i}`, '$(A)x'))] })],
  }) },
  { name: 'words that quote a long variable', usual: 3_200,
    make: (n) => ({ containers: [web(['gunicorn', 'a', ...times(n, () => '$(A)y')], { env: [variable('A', long)] })] }) },
  { name: 'variables, each of the one above', usual: 40_000, make: (n) => ({
    containers: [web(['gunicorn', 'a', `$(V${n - 1})`], { env: times(n, (i) => variable(`V${i}`, i === 0 ? 'x' : `$(V${i - 1})x`)) })],
  }) },
  { name: 'plain variables', usual: 64_000,
    make: (n) => ({ containers: [web(['gunicorn', 'a'], { env: times(n, (i) => variable(`V${i}`, 'x')) })] }) },
  { name: 'addresses', usual: 19_990, make: (n) => ({ containers: [web(['gunicorn', 'a', ...times(n, () => '-b:1')])] }) },
  { name: 'addresses in containers', usual: 400_000,
    make: (n) => ({ containers: times(Math.ceil(n / 19_000), () => web(['gunicorn', 'a', ...times(19_000, () => '-b:1')])) }) },
  { name: 'addresses in GUNICORN_CMD_ARGS', usual: 10_000, make: (n) => ({
    containers: [web(['gunicorn', 'a'], { env: [variable('GUNICORN_CMD_ARGS', times(n, (i) => `-b :${1 + (i % 60_000)}`).join(' '))] })],
  }) },
  { name: 'addresses in a script', usual: 10_000, make: (n) => ({ containers: [script(`gunicorn a ${'-b:1 '.repeat(n)}`)] }) },
  { name: 'variables of gunicorn', usual: 9_900, make: (n) => ({ containers: [web(['gunicorn', 'a', ...times(n, (i) => `-eA${i}=1`)])] }) },
  { name: 'loopback addresses', usual: 4_000,
    make: (n) => ({ containers: [web(['gunicorn', 'a', ...times(n, (i) => `-b127.0.0.1:${1 + i}`)])] }) },
  { name: 'mounts', usual: 16_000,
    make: (n) => ({ containers: [web(['gunicorn', 'a'], { volumeMounts: times(n, (i) => ({ name: `v${i}`, mountPath: `/m/${i}` })) })],
      volumes: times(n, (i) => ({ name: `v${i}`, emptyDir: {} })) }) },
  { name: 'containers and volumes', usual: 8_000, make: (n) => ({
    containers: times(n >> 2, (i) => ({ command: ['gunicorn', 'a'], volumeMounts: [{ name: `v${i}`, mountPath: '/tmp' }] })),
    volumes: times(n, (i) => ({ name: `v${i}`, emptyDir: {} })),
  }) },
  { name: 'containers', usual: 16_000, make: (n) => ({ containers: times(n, () => ({ command: ['gunicorn', 'a'] })) }) },
  { name: 'containers with a probe', usual: 4_000, make: (n) => ({
    containers: times(n, () => ({ command: ['gunicorn', 'a'], readinessProbe: { httpGet: { path: '/', port: 'x' } } })),
  }) },
  { name: 'containers of other programs', usual: 16_000, make: (n) => ({ containers: times(n, () => ({ command: ['nginx'] })) }) },
  { name: 'containers whose command is in their image', usual: 64_000,
    make: (n) => ({ containers: times(n, () => ({ command: ['web'] })) }) },
  { name: 'ports', usual: 16_000, make: (n) => ({
    containers: [
      web(['gunicorn', 'a', '-b:80'], { ports: times(n, (i) => ({ containerPort: 1 + (i % 60_000) })),
        readinessProbe: { httpGet: { path: '/', port: 'x' } } }),
    ],
  }) },
  { name: 'gunicorns in scripts', usual: 8_500, make: (n) => ({ containers: scripts(n, () => 'gunicorn app;') }) },
  { name: 'exports and gunicorns', usual: 4_000, make: (n) => ({ containers: scripts(n, (i) => `export A${i}=1; gunicorn a\n`) }) },
  { name: 'shells in a script', usual: 4_000, make: (n) => ({ containers: scripts(n, () => "sh -c 'gunicorn a'\n") }) },
  { name: 'here-documents', usual: 4_000, make: (n) => ({ containers: scripts(n, () => 'sh <<E\ngunicorn a\nE\n') }) },
  { name: 'parameters, each time all of them', usual: 400,
    make: (n) => ({ containers: [web(['sh', '-c', 'gunicorn "$@"\n'.repeat(n), ...times(n, (i) => `w${i}`)])] }) },
  { name: 'wrappers', usual: 16_000, make: (n) => ({ containers: [web([...times(n, () => 'env'), 'gunicorn', 'a'])] }) },
  { name: 'wrappers with assignments', usual: 16_000,
    make: (n) => ({ containers: [web(['env', ...times(n, (i) => `A${i}=1`), 'gunicorn', 'a'])] }) },
  { name: 'envFrom and references', usual: 16_000, make: (n) => ({
    containers: [
      web(['gunicorn', 'a', ...times(n, (i) => `$(X${i})`)], {
        envFrom: times(n, (i) => ({ prefix: `P${i}`, configMapRef: { name: 'c' } })),
      }),
    ],
  }) },
  { name: 'joined arguments', usual: 16_000, make: (n) => ({ containers: [web(['gunicorn', 'a', ...times(n, () => '--workers 4')])] }) },
  { name: 'joined arguments and addresses', usual: 4_000,
    make: (n) => ({ containers: [web(['gunicorn', 'a', ...times(n, (i) => (i % 2 === 0 ? '--workers 4' : '-b:1'))])] }) },
  { name: 'unknown options', usual: 19_000, make: (n) => ({ containers: [web(['gunicorn', 'a', ...times(n, (i) => `--zz${i}`)])] }) },
  { name: 'values that are refused', usual: 16_000,
    make: (n) => ({ containers: [web(['gunicorn', 'a', ...times(n, (i) => `--timeout=x${i}`)])] }) },
  { name: 'ambiguous options', usual: 16_000, make: (n) => ({ containers: [web(['gunicorn', 'a', ...times(n, () => '--w')])] }) },
  { name: 'flags in a cluster', usual: 256_000, make: (n) => ({ containers: [web(['gunicorn', `-${'D'.repeat(n)}`, 'a'])] }) },
  { name: 'operands', usual: 19_000, make: (n) => ({ containers: [web(['gunicorn', ...times(n, (i) => `a${i}`)])] }) },
  { name: 'a version annotation', usual: 64_000,
    make: (n) => ({ containers: [web(['gunicorn', 'a'])], annotations: { 'paddock.dev/gunicorn': `1${'.1'.repeat(n)}` } }) },
  { name: 'requirements', usual: 16_000,
    make: (n) => ({ containers: [web(['gunicorn', '-k', 'gevent', 'a'])],
      annotations: { 'paddock.dev/requirements': times(n, (i) => `d${i}==1`).join('\n') } }) },
  { name: 'an annotation of rules to allow', usual: 500,
    make: (n) => ({ containers: scripts(n, () => 'gunicorn app;'),
      annotations: { 'paddock.dev/allow': 'short-timeout,'.repeat(n * 17) } }) },
  { name: 'annotations', usual: 30_000, admitted: 12_000,
    make: (n) => ({ containers: [web(['gunicorn', 'a'])], annotations: Object.fromEntries(times(n, (i) => [`a.example/${i}`, 'x'])) }) },
  { name: 'substitutions without an end', usual: 12_800, make: (n) => ({ containers: [script(`gunicorn a ${'"$('.repeat(n)}`)] }) },
  { name: 'functions that call two', usual: 5_120,
    make: (n) => ({ containers: [script(`${times(n, (i) => `f${i}(){ f${i - 1};f${i - 1};}`).join('\n')}\nf${n - 1}; gunicorn a`)] }) },
  { name: 'functions whose body is a function', usual: 2_000,
    make: (n) => ({ containers: [script(`${times(n, (i) => `f${i}() `).join('')}{ :; }; gunicorn a`)] }) },
  { name: 'loops as conditions', usual: 22, make: (n) => ({ containers: [script(`${'while '.repeat(n)}gunicorn app`)] }) },
  { name: 'loops as conditions, closed', usual: 20,
    make: (n) => ({ containers: [script(`${'while '.repeat(n)}:${'; do :; done'.repeat(n)}; gunicorn app`)] }) },
  { name: 'branches as conditions', usual: 22, make: (n) => ({ containers: [script(`${'if while '.repeat(n)}gunicorn app`)] }) },
  { name: 'loops in loops', usual: 90,
    make: (n) => ({ containers: [script(`${'while a; do X=1; '.repeat(n)}gunicorn a${'; done'.repeat(n)}`)] }) },
  { name: 'subshells', usual: 300, make: (n) => ({ containers: [script(`${'( '.repeat(n)}gunicorn -k nope a${' )'.repeat(n)}`)] }) },
  { name: 'operands within operands', usual: 5_000, make: (n) => ({ containers: [script(`gunicorn a ${'${b:-'.repeat(n)}`)] }) },
  { name: 'variables that double', usual: 60,
    make: (n) => ({ containers: [script(`X=aaaaaaaaaa; ${'X=$X$X; '.repeat(n)}gunicorn a $X`)] }) },
  { name: 'splitting', usual: 1_000, make: (n) => ({ containers: [script(`X="${'a '.repeat(n)}"; ${'gunicorn $X;'.repeat(n)}`)] }) },
  { name: 'ways', usual: 5_000, make: (n) => ({ containers: [script(`${'a && X=1 || '.repeat(n)}gunicorn b`)] }) },
  { name: 'patterns', usual: 300, make: (n) => ({ containers: [script(`X=${'a'.repeat(10 * n)}; gunicorn \${X##${'*a'.repeat(n)}b}`)] }) },
  { name: 'backquotes', usual: 10_000, make: (n) => ({ containers: [script(`gunicorn ${'`'.repeat(n)}`)] }) },
  { name: 'arithmetic', usual: 5_000, make: (n) => ({ containers: [script(`gunicorn -w $((${'('.repeat(n)}1${')'.repeat(n)})) a`)] }) },
  { name: 'sums', usual: 20_000, make: (n) => ({ containers: [script(`gunicorn -w $((${'1+'.repeat(n)}1)) a`)] }) },
  { name: 'braces', usual: 20_000, make: (n) => ({ containers: [script(`gunicorn ${'{a,b}'.repeat(n)} a`)] }) },
]

/** A Pod with a bulk of n, which an API server takes; `others` are more containers of it. */
export function bulkyPod(bulk: Bulk, n: number, others: readonly object[] = []): object {
  const { containers, volumes, annotations } = bulk.make(n)
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'bulk', ...(annotations ? { annotations } : {}) },
    spec: { containers: [...containers, ...others].map((container, index) => ({ ...container, name: `c${index}`, image: 'a' })),
      ...(volumes ? { volumes } : {}) },
  }
}

/** The largest number whose Pod an API server takes, in steps of a tenth. */
export function largestNumber(bulk: Bulk): number {
  const size = (n: number): number => JSON.stringify(bulkyPod(bulk, n)).length
  let n = bulk.usual
  if (size(n) > largest) return n
  while (size(n * 2) <= largest) n *= 2
  while (size(Math.ceil(n * 1.1)) <= largest) n = Math.ceil(n * 1.1)
  return n
}
