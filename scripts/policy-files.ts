/** What is derived from the schemas of src/policy: the CustomResourceDefinitions and the tables of fields in docs/policies.md. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Document } from 'yaml'
import manifest from '../package.json' with { type: 'json' }
import { customResourceDefinitions } from '../src/policy/custom-resource-definitions.ts'
import { gunicornExceptionSchema } from '../src/policy/gunicorn-exception.ts'
import { gunicornPolicySchema, injectableSettings } from '../src/policy/gunicorn-policy.ts'

const root = dirname(import.meta.dirname)

/** Where the chart has its CustomResourceDefinitions. */
const definitionFolder = 'charts/paddock/crds'
const page = 'docs/policies.md'

type Schema = Readonly<Record<string, unknown>>

/** Each file's path and text. `mark` says that it is generated. */
export function policyFiles(mark: string): [path: string, text: string][] {
  return [
    ...customResourceDefinitions(manifest.version).map((definition): [string, string] => {
      // Kubernetes reads YAML 1.1, in which Off is no word.
      const text = new Document(definition, { aliasDuplicateObjects: false, version: '1.1' }).toString({ lineWidth: 0 })
      return [`${definitionFolder}/${definition.metadata.name}.yaml`, `# ${mark}\n${text}`]
    }),
    [page, withTables(readFileSync(join(root, page), 'utf8'))],
  ]
}

/** What a mark in the page is followed by. */
const tables: Readonly<Record<string, () => string>> = {
  'fields of GunicornPolicy': () => table(gunicornPolicySchema.spec),
  'fields of GunicornException': () => table(gunicornExceptionSchema.spec),
  'names of settings': () => `${injectableSettings.map((name) => `\`${name}\``).join(', ')}.`,
}

/** Throws where a mark is not there. */
function withTables(text: string): string {
  return Object.entries(tables).reduce((page, [name, print]) => {
    const [begin, end] = [`<!-- generated: ${name} -->\n`, '\n<!-- end -->']
    const from = page.indexOf(begin)
    const to = page.indexOf(end, from)
    if (from < 0 || to < 0) throw new Error(`${page} lacks the mark ${begin.trim()}`)
    return `${page.slice(0, from + begin.length)}\n${print()}\n${page.slice(to)}`
  }, text)
}

function table(schema: Schema): string {
  return ['| field | type | |', '| --- | --- | --- |',
    ...rows(schema, 'spec').map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)].join('\n')
}

/** The rows of an object's fields, deep first. */
function rows(schema: Schema, path: string): string[][] {
  const properties = Object.entries((schema['properties'] ?? {}) as Readonly<Record<string, Schema>>)
  // Every rule has a row of its own in rules/README.md.
  if (path === 'spec.rules') return []
  const required = (schema['required'] ?? []) as readonly string[]
  return properties.flatMap(([name, field]) => {
    const at = `${path}.${name}`
    return [[`\`${at.slice('spec.'.length)}\``, typeName(field) + (required.includes(name) ? ', required' : ''),
      String(field['description'])], ...rows(field, at), ...rows((field['items'] ?? {}) as Schema, `${at}[]`)]
  })
}

function typeName(schema: Schema): string {
  const { type, anyOf, items, additionalProperties, 'enum': values } = schema as { type?: string; anyOf?: readonly Schema[]; items?: Schema;
    additionalProperties?: Schema | false; enum?: readonly string[] }
  if (values && values.length > 20) return 'string'
  if (anyOf) return anyOf.map(typeName).join(' or ')
  if (items) return `list of ${typeName(items)}`
  if (type === 'object' && additionalProperties) return `map to ${typeName(additionalProperties)}`
  return values ? values.join(', ') : String(type)
}
