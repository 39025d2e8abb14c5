/** The GitHub Action: its steps are run as the runner runs them, by bash, with the inputs as variables. */
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { load } from 'js-yaml'
import { program } from '../program.ts'

const root = join(import.meta.dirname, '../..')

interface Action {
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default: string }>>
  readonly runs: { readonly using: string; readonly steps: readonly Step[] }
}

interface Step {
  readonly id?: string
  readonly uses?: string
  readonly shell?: string
  readonly env?: Readonly<Record<string, string>>
  readonly run?: string
}

const action = load(readFileSync(join(root, 'action.yml'), 'utf8')) as Action
const folder = mkdtempSync(join(tmpdir(), 'paddock-action-'))
const archive = join(folder, 'paddock.tar.gz')

beforeAll(() => {
  // What is built already is packed as it is, unless it is older than what it is built of.
  const dist = dirname(program()) === join(root, 'dist') ? ['--dist', join(root, 'dist')] : []
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts/archive.ts'), '--output', archive, ...dist], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stderr)
}, 300_000)

afterAll(() => rmSync(folder, { recursive: true }))

let runs = 0

/** Runs the steps in a folder that holds these files. */
function run(inputs: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>>): { status: number | null; out: string; summary: string; workspace: string } {
  const temporary = join(folder, String(++runs))
  const workspace = join(temporary, 'workspace')
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(workspace, name)), { recursive: true })
    writeFileSync(join(workspace, name), text)
  }
  const [outputs, summary] = [join(temporary, 'outputs'), join(temporary, 'summary')]
  for (const file of [outputs, summary]) writeFileSync(file, '')
  const value = (expression: string): string => {
    const [, input, step, output] = /^\$\{\{ (?:inputs\.([\w-]+)|steps\.(\w+)\.outputs\.(\w+)) \}\}$/.exec(expression) ?? []
    if (input !== undefined) return inputs[input] ?? action.inputs[input]?.default ?? missing(`input ${input}`)
    const line = readFileSync(outputs, 'utf8').split('\n').find((one) => one.startsWith(`${output}=`))
    return line?.slice(`${output}=`.length) ?? missing(`output of ${step}`)
  }
  let out = ''
  for (const { run: script, env = {}, shell } of action.runs.steps) {
    if (script === undefined) continue
    expect(shell).toBe('bash')
    // Source of the flags: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell
    const { status, stdout, stderr } = spawnSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script], {
      cwd: workspace,
      encoding: 'utf8',
      env: {
        PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
        RUNNER_TEMP: temporary,
        GITHUB_OUTPUT: outputs,
        GITHUB_STEP_SUMMARY: summary,
        GITHUB_ACTION_PATH: root,
        ...Object.fromEntries(Object.entries(env).map(([name, expression]) => [name, value(expression)])),
      },
    })
    out += stdout + stderr
    if (status !== 0) return { status, out, summary: readFileSync(summary, 'utf8'), workspace }
  }
  return { status: 0, out, summary: readFileSync(summary, 'utf8'), workspace }
}

function missing(what: string): never {
  throw new Error(`there is no ${what}`)
}

const pod = (...command: string[]): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' }, spec: { containers: [{ name: 'app', command }] } })

