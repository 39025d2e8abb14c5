/** What the other suites have collected: containers as people write them, each fixture of a rule, the repositories of platforms. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { fieldsOf, listOf, textOf, type Fields, type Json } from './target.ts'

const tests = join(import.meta.dirname, '..')
const yaml = (path: string): Json => parse(readFileSync(path, 'utf8')) as Json

export interface Case {
  readonly container: Fields
  /** Annotations of the Pod. */
  readonly annotations: Fields
  /** Other fields of the PodSpec. */
  readonly pod: Fields
}

/** Containers that start gunicorn, most of them with something to be said of. */
export const cases: readonly Case[] = [...shapes(), ...fixtures()]

/** The scripts among them. */
export const scripts: readonly string[] = cases.flatMap(({ container }) => {
  const words = [...listOf(container['command']), ...listOf(container['args'])].map(textOf)
  return words.filter((word) => /\s/.test(word))
})

function* shapes(): Generator<Case> {
  for (const shape of listOf(yaml(join(tests, 'shapes', 'shapes.yaml')))) {
    const { sh, command, args, env } = fieldsOf(shape)
    const variables = env === undefined ? undefined : Object.entries(fieldsOf(env)).map(([name, value]) => ({ name, value }))
    const list = sh === undefined ? command : ['sh', '-c', sh]
    const container = { name: 'web', ...(list === undefined ? {} : { command: list }), ...(args === undefined ? {} : { args }),
      ...(variables ? { env: variables } : {}) }
    yield { container, annotations: {}, pod: {} }
  }
}

function* fixtures(): Generator<Case> {
  for (const file of readdirSync(join(tests, 'rules')).sort()) {
    const { bad, good } = fieldsOf(yaml(join(tests, 'rules', file)))
    for (const one of [...listOf(bad), ...listOf(good)]) {
      const { containers, annotations, pod } = fieldsOf(one)
      for (const container of listOf(containers))
        yield { container: fieldsOf(container), annotations: fieldsOf(annotations), pod: fieldsOf(pod) }
    }
  }
}

export interface Repository {
  readonly name: string
  /** Texts by their paths. */
  readonly files: Readonly<Record<string, string>>
}

/** Repositories with a Procfile or an app_desc.yaml. */
export const repositories: readonly Repository[] = readdirSync(join(tests, 'platforms', 'repositories')).sort().map((name) => {
  const folder = join(tests, 'platforms', 'repositories', name)
  const found = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = found.map((entry) => join(entry.parentPath, entry.name)).sort()
  return { name, files: Object.fromEntries(paths.map((path) => [path.slice(folder.length + 1), readFileSync(path, 'utf8')])) }
})
