/**
 * Parameters of OpenShift's Templates, filled in before an object comes to the cluster: `${NAME}` within a text, `${{NAME}}` for a value of its own.
 * Source: https://docs.redhat.com/en/documentation/openshift_container_platform/4.18/html/images/using-templates.
 */
import { unknownPart } from './expansion.ts'
import { isObject } from './field.ts'

/** An object of a template as it will be, with a mark for what is not known before; the object itself where there is nothing to fill in. */
export function filledIn(object: unknown, template: unknown): unknown {
  const listed = isObject(template) && Array.isArray(template['parameters']) ? template['parameters'] : []
  const values = new Map<string, string>()
  for (const parameter of listed) {
    if (!isObject(parameter) || typeof parameter['name'] !== 'string') continue
    const { name, value } = parameter
    values.set(name, typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : unknownPart)
  }
  return values.size === 0 ? object : filled(object, values)
}

/** Nothing is copied but what changes. */
function filled(value: unknown, values: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') return value.includes('${') ? filledText(value, values) : value
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => filled(item, values))
    return items.every((item, index) => item === value[index]) ? value : items
  }
  if (!isObject(value)) return value
  const entries = Object.entries(value).map(([key, item]) => [key, filled(item, values)] as const)
  return entries.every(([key, item]) => item === value[key]) ? value : Object.fromEntries(entries)
}

function filledText(text: string, values: ReadonlyMap<string, string>): unknown {
  const own = /^\$\{\{(\w+)\}\}$/.exec(text)?.[1]
  const given = own === undefined ? undefined : values.get(own)
  if (given !== undefined) {
    try {
      return given === unknownPart ? text : JSON.parse(given)
    } catch {
      return given
    }
  }
  return text.replaceAll(/\$\{(\w+)\}/g, (written, name: string) => values.get(name) ?? written)
}
