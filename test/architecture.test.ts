/** The house as a test: who may import whom, which package has which door, and what nothing is called. */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, normalize, relative } from 'node:path'
import { describe, expect, test } from '@jest/globals'

const root = dirname(import.meta.dirname)

/** From the ground up. What stands on one line never imports from its neighbours, nor from a line below its own. */
const order = [
  ['budget', 'gunicorn-name', 'log', 'near', 'watched'],
  ['shell', 'python', 'kubernetes', 'oci', 'x509'],
  ['gunicorn', 'edit'],
  ['yaml'],
  ['platforms'],
  ['misstart'],
  ['command-line'],
  ['known-release'],
  ['inspect'],
  ['unseen'],
  ['rules'],
  ['policy', 'catalogue'],
  ['injection'],
  ['consequences', 'certainty'],
  ['finding'],
  ['lint'],
  ['contradictions'],
  ['fix'],
  ['fix-shared'],
  ['dependencies'],
  ['judge', 'logs', 'cluster'],
  ['images'],
  ['admission', 'operator', 'cli', 'web'],
  ['cmd'],
] as const

/** The last line that is a function of its input: time, randomness, files and network come in from outside. */
const lastPure = order.findIndex(([unit]) => unit === 'fix-shared')

/** What of Node a unit may use although it is a function of its input: keys, digests, addresses, comparisons and what unpacks are no outside. */
const arithmetic: Readonly<Record<string, readonly string[]>> = { oci: ['node:crypto', 'node:stream', 'node:zlib'],
  x509: ['node:crypto', 'node:net'], yaml: ['node:util'] }

/** Where each package may be imported; one that is not listed, nowhere. */
const doors: Readonly<Record<string, readonly string[]>> = {
  '@kubernetes/client-node': ['cluster'],
  '@prometheus-io/client': ['admission', 'operator'],
  '@renovatebot/pep440': ['python'],
  ajv: ['policy', 'cli'],
  commander: ['cli'],
  diff: ['cli', 'web'],
  fastify: ['admission'],
  'js-yaml': ['yaml'],
  preact: ['web'],
  unbash: ['shell'],
}

/** Files of more than 500 lines, and why they are. */
const long = [
  ['src/shell/command-reader.ts',
    'what one command does to what the next ones find: the state is one, and the builtins that change it are its methods'],
  ['src/shell/expansion.ts', 'the expansions of a word, which call each other in circles as quotes and braces nest'],
  ['src/shell/script-reader.ts', 'the ways through a script: conditions, loops and functions share what is known at each step'],
] as const

/** No home for what has no name. */
const nameless = /^(utils?|helpers?|lib|common|core|types)$/

interface SourceFile {
  /** From the root of the repository. */
  readonly path: string
  readonly text: string
}

