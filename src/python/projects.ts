/**
 * What a project asks for in `pyproject.toml` or `setup.cfg`. Sources: PEP 621 and PEP 735, and the manual of setuptools ("Declarative Config").
 * Of TOML, the lists of texts that stand there are read; what is put otherwise is not known.
 */
import { spend } from '../budget.ts'

/** True for the name of a file that is read here. */
export const isProjectFile = (path: string): boolean => /(?:^|\/)(?:pyproject\.toml|setup\.cfg)$/.test(path)

/** The requirements, a line each, as requirements.txt has them; undefined where the file does not tell. Extras and groups are left out. */
export function readProject(path: string, text: string): string | undefined {
  spend(text.length / 50)
  return path.endsWith('.toml') ? ofToml(text) : ofConfig(text)
}

function ofToml(text: string): string | undefined {
  let table = ''
  let required: readonly string[] | undefined
  const lines = text.split(/\r?\n/)
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!.trim()
    if (line.startsWith('[')) {
      table = tableName(line)
      continue
    }
    const equals = line.indexOf('=')
    if (equals < 0 || line.startsWith('#')) continue
    const key = line.slice(0, equals).trim().replaceAll(/["']/g, '')
    const isRequired = (table === 'project' && key === 'dependencies') || (table === '' && key === 'project.dependencies')
    if (table === 'project' && key === 'dynamic' && /["']dependencies["']/.test(line)) return undefined
    if (!line.slice(equals + 1).trim().startsWith('[')) continue
    const list = listAt(lines, at, lines[at]!.indexOf('[', lines[at]!.indexOf('=')))
    if (isRequired) {
      if (!list.texts || required) return undefined
      required = list.texts
    }
    // Each line is read once.
    at = list.end
  }
  return required?.join('\n')
}

/** The name in a header: `[project]`. */
function tableName(line: string): string {
  const end = line.indexOf(']')
  return line.slice(line.lastIndexOf('[', end < 0 ? line.length : end) + 1, end < 0 ? line.length : end).trim()
}

/** The texts of a list that begins at a bracket, and the line up to which it was read; undefined texts for a list of something else. */
function listAt(lines: readonly string[], first: number, bracket: number): { texts: readonly string[] | undefined; end: number } {
  const texts: string[] = []
  for (let [at, from] = [first, bracket + 1]; at < lines.length; at++, from = 0) {
    const line = lines[at]!
    for (let index = from; index < line.length; index++) {
      const sign = line[index]!
      if (sign === ']') return { texts, end: at }
      if (sign === '#') break
      if (sign === ',' || sign === ' ' || sign === '\t') continue
      if (sign !== '"' && sign !== "'") return { texts: undefined, end: at }
      const close = line.indexOf(sign, index + 1)
      const text = close < 0 ? '' : line.slice(index + 1, close)
      // Texts of several lines, and escapes but that of a quote, are not what anybody writes here.
      if (close < 0 || text === '' || (sign === '"' && text.includes('\\'))) return { texts: undefined, end: at }
      texts.push(text)
      index = close
    }
  }
  return { texts: undefined, end: lines.length }
}

function ofConfig(text: string): string | undefined {
  let [section, key] = ['', '']
  let required: string[] | undefined
  for (const line of text.split(/\r?\n/)) {
    const own = line.trim()
    if (own === '' || own.startsWith('#') || own.startsWith(';')) continue
    let value = own
    if (!/^\s/.test(line)) {
      if (own.startsWith('[')) {
        ;[section, key] = [tableName(own), '']
        continue
      }
      const equals = own.search(/[=:]/)
      if (equals < 0) continue
      key = own.slice(0, equals).trim()
      value = own.slice(equals + 1).trim()
      if (section === 'options' && key === 'install_requires') required = []
    }
    if (value === '') continue
    if (section === 'options' && key === 'install_requires') {
      // From a file, or from the code.
      if (/^(?:file|attr):/.test(value)) return undefined
      required?.push(value)
    }
  }
  return required?.join('\n')
}
