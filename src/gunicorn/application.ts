/**
 * What gunicorn takes for an application: `MODULE`, `MODULE:NAME`, `MODULE:NAME(LITERALS)`.
 * Source: `gunicorn.util.import_app` of each release, and Python's `importlib`, which finds no module by a path.
 */
import type { Expression } from '../python/expression.ts'
import { parse } from '../python/syntax.ts'
import type { Release } from './catalogue.ts'

/** Why a text can be no application; `releases` where others take it. */
export interface ApplicationFault {
  readonly detail: string
  readonly remedy?: string
  readonly releases?: readonly Release[]
}

/** Dashes that are typed, or put in by a text editor, for hyphens. */
const otherDashes = /^[\u2010-\u2015\u2212\uFE58\uFE63\uFF0D]/

/** The option that a word with other dashes is meant for: one letter, or one and a number, has one. */
function withHyphens(text: string): string {
  const name = text.replace(/^[\u2010-\u2015\u2212\uFE58\uFE63\uFF0D-]+/, '')
  return `${/^[A-Za-z]\d*$/.test(name) ? '-' : '--'}${name}`
}

const like = 'as in `shop.wsgi:application`'

export function applicationFault(text: string, releases: readonly Release[]): ApplicationFault | undefined {
  const colon = text.indexOf(':')
  const module = colon < 0 ? text : text.slice(0, colon)
  if (text === '') return { detail: `must be a module and a variable, ${like}, and is empty`, remedy: 'Take the empty element out.' }
  if (otherDashes.test(text))
    return { detail: 'must be a module and a variable: what it begins with is no hyphen, so that it is no option',
      remedy: `Write \`${withHyphens(text)}\`: the dashes of an option are the hyphens of ASCII.` }
  if (/^[^$\s]*\//.test(module))
    return { detail: `must be a module and a variable, ${like}, and no path`, remedy: pathRemedy(module, text.slice(module.length)) }
  if (module.endsWith('.py'))
    return { detail: `must be a module and a variable, ${like}, and no file`, remedy: pathRemedy(module, text.slice(module.length)) }
  if (/\s/.test(module))
    return { detail: `must be a module and a variable, ${like}, which have no blanks`,
      ...(/^[\s-]|\s$/.test(module) ? {} : { doubt: 'unless a file is called so' }) }
  if (module.startsWith('.') || module === '') return { detail: `must name a module, ${like}` }
  if (module.endsWith('.') || module.includes('..'))
    return { detail: `must name a module, ${like}, with one dot between two names`,
      remedy: `Write \`${module.replaceAll(/\.+(?=\.|$)/g, '')}${text.slice(module.length)}\`.` }
  return colon < 0 ? undefined : variableFault(module, text.slice(colon + 1), releases)
}

/** `shop/wsgi.py` is `shop.wsgi`; of a folder above, only gunicorn's own folder is known by `--chdir`. */
function pathRemedy(module: string, rest: string): string {
  // Django's script for the command line, in which there is no application.
  if (/(^|\/)manage\.py$/.test(module)) return 'Name the application: `gunicorn MODULE:VARIABLE`.'
  const path = module.replace(/^\.\//, '').replace(/\.py$/, '')
  if (path.startsWith('/')) {
    const cut = path.lastIndexOf('/')
    return `Write \`--chdir ${path.slice(0, cut) || '/'} ${path.slice(cut + 1)}${rest}\`.`
  }
  return /^[\w/]+$/.test(path) ? `Write \`${path.replaceAll('/', '.')}${rest}\`.` : 'Write the name of a module, with dots.'
}

const neither = 'must have a variable or a call of a function behind the colon, and is neither'

function variableFault(module: string, text: string, releases: readonly Release[]): ApplicationFault | undefined {
  if (text.trim() === '') return { detail: `must name a variable behind the colon, ${like}` }
  // Nearly all are a plain name, which Python need not be read for.
  if (text.includes('\n') || /^[A-Za-z_]\w*$/.test(text)) return undefined
  const syntax = parse(text.trimStart())
  if (!('statements' in syntax)) return syntax.refused ? { detail: neither } : undefined
  const [statement, ...others] = syntax.statements
  // Python evaluates one expression, and takes it for an error where more is written.
  const isStatement = others.length > 0 ||
    (statement?.kind === 'expression' ? statement.annotates !== undefined || /^\w+\s*;/.test(text) : statement?.kind !== 'other')
  if (isStatement) return { detail: neither }
  if (statement?.kind !== 'expression') return undefined
  const refusing = releases.filter((release) => !release.evaluatesApplication)
  if (refusing.length === 0) return undefined
  const rest = refusing.length < releases.length ? { releases: refusing } : {}
  const detail = expressionFault(statement.value)
  if (detail !== undefined) return { detail, ...rest }
  return /^\s/.test(text) ? { detail: 'must have no blank behind the colon', remedy: `Write \`${module}:${text.trim()}\`.`, ...rest }
    : undefined
}

/** Why an expression that Python reads is none that gunicorn takes, since it evaluates none any more. */
function expressionFault(value: Expression): string | undefined {
  if (value.kind === 'name' || value.kind === 'other') return undefined
  if (value.kind !== 'call') return neither
  if (value.callee.kind !== 'name') return 'must call a function by its name, without a dot'
  return value.args.every(isLiteral) ? undefined : 'must have literal arguments, such as strings and numbers'
}

function isLiteral(value: Expression): boolean {
  // From Python 3.9 on, `ast.literal_eval` takes an empty set.
  if (value.kind === 'call' && value.callee.kind === 'name' && value.callee.name === 'set' && value.args.length === 0) return true
  if (value.kind === 'name') return /^(True|False|None)$/.test(value.name)
  return value.kind !== 'attribute' && value.kind !== 'call' && value.kind !== 'subscript' && value.kind !== 'lambda'
}
