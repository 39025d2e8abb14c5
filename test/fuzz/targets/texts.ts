/** Requirements, config files and files of policies: what is read besides objects and commands. */
import { explain } from '../../../src/cli/explain.ts'
import { pythonOf } from '../../../src/dependencies/annotation.ts'
import { configFiles } from '../../conformance/config-files.ts'
import type { Random } from '../../conformance/random.ts'
import { run as runCommand } from '../../cli/in-memory.ts'
import { timed } from '../cost.ts'
import { terminal } from '../file-laws.ts'
import { malformed, workload } from '../objects.ts'
import { calmSpec, governing, wildSpec } from '../policies.ts'
import { reviewed, reviewLaws } from '../review-laws.ts'
import { fieldsOf, listOf, textOf, type Broken, type Fields, type Json, type Target } from '../target.ts'
import { mutated, rubble } from '../texts.ts'
import { yamlOf } from '../yaml-text.ts'

// Requirements

const requirement = (random: Random): string =>
  random.pick(['gunicorn', 'gevent', 'Gevent', 'eventlet', 'Django', 'uvicorn[standard]', 'a.b_c', 'tornado', 'zope.interface']) +
  random.pick(['', '==23.0.0', '>=20', '~=22.0', '<1.3', '==1.*', '!=1', '===x', ' @ https://x/y-1.2-py3-none-any.whl',
    '==1.2; python_version < "3"', ' ; sys_platform == "win32"', '>=1,<2', '==', '>', '[gevent]', ' --hash=sha256:00',
    ' \\\n  --hash=sha256:aa', ' # note', '==${V}', '==1!2.0rc1.post1.dev3+local'])

function requirements(random: Random): string {
  const lines = Array.from({ length: random.below(8) }, () => (random.chance(0.75) ? requirement(random)
    : random.pick(['', '# a', '-r other.txt', '-c c.txt', '-e .', '--index-url https://x/', '--no-binary :all:',
      '-e git+https://x/y.git#egg=gevent', './x-1.0-py3-none-any.whl', '\\', '--pre', rubble(random)])))
  const text = lines.join('\n') + random.pick(['', '\n'])
  return random.chance(0.3) ? mutated(random, text, requirement(random)) : text
}

const asked = ['gunicorn', 'gevent', 'eventlet', 'uvicorn', 'tornado', 'x']
const answers = (text: string): string => {
  const python = pythonOf(text, 'requirements.txt', undefined)
  return JSON.stringify(asked.map((name) => python.installed(name)))
}

export const requirementTexts: Target = {
  name: 'requirements',
  share: 15,
  laws: [...reviewLaws, 'breaks', 'comment'],
  generate: (random) => ({ text: requirements(random), worker: random.pick(['gevent', 'eventlet', 'uvicorn.workers.UvicornWorker', 'sync']),
    policies: [calmSpec(random)] }),
  run(input, broken) {
    const { text, worker, policies } = fieldsOf(input)
    const written = textOf(text)
    const told = timed(() => answers(written),
      (least) => broken('time', 'requirements', `requirements take ${least.toFixed(0)} ms of processor time at least`))
    const behind = /\\\s*$/.test(written) || written.includes('\0') ? told : withoutLines(answers(`${written}\n# the end`))
    if (withoutLines(told) !== withoutLines(behind)) broken('comment', '', `a comment at the end changes ${told} to ${behind}`)
    if (!/\r/.test(written) && withoutLines(answers(written.replaceAll('\n', '\r\n'))) !== withoutLines(told))
      broken('breaks', '', 'Windows line breaks are read otherwise')
    const container = { name: 'web', command: ['gunicorn', 'app:app', '-k', textOf(worker)] }
    const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'shop', annotations: { 'paddock.dev/requirements': written } },
      spec: { containers: [container] } }
    reviewed(
      JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview',
        request: { uid: '1', operation: 'CREATE', namespace: 'shop', object } }),
      governing(listOf(policies)),
      broken,
      false,
    )
  },
}

/** What it rests on names lines. */
const withoutLines = (text: string): string => text.replaceAll(/\bline \d+|:\d+/g, '')

// Config files