describe('the action', () => {
  test('marks what it finds, sums it up, and fails', () => {
    const { status, out, summary, workspace } = run({ archive, formats: 'github\nsarif=paddock.sarif\n', paths: 'k8s\nmore files' }, {
      'k8s/a.json': pod('gunicorn', 'app', '-k', 'sunc'),
      'more files/b.json': pod('gunicorn', 'app'),
    })
    expect(out).toContain('::error file=k8s/a.json,line=1,')
    expect(out).toContain('::notice file=more files/b.json,line=1,')
    expect(summary).toMatch(/^### Paddock: 1 denied, 10 to fix/)
    expect(JSON.parse(readFileSync(join(workspace, 'paddock.sarif'), 'utf8'))).toHaveProperty('version', '2.1.0')
    expect(status).toBe(1)
  }, 60_000)

  test('takes policies, and passes where nothing is at or above what fails', () => {
    const policy =
      'apiVersion: paddock.dev/v1alpha1\nkind: GunicornPolicy\nmetadata: {name: ours}\nspec: {preset: blueking, rules: {unknown-worker-class: Warn}}\n'
    const { status, summary } = run({ archive, policy: 'p.yaml', paths: 'a.json' }, { 'a.json': pod('gunicorn', 'app', '-k', 'sunc'),
      'p.yaml': policy })
    expect([status, summary.split('\n')[0]]).toEqual([0, '### Paddock: 1 warned of, 5 to fix (`paddock check --fix`), 1 audited'])
    expect(summary).toContain('`GunicornPolicy "ours"`')
  }, 60_000)

  test('no input is executed, nor taken for a flag', () => {
    const paths = '$(touch executed)\n`touch executed`\n"; touch executed; "\n--fix\na.json'
    const { status, out, workspace } = run({ archive, paths, summary: 'false' }, { 'a.json': pod('gunicorn', 'app') })
    expect(status).toBe(2)
    expect(out).toContain('::error file=$(touch executed),')
    expect(out).toContain('::error file=--fix,')
    expect(existsSync(join(workspace, 'executed'))).toBe(false)
    expect(readFileSync(join(workspace, 'a.json'), 'utf8')).toBe(pod('gunicorn', 'app'))
  }, 60_000)

  test('each input is described and used, and only those', () => {
    const text = readFileSync(join(root, 'action.yml'), 'utf8')
    const used = new Set([...text.matchAll(/inputs\.([\w-]+)/g)].map(([, name = '']) => name))
    expect([...used].sort()).toEqual(Object.keys(action.inputs).sort())
    for (const { description } of Object.values(action.inputs)) expect(description).toMatch(/\.$/)
    for (const { run: script = '' } of action.runs.steps) expect(script).not.toContain('${{')
  })
})

test('the hooks of pre-commit build Paddock where there is none yet, and check what they are given', () => {
  const hooks = load(readFileSync(join(root, '.pre-commit-hooks.yaml'), 'utf8')) as { id: string; entry: string; language: string;
    require_serial: boolean }[]
  expect(hooks.map(({ id, entry }) => [id, entry])).toEqual([['paddock', 'scripts/pre-commit.sh'], ['paddock-fix',
    'scripts/pre-commit.sh --fix']])
  // Two at once would build at once.
  for (const { language, require_serial } of hooks) expect([language, require_serial]).toEqual(['script', true])

  const copy = join(folder, 'copy')
  mkdirSync(join(copy, 'scripts'), { recursive: true })
  copyFileSync(join(root, 'scripts/pre-commit.sh'), join(copy, 'scripts/pre-commit.sh'))
  // The build itself is another test's business: here it is what brings the bundle of the archive.
  writeFileSync(join(copy, 'scripts/build.ts'),
    `import { execFileSync } from 'node:child_process'\nexecFileSync('tar', ['-xzf', ${JSON.stringify(archive)}])\n`)
  writeFileSync(join(copy, 'package.json'), '{"name":"copy","version":"1.0.0","type":"module"}')
  writeFileSync(join(copy, 'package-lock.json'),
    '{"name":"copy","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"copy","version":"1.0.0"}}}')
  writeFileSync(join(folder, 'a b.json'), pod('gunicorn', 'app', '-k', 'sunc'))
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}` }
  const hook = (...words: string[]): ReturnType<typeof spawnSync> =>
    spawnSync(join(copy, 'scripts/pre-commit.sh'), words, { cwd: folder, encoding: 'utf8', env })
  expect(hook('a b.json')).toMatchObject({ status: 1, stdout: expect.stringMatching(/^a b\.json:1:\d+: .*deny: /m) })
  const built = statSync(join(copy, 'dist/paddock.js')).mtimeMs
  expect(hook('--fix', '--fail-on', 'never', 'a b.json').status).toBe(0)
  expect(readFileSync(join(folder, 'a b.json'), 'utf8')).toContain('--access-logfile')
  expect(statSync(join(copy, 'dist/paddock.js')).mtimeMs).toBe(built)
}, 120_000)
