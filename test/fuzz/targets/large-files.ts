/** Files that are large on purpose: they are read, or refused with a reason, and twice as much takes no more than twice the time. */
import { run as runCommand } from '../../cli/in-memory.ts'
import { terminal, type Files } from '../file-laws.ts'
import { fieldsOf, textOf, type Target } from '../target.ts'

const many = (count: number, make: (index: number) => string): string => Array.from({ length: count }, (_, index) => make(index)).join('')
const rep = (count: number, text: string): string => text.repeat(count)

const pod = (fields: string): string => `apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: web\n${fields}`
const one = 'gunicorn app:app -w 2'
const conf = (text: string): Files => ({ Procfile: 'web: gunicorn app:app\n', 'gunicorn.conf.py': text })
const requirements = (text: string): Files => ({ Procfile: 'web: gunicorn app:app -k gevent\n', 'requirements.txt': text })

/** Files by the name of what they have many of; the first one is checked. `most` is the largest number. */
const larges: Readonly<Record<string, { readonly most: number; readonly make: (count: number) => Files }>> = {
  'Windows line breaks at the head of an app_desc.yaml': { most: 100_000, make: (n) => ({
    'app_desc.yaml': `${rep(n, '\r\n')}spec_version: 2\r\nmodule: {language: Python, processes: {web: {command: ${one}}}}\r\n`,
  }) },
  'comments at the head of an app_desc.yaml': { most: 50_000, make: (n) => ({
    'app_desc.yaml': `${rep(n, '# a\r\n')}spec_version: 2\r\nmodule: {language: Python, processes: {web: {command: ${one}}}}\r\n`,
  }) },
  modules: { most: 2000, make: (n) => ({
    'app_desc.yaml': `spec_version: 2\nmodules:\n${many(n, (i) => `  m${i}: {language: Python, processes: {web: {command: ${one}}}}\n`)}`,
  }) },
  'processes of an app_desc.yaml': { most: 2000, make: (n) => ({
    'app_desc.yaml': `spec_version: 2\nmodule:\n  language: Python\n  processes:\n${many(n, (i) => `    p${i}: {command: ${one}}\n`)}`,
  }) },
  processes: { most: 2000, make: (n) => ({ Procfile: many(n, (i) => `p${i}: ${one}\n`) }) },
  'processes of one name': { most: 2000, make: (n) => ({ Procfile: rep(n, `web: ${one}\n`) }) },
  'blank lines of a Procfile': { most: 100_000, make: (n) => ({ Procfile: `${rep(n, '\r\n')}web: ${one}\r\n` }) },
  'blanks of a Procfile': { most: 300_000, make: (n) => ({ Procfile: `web:${rep(n, ' ')}${one}${rep(n, ' ')}\n` }) },
  'colons of a Procfile': { most: 100_000, make: (n) => ({ Procfile: `${rep(n, 'a:')} ${one}\n` }) },
  'a long line of a Procfile': { most: 200_000, make: (n) => ({ Procfile: `web: ${one} ${rep(n, 'x ')}\n` }) },
  'folded lines of a Procfile': { most: 30_000, make: (n) => ({ Procfile: `web: >-\n  gunicorn app:app\n${rep(n, '  --preload\n')}` }) },
  anchors: { most: 1000, make: (n) => ({ Procfile: many(n, (i) => `a${i}: &a${i} ${one}\nb${i}: *a${i}\n`) }) },
  'shallow lines of a quoted scalar': { most: 20_000,
    make: (n) => ({ 'a.yaml': pod(`    command: [gunicorn, "app:app\n${rep(n, ' x\n')}"]\n`) }) },
  'lines of a block scalar': { most: 50_000,
    make: (n) => ({ 'a.yaml': pod(`    command:\n    - sh\n    - -c\n    - |\n${rep(n, '      echo x\n')}      ${one}\n`) }) },
  documents: { most: 5000, make: (n) => ({ 'a.yaml': many(n, () => `---\n${pod('    command: [celery]\n')}`) }) },
  'documents to be mended': { most: 300, make: (n) => ({ 'a.yaml': many(n, () => `---\n${pod('    command: [gunicorn, app:app]\n')}`) }) },
  'items of a list': { most: 1000, make: (n) => ({
    'a.yaml': `apiVersion: v1\nkind: List\nitems:\n${
      many(n, (i) => `- apiVersion: v1\n  kind: Pod\n  metadata: {name: a${i}}\n  spec: {containers: [{name: web, command: [celery]}]}\n`)
    }`,
  }) },
  'deep lists': { most: 200_000, make: (n) => ({ 'a.yaml': rep(n, '[') }) },
  'deep maps': { most: 100_000, make: (n) => ({ 'a.yaml': rep(n, '{a: ') }) },
  'deep dashes': { most: 100_000, make: (n) => ({ 'a.yaml': `${rep(n, '- ')}a\n` }) },
  'deep lines': { most: 3000, make: (n) => ({ 'a.yaml': many(n, (i) => `${rep(i, ' ')}a:\n`) }) },
  aliases: { most: 30_000, make: (n) => ({ 'a.yaml': `x: &a [1, 2, 3]\ny: [${rep(n, '*a, ')}]\n` }) },
  keys: { most: 50_000, make: (n) => ({ 'a.yaml': many(n, (i) => `k${i}: v\n`) }) },
  'keys that come twice': { most: 30_000, make: (n) => ({ 'a.yaml': rep(n, 'k: v\n') }) },
  comments: { most: 100_000, make: (n) => ({ 'a.yaml': `${rep(n, '# a\n')}${pod('    command: [gunicorn, app:app]\n')}` }) },
  'open quotes': { most: 100_000, make: (n) => ({ 'a.yaml': `a: "${rep(n, '\\\\')}\n` }) },
  'question marks': { most: 50_000, make: (n) => ({ 'a.yaml': `${rep(n, '? ')}a\n` }) },
  tags: { most: 50_000, make: (n) => ({ 'a.yaml': `a: ${rep(n, '!x ')}b\n` }) },
  JSON: { most: 200_000, make: (n) => ({ 'a.yaml': `{"a": ${rep(n, '[')}${rep(n, ']')}}` }) },
  'assignments of a config file': { most: 20_000, make: (n) => conf(rep(n, 'workers = 4\n')) },
  'brackets of a config file': { most: 50_000, make: (n) => conf(`x = ${rep(n, '(')}1${rep(n, ')')}\n`) },
  // Python takes no more than 99 within one another.
  'conditions of a config file': { most: 20_000, make: (n) =>
    conf(
      `${many(n, (i) => `${rep(i % 99, ' ')}if True:\n${i % 99 === 98 ? `${rep(99, ' ')}workers = 4\n` : ''}`)}${rep(n % 99, ' ')}pass\n`,
    ) },
  // The text grows with the square of their number.
  'conditions within conditions of a config file': { most: 500,
    make: (n) => conf(many(n, (i) => `${rep(i, ' ')}if True:\n`) + `${rep(n, ' ')}workers = 4\n`) },
  'a sum of a config file': { most: 50_000, make: (n) => conf(`workers = 1${rep(n, ' + 1')}\n`) },
  'what doubles in a config file': { most: 5000, make: (n) => conf(`a = "xxxxxxxxxx"\n${rep(n, 'a = a + a\n')}name = a\n`) },
  'strings of a config file': { most: 50_000, make: (n) => conf(`name = ${rep(n, '"a" ')}\n`) },
  'functions of a config file': { most: 10_000,
    make: (n) => conf(many(n, (i) => `def f${i}(): return f${i - 1}()\n`) + `workers = f${n - 1}()\n`) },
  'comments of a config file': { most: 100_000, make: (n) => conf(rep(n, '# a\n')) },
  'continued lines of a config file': { most: 50_000, make: (n) => conf(`workers = \\\n${rep(n, '\\\n')}4\n`) },
  requirements: { most: 20_000, make: (n) => requirements(many(n, (i) => `d${i}==1\n`)) },
  'Windows line breaks of requirements': { most: 100_000, make: (n) => requirements(rep(n, '\r\n')) },
  'continued requirements': { most: 50_000, make: (n) => requirements(`a ${rep(n, '\\\n')}\n`) },
  'options of requirements': { most: 20_000, make: (n) => requirements(rep(n, '--hash=sha256:00 ')) },
  policies: { most: 500,
    make: (n) => ({ 'a.yaml': pod('    command: [gunicorn, app:app]\n'),
      'p.yaml': many(n,
        (i) =>
          `---\napiVersion: paddock.dev/v1alpha1\nkind: GunicornPolicy\nmetadata: {name: p${i}}\nspec: {rules: {missing-bind: Warn}}\n`) }) },
  exceptions: { most: 1000,
    make: (n) => ({ 'a.yaml': pod('    command: [gunicorn, app:app]\n'),
      'p.yaml': many(n,
        (i) =>
          `---\napiVersion: paddock.dev/v1alpha1\nkind: GunicornException\nmetadata: {name: e${i}}\nspec: {workloads: [{name: a${i}}], rules: [missing-bind], reason: x}\n`) }) },
}