/** What a file imports when it runs: types leave no trace. */
function imports({ text }: SourceFile): string[] {
  const statements = text.matchAll(/^(?:import|export)\s+(?!type\s)(?:[\w*{][^'"`;()]*?from\s+)?['"]([^'"]+)['"]/gm)
  const calls = text.matchAll(/\bimport\(\s*['"]([^'"]+)['"]/g)
  return [...statements, ...calls].map(([, specifier = '']) => specifier)
}

/** What a file imports, types among it. */
const mentions = ({ text }: SourceFile): string[] =>
  [...text.matchAll(/(?:\bfrom|\bimport\(?)\s*['"]([^'"]+)['"]/g)].map(([, specifier = '']) => specifier)

/** What serves a request, watches a cluster or reads a command line. None knows of another, not even its types. */
const skins: readonly string[] = order.find((line) => (line as readonly string[]).includes('cli')) ?? []

/** A skin's imports of another, types among them. */
function skinProblems(file: SourceFile): string[] {
  const unit = unitOf(file.path)
  if (!skins.includes(unit)) return []
  return mentions(file).flatMap((specifier) => {
    const to = specifier.startsWith('.') ? unitOf(normalize(join(dirname(file.path), specifier))) : unit
    return to !== unit && skins.includes(to) ? [`${file.path}: ${specifier}: ${unit} must not know ${to}`] : []
  })
}

/** The folder of src, or the file beside them, that a file belongs to. */
function unitOf(path: string): string {
  const [top = '', second = ''] = path.split('/')
  return top === 'src' ? basename(second, '.ts') : top
}

const lineOf = (unit: string): number => order.findIndex((line) => (line as readonly string[]).includes(unit))

/** What is wrong with a file's imports. */
function importProblems(file: SourceFile): string[] {
  const unit = unitOf(file.path)
  const line = lineOf(unit)
  if (line < 0) return [`${file.path}: ${unit} has no place in the order`]
  return imports(file).flatMap((specifier) => {
    const problem = specifier.startsWith('.') ? orderProblem(file.path, specifier) : packageProblem(unit, specifier)
    return problem === undefined ? [] : [`${file.path}: ${specifier}: ${problem}`]
  })
}

function orderProblem(path: string, specifier: string): string | undefined {
  const target = normalize(join(dirname(path), specifier))
  const [from, to] = [unitOf(path), unitOf(target)]
  // The package's own name and version are data.
  if (from === to || (from === 'cmd' && target === 'package.json')) return undefined
  return lineOf(to) >= 0 && lineOf(to) < lineOf(from) ? undefined : `${from} must not import ${to}`
}

function packageProblem(unit: string, specifier: string): string | undefined {
  if (specifier.startsWith('node:'))
    return lineOf(unit) <= lastPure && !arithmetic[unit]?.includes(specifier) ? `${unit} must be a function of its input` : undefined
  const name = specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
  return doors[name]?.includes(unit) ? undefined : `${name} has no door in ${unit}`
}

/** The files that import each other in a circle, types among it: each with all whose imports lead back to it. */
function circles(files: readonly SourceFile[]): string[] {
  const next = new Map(
    files.map(({ path, text }) => [path, mentions({ path, text }).map((specifier) => normalize(join(dirname(path), specifier)))]),
  )
  const reached = (from: string, seen = new Set<string>()): Set<string> => {
    for (const to of next.get(from) ?? []) if (next.has(to) && !seen.has(to)) reached(to, seen.add(to))
    return seen
  }
  return files.map(({ path }) => path).filter((path) => reached(path).has(path))
}

/** Everything below a folder: files and folders. */
function below(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !path.includes('node_modules'))
}

const sources = ['src', 'cmd'].flatMap(below).filter((path) => path.endsWith('.ts')).map((path): SourceFile => ({ path,
  text: readFileSync(join(root, path), 'utf8') })
)

const namelessPaths = (paths: readonly string[]): string[] =>
  paths.filter((path) => nameless.test(basename(path).replace(/(\.test)?\.\w+$/, '')))

/** Mains are wires; process.ts is the process itself, as the commands see it. */
const longMains = (files: readonly SourceFile[]): string[] =>
  files.filter(({ path, text }) => path.startsWith('cmd/') && path !== 'cmd/process.ts' && text.split('\n').length > 30).map(({ path }) =>
    path
  )

describe('the house', () => {
  test('imports go one way, and packages have their doors', () => {
    expect(sources.length).toBeGreaterThan(50)
    expect(sources.flatMap(importProblems)).toEqual([])
  })

  test('no skin knows another', () => {
    expect(sources.flatMap(skinProblems)).toEqual([])
  })

  test('files stand in no circle, but for the schema of a policy, which names the presets', () => {
    expect(circles(sources).sort()).toEqual(['src/policy/gunicorn-policy.ts', 'src/policy/policy.ts', 'src/policy/presets.ts'])
  })

  test('the client is loaded when there is a cluster to ask, and not before', () => {
    const importing = (pattern: RegExp) => sources.filter(({ text }) => pattern.test(text)).map(({ path }) => path)
    expect(importing(/^(?:import|export)\s+(?!type\s)[^;]*?from '@kubernetes\/client-node'/m)).toEqual(['src/cluster/kubeconfig.ts'])
    expect(importing(/^(?:import|export)\s+(?!type\s)[^'"]*?from '[^']*\/kubeconfig\.ts'/m)).toEqual([])
    expect(importing(/\bimport\('[^']*\/kubeconfig\.ts'\)/)).toEqual(['src/cluster/connect.ts'])
  })

  test('what is one file stays one file', () => {
    const files = sources.map(({ path }) => path)
    expect(files).toEqual(expect.arrayContaining(['src/inspect.ts', 'src/edit.ts', 'src/lint.ts', 'src/fix.ts']))
    expect(files.filter((path) => /^src\/[^/]+\.ts$/.test(path)).sort()).toEqual(['src/budget.ts', 'src/catalogue.ts', 'src/certainty.ts',
      'src/command-line.ts', 'src/consequences.ts', 'src/contradictions.ts', 'src/edit.ts', 'src/finding.ts', 'src/fix-shared.ts',
      'src/fix.ts', 'src/gunicorn-name.ts', 'src/inspect.ts', 'src/judge.ts', 'src/known-release.ts', 'src/lint.ts', 'src/log.ts',
      'src/misstart.ts', 'src/near.ts', 'src/unseen.ts', 'src/watched.ts'])
  })

  test('the engine has one door', () => {
    const calling = (name: string): string[] =>
      sources.filter(({ text }) => new RegExp(`^import \\{[^}]*\\b${name}\\b[^}]*\\} from '[^']*/(?:lint|fix)\\.ts'`, 'm').test(text)).map((
        { path },
      ) => path).sort()
    // A fix is read back; what a policy says against itself is found by examples.
    expect(calling('lint')).toEqual(['src/contradictions.ts', 'src/fix-shared.ts', 'src/fix.ts', 'src/judge.ts'])
    expect([...calling('fix'), ...calling('withoutFixes')]).toEqual(['src/judge.ts', 'src/judge.ts'])
  })

  test('everything has a name', () => {
    expect(namelessPaths(['src', 'cmd', 'test', 'scripts', 'bench'].flatMap(below))).toEqual([])
  })

  test('three files are longer than what is read at one sitting', () => {
    const texts = ['src', 'cmd', 'test', 'scripts', 'bench'].flatMap(below).filter((path) => path.endsWith('.ts')).map((path) => ({ path,
      lines: readFileSync(join(root, path), 'utf8').split('\n').length - 1 })
    )
    expect(texts.filter(({ lines }) => lines > 500).map(({ path }) => path).sort()).toEqual(long.map(([path]) => path))
  })

  test('mains are wires', () => {
    expect(longMains(sources)).toEqual([])
  })
})

describe('a fault in the house is seen', () => {
  test.each([
    ['src/shell/word.ts', "import { read } from '../gunicorn/settings.ts'", 'shell must not import gunicorn'],
    ['src/gunicorn/catalogue.ts', "import { rules } from '../rules/index.ts'", 'gunicorn must not import rules'],
    ['src/rules/rule.ts', "export { lint } from '../lint.ts'", 'rules must not import lint'],
    ['src/cli/check.ts', "const { serve } = await import('../admission/serve.ts')", 'cli must not import admission'],
    ['src/kubernetes/field.ts', "import {\n  literal,\n} from '../shell/word.ts'", 'kubernetes must not import shell'],
    ['src/edit.ts', "import { inspect } from './inspect.ts'", 'edit must not import inspect'],
    ['src/fix.ts', "import '../test/rule-fixture.ts'", 'fix must not import test'],
    ['src/lint.ts', "import { readFileSync } from 'node:fs'", 'lint must be a function of its input'],
    ['src/cli/check.ts', "import fastify from 'fastify'", 'fastify has no door in cli'],
    ['src/x509/der.ts', "import { readFileSync } from 'node:fs'", 'x509 must be a function of its input'],
    ['src/x509/authority.ts', "import { failure } from '../kubernetes/field.ts'", 'x509 must not import kubernetes'],
    ['src/admission/serve.ts', "import { scanLoop } from '../operator/scan-loop.ts'", 'admission must not import operator'],
    ['src/cluster/in-step.ts', "import { scan } from '../operator/scan.ts'", 'cluster must not import operator'],
    ['src/operator/scan.ts', "import { responder } from '../admission/respond.ts'", 'operator must not import admission'],
    ['cmd/operator.ts', "import { KubeConfig } from '@kubernetes/client-node'", '@kubernetes/client-node has no door in cmd'],
    ['src/admission/server.ts', "import { load } from 'js-yaml'", 'js-yaml has no door in admission'],
    ['src/python/version.ts', "import { satisfies } from '@renovatebot/semver'", '@renovatebot/semver has no door in python'],
  ])('%s: %s', (path, text, problem) => {
    expect(importProblems({ path, text })).toEqual([expect.stringMatching(new RegExp(`: ${problem.replaceAll('.', '\\.')}$`))])
  })

  test('a circle, of types too', () => {
    const file = (path: string, to: string): SourceFile => ({ path, text: `import type { X } from './${to}.ts'` })
    expect(circles([file('src/a.ts', 'b'), file('src/b.ts', 'a'), file('src/c.ts', 'a')])).toEqual(['src/a.ts', 'src/b.ts'])
  })

  test('a type of another skin', () => {
    const text = "import type { Log } from '../admission/server.ts'\nlet judged: import('../cli/check.ts').Checked"
    expect(skinProblems({ path: 'src/operator/x.ts', text })).toEqual([
      'src/operator/x.ts: ../admission/server.ts: operator must not know admission',
      'src/operator/x.ts: ../cli/check.ts: operator must not know cli',
    ])
    expect(skinProblems({ path: 'src/operator/x.ts', text: "import type { Cluster } from '../cluster/cluster.ts'" })).toEqual([])
  })

  test('a folder without a place', () => {
    expect(importProblems({ path: 'src/shared/x.ts', text: '' })).toEqual(['src/shared/x.ts: shared has no place in the order'])
  })

  test.each([
    ['what signs', 'src/x509/certificate.ts', "import { sign } from 'node:crypto'"],
    ['a type', 'src/shell/word.ts', "import type { Release } from '../gunicorn/catalogue.ts'"],
    ['a type of a package', 'src/cli/check.ts', "import type { FastifyInstance } from 'fastify'"],
    ['its own folder', 'src/cli/check.ts', "import { status } from './outcome.ts'"],
    ['what stands below', 'src/rules/rule.ts', "import { strip } from '../gunicorn/python-value.ts'"],
  ])('%s may be imported', (_, path, text) => {
    expect(importProblems({ path, text })).toEqual([])
  })

  test('a nameless file or folder, and a long main', () => {
    const paths = ['src/cli/utils.ts', 'src/common', 'test/helpers.test.ts', 'src/cli/reports/text.ts']
    expect(namelessPaths(paths)).toEqual(paths.slice(0, 3))
    expect(longMains([{ path: 'cmd/main.ts', text: '\n'.repeat(31) }])).toEqual(['cmd/main.ts'])
  })
})