export const configTexts: Target = {
  name: 'config-file',
  share: 15,
  laws: ['breaks', 'comment', 'time'],
  generate: (random) => {
    const [line] = configFiles(random.below(2 ** 31), 1)
    const files = Object.fromEntries(
      Object.entries(line?.files ?? {}).map(([path, text]) => [path, random.chance(0.5) ? mutated(random, text, text) : text]),
    )
    return { argv: [...(line?.argv ?? [])], env: { ...line?.env }, files }
  },
  run(input, broken) {
    const { argv, env, files } = fieldsOf(input)
    const texts = Object.fromEntries(Object.entries(fieldsOf(files)).map(([path, text]) => [path, textOf(text)]))
    const told = (some: Readonly<Record<string, string>>): string =>
      JSON.stringify(
        explain({ argv: listOf(argv).map(textOf), env: fieldsOf(env) as Readonly<Record<string, string>>, gunicorn: undefined,
          files: some }),
      )
    const first = timed(() => told(texts), (least) => broken('time', '', `it takes ${least.toFixed(0)} ms of processor time at least`))
    const each = (change: (text: string) => string): Record<string, string> =>
      Object.fromEntries(Object.entries(texts).map(([path, text]) => [path, change(text)]))
    // Behind a text that ends within a string or a bracket, a comment is none.
    const isWhole = Object.values(texts).every((text) => /(^|\n)$/.test(text) && !/["'\\\r\0\f]|[([{]/.test(text))
    if (isWhole && told(each((text) => `${text}# the end\n`)) !== first) broken('comment', '', 'a comment at the end changes what is read')
    if (isWhole && told(each((text) => text.replaceAll('\n', '\r\n'))) !== first)
      broken('breaks', '', 'Windows line breaks are read otherwise')
  },
}

// Policies

function policyObject(random: Random): Fields {
  const isException = random.chance(0.3)
  const metadata = { name: random.pick(['a', 'b', 'A', '']), ...(random.chance(0.3) ? { namespace: random.pick(['shop', '']) } : {}) }
  const spec: Json = isException
    ? { workloads: [{ kind: 'Deployment', name: 'shop' }], rules: ['missing-bind'], reason: 'for now',
      ...(random.chance(0.3) ? { expiry: random.pick(['2027-01-31T00:00:00Z', '2027-02-31', 'x']) } : {}) } : wildSpec(random)
  return { apiVersion: 'paddock.dev/v1alpha1', kind: isException ? 'GunicornException' : 'GunicornPolicy', metadata, spec }
}

export const policyFiles: Target = {
  name: 'policy-file',
  share: 5,
  laws: ['status', 'terminal', 'told'],
  generate: (random) => {
    const objects = Array.from({ length: 1 + random.below(3) }, () => {
      let object: Json = policyObject(random)
      for (let times = random.pick([0, 0, 1, 1, 3]); times > 0; times--) object = malformed(random, object)
      return object
    })
    const text = objects.map((object) => (random.chance(0.5) ? yamlOf(random, object) : `${JSON.stringify(object)}\n`)).join('---\n')
    return { text: random.chance(0.2) ? mutated(random, text) : text, workload: JSON.stringify(workload(random)) }
  },
  async run(input, broken) {
    const { text, workload: object } = fieldsOf(input)
    const files = { 'p.yaml': textOf(text), 'w.json': textOf(object) }
    const valid = await told(['policy', 'validate', 'p.yaml'], files, broken)
    const check = await told(['check', 'w.json', '--policy', 'p.yaml'], files, broken)
    // What is found sound is taken.
    if (valid === 0 && check === 2 && !/Invalid value|Required value/.test((await runCommand(['check', 'w.json'], files)).err))
      broken('told', '', 'the policies are valid, and check does not take them')
  },
}

async function told(argv: readonly string[], files: Readonly<Record<string, string>>, broken: Broken): Promise<number> {
  const { status, out, err } = await runCommand(argv, files)
  if (![0, 1, 2].includes(status)) broken('status', String(status), `the exit status is ${status}`)
  if (status === 2 && err === '' && out === '') broken('told', 'silent', 'it fails, and does not say why')
  if (/\n\s+at .*:\d+:\d+|\b(Type|Range|Syntax|Reference)Error\b/.test(err))
    broken('told', 'stack', `it tells of itself: ${err.slice(0, 300)}`)
  terminal(out, broken)
  terminal(err, broken)
  return status
}
