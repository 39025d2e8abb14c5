/** A description against the fields that the platform knows: types, lengths, what must be there, and keys that it passes over. */
import type { Path, Shape } from '../kubernetes/field.ts'
import { keyText, member, str, type Mapping, type Range, type Value } from '../yaml/python-value.ts'
import type { Field, Fields } from './description-schema.ts'
import { typeName } from './procfile.ts'
import type { Remark } from './remarks.ts'

/** Where what is found goes. */
export interface Says {
  readonly say: (rule: Remark['rule'], path: Path, inFile: Range, value: unknown, detail: string, remedy: string, shape?: Shape) => void
  readonly refuse: (path: Path, value: Value, detail: string, remedy: string) => void
}

export class FieldCheck {
  readonly #version: 2 | 3
  readonly #says: Says

  constructor(version: 2 | 3, says: Says) {
    this.#version = version
    this.#says = says
  }

  object(value: Mapping, fields: Fields, path: Path): void {
    for (const { key, value: given } of value.entries) {
      const name = keyText(key)
      const field = Object.hasOwn(fields, name) ? fields[name] : undefined
      if (field) this.#value(given, field, [...path, name])
      else this.#says.say('ignored-description', [...path, name], key, name, ...this.#unknown(name, fields), 'Unsupported value')
    }
    for (const { key } of value.overridden)
      this.#says.say('ignored-description', [...path, keyText(key)], key, keyText(key), 'must not stand twice: the last one holds',
        'Remove the one that does not hold.', 'Duplicate value')
    for (const [name, field] of Object.entries(fields))
      if (field.required && member(value, name) === undefined)
        this.#says.say('refused-description', [...path, name], { start: value.start, end: value.start + 1 }, undefined,
          'must be set ("This field is required.")', `Set \`${name}\`.`, 'Required value')
  }

  /** What is said of a key that is not read, and what may have been meant. */
  #unknown(name: string, fields: Fields): [detail: string, remedy: string] {
    const plain = (text: string): string => text.replaceAll(/[_-]/g, '').toLowerCase()
    const aliases: Readonly<Record<string, string>> = { proccommand: this.#version === 2 ? 'command' : 'procCommand',
      envvariables: this.#version === 2 ? 'env_variables' : 'configuration',
      iswinmaximize: this.#version === 2 ? 'is_maximized' : 'isMaximized', spec: 'specs' }
    const meant = Object.keys(fields).find((field) => plain(field) === plain(name)) ?? aliases[plain(name)]
    const known = meant !== undefined && Object.hasOwn(fields, meant) ? meant : undefined
    const detail = `supported keys of version ${this.#version}: ${Object.keys(fields).sort().map((field) => `"${field}"`).join(', ')}`
    return [detail, known === undefined ? 'Remove it, or write it where it belongs.' : `Write \`${known}\`.`]
  }

  #value(value: Value, field: Field, path: Path): void {
    if (field.type === 'any') return
    if (value.type === 'null') {
      if (!field.nullable) this.#says.refuse(path, value, 'must not be null ("This field may not be null.")', 'Set it, or leave it out.')
      return
    }
    switch (field.type) {
      case 'string':
        return this.#string(value, field, path)
      case 'integer':
        return this.#integer(value, field, path)
      case 'object':
        if (value.type === 'map') this.object(value, field.fields, path)
        else if (path.at(-1) !== 'module' && path[0] !== 'app')
          this.#says.refuse(path, value, `must be a mapping, not ${typeName(value)} ("Invalid data. Expected a dictionary")`,
            'Write it as a mapping.')
        return
      case 'names':
        return this.#names(value, field, path)
      default:
        return this.#list(value, field, path)
    }
  }

  #string(value: Value, { blank, longest, choices }: Extract<Field, { type: 'string' }>, path: Path): void {
    if (value.type === 'bool' || value.type === 'date' || value.type === 'list' || value.type === 'map')
      return this.#says.refuse(path, value, `must be a string, and YAML reads ${typeName(value)} ("Not a valid string.")`,
        value.type === 'list' || value.type === 'map' ? 'Write it as a string.' : 'Put it in quotes.')
    const text = str(value).trim()
    if (text === '' && !blank)
      this.#says.refuse(path, value, 'must not be blank ("This field may not be blank.")', 'Set it, or leave it out.')
    else if (longest !== undefined && text.length > longest)
      this.#says.refuse(path, value, `must not be longer than ${longest} characters`, 'Shorten it.')
    else if (choices && !choices.includes(text))
      this.#says.say('refused-description', path, value, text, `supported values: ${choices.map((choice) => `"${choice}"`).join(', ')}`,
        'Write one of these.', 'Unsupported value')
  }

  #integer(value: Value, { least, most }: Extract<Field, { type: 'integer' }>, path: Path): void {
    const text = value.type === 'list' || value.type === 'map' || value.type === 'bool' ? '' : str(value).trim().replace(/\.0*$/, '')
    if (!/^[-+]?\d+$/.test(text))
      return this.#says.refuse(path, value, 'must be an integer ("A valid integer is required.")', 'Write a number.')
    if (least !== undefined && Number(text) < least)
      this.#says.refuse(path, value, `must be greater than or equal to ${least}`, 'Raise it.')
    if (most !== undefined && Number(text) > most) this.#says.refuse(path, value, `must be less than or equal to ${most}`, 'Lower it.')
  }

  #names(value: Value, { of, filled }: Extract<Field, { type: 'names' }>, path: Path): void {
    if (value.type !== 'map')
      return this.#says.refuse(path, value, `must be a mapping of names, not ${typeName(value)}: the platform fails on it`,
        'Write it as a mapping.')
    if (filled && value.entries.length === 0)
      this.#says.refuse(path, value, 'must not be empty ("This dictionary may not be empty.")', 'Fill it, or leave it out.')
    for (const { key, value: given } of value.entries) this.#value(given, of, [...path, keyText(key)])
    for (const { key } of value.overridden)
      this.#says.say('ignored-description', [...path, keyText(key)], key, keyText(key), 'must not stand twice: the last one holds',
        'Remove the one that does not hold.', 'Duplicate value')
  }

  #list(value: Value, { of, filled }: Extract<Field, { type: 'list' }>, path: Path): void {
    if (value.type !== 'list')
      return this.#says.refuse(path, value, `must be a list, not ${typeName(value)} ("Expected a list of items")`, 'Write it as a list.')
    if (filled && value.items.length === 0) this.#says.refuse(path, value, 'must not be empty ("This list may not be empty.")', 'Fill it.')
    for (const [index, item] of value.items.entries()) this.#value(item, of, [...path, index])
  }
}