const names = Object.keys(larges)

/** Milliseconds that a file of some hundred KB may take: a person waits for it, and a cluster does not. */
const mostTime = 2000
/** Milliseconds below which times are not compared. */
const shortest = 200
const mostGrowth = 2.8

export const largeFiles: Target = {
  name: 'large-file',
  share: 0.1,
  laws: ['status', 'terminal', 'told', 'time', 'growth'],
  generate: (random) => {
    const name = random.pick(names)
    return { name, count: Math.max(1, Math.round((larges[name]?.most ?? 1) ** (0.3 + 0.7 * random.next()))),
      command: random.pick(['check', 'check', 'fix', 'explain']) }
  },
  async run(input, broken) {
    const { name, count, command } = fieldsOf(input)
    const make = larges[textOf(name)]?.make
    if (!make) return
    const kind = `${textOf(name)}: ${textOf(command)}`
    const taken = async (size: number): Promise<number> => {
      const files = make(size)
      const [path = ''] = Object.keys(files)
      const argv = command === 'explain' ? ['explain', path]
        : ['check', path, ...(command === 'fix' ? ['--fix'] : []), ...('p.yaml' in files ? ['--policy', 'p.yaml'] : [])]
      const before = process.cpuUsage()
      const { status, out, err } = await runCommand(argv, files)
      const { user, system } = process.cpuUsage(before)
      if (![0, 1, 2].includes(status)) broken('status', kind, `the exit status is ${status}`)
      if (status === 2 && out === '' && err === '') broken('told', kind, 'it fails, and does not say why')
      terminal(out, (law, found, detail) => broken(law, `${textOf(name)}: ${found}`, detail))
      terminal(err, (law, found, detail) => broken(law, `${textOf(name)}: ${found}`, detail))
      return (user + system) / 1000
    }
    const first = await taken(Number(count))
    if (first > mostTime) {
      const again = await taken(Number(count))
      if (again > mostTime) broken('time', kind, `${Number(count)} take ${again.toFixed(0)} ms of processor time`)
      return
    }
    if (first < shortest / 2) return
    const twice = await taken(2 * Number(count))
    if (twice <= shortest || twice <= mostGrowth * first) return
    // Whatever else the machine does only ever adds.
    const [single, double] = [await taken(Number(count)), await taken(2 * Number(count))]
    const [less, more] = [Math.min(first, single), Math.min(twice, double)]
    if (more > mostGrowth * less)
      broken('growth', kind, `${Number(count)} take ${less.toFixed(0)} ms of processor time, and twice as many ${more.toFixed(0)} ms`)
  },
}
