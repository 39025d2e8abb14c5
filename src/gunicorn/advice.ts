/** What to write in place of a value or an option that gunicorn refuses: an order, with the text to write in backquotes. Pure. */
import type { Release } from './catalogue.ts'
import { isLog } from './empty-log.ts'
import { nearFlag } from './near-names.ts'
import { holdsOption } from './written-options.ts'
import { wrongNames } from './wrong-names.ts'

/** What is longer has nothing in it that one reader sees at a glance. */
const longestTold = 200

/**
 * The advice on a value.
 * @param text the word that holds it, which may hold its option as well, as the program gets it
 * @param inList whether no shell reads the word
 */
export function adviceOnValue(setting: string | undefined, text: string, releases: readonly Release[], inList: boolean):
  | string
  | undefined {
  if (text.length > longestTold) return undefined
  const dashes = oneDash(text, releases)
  if (dashes !== undefined) return dashes
  if (holdsOption(text.split(/\s+/), releases)) return 'Write each option as a word of its own, without quotes around several.'
  const [, head = '', value = ''] = /^(--[a-z][\w-]*=|-[A-Za-z])?(.*)$/s.exec(text) ?? []
  const write = (right: string, reason: string): string => `Write \`${head}${right}\`: ${reason}.`
  const flag = releases.some((release) => release.long(head.slice(0, -1)) !== null)
  if (head.endsWith('=') && setting !== undefined && flag && takesNone(setting, releases))
    return `Write \`${head.slice(0, -1)}\`: the option takes no value.`
  const bare = withoutQuotes(value)
  if (bare !== undefined) return write(bare, quotesStay)
  if (isLog(setting) && /^(?:""|'')?$/.test(value)) return write('-', 'gunicorn takes an empty text for a file, and `-` for the console')
  if (value === '') return 'Write a value, or leave the option out.'
  const variable = adviceOnVariable(value, inList)
  if (variable !== undefined) return variable
  if (setting === 'bind') return adviceOnAddress(value, write)
  return isNumber(setting, releases) ? adviceOnNumber(setting ?? '', value, write) : undefined
}

export const quotesStay = 'the quotes are part of the value here, as no shell takes them away'

/** What stands between quotes that are part of a value; undefined where there are none. */
export const withoutQuotes = (value: string): string | undefined =>
  /^(?:'([^']+)'|"([^"]+)")$/.exec(value)?.slice(1).find((part) => part !== undefined)

/** `$NAME`, `$(NAME)` and `$(command)` in a list, which no shell reads. */
export function adviceOnVariable(value: string, inList: boolean): string | undefined {
  if (!inList) return undefined
  const [, inBrackets] = /\$\(([^()]*)\)/.exec(value) ?? []
  if (inBrackets !== undefined) {
    // Variables have upper-case names by convention, and programs have not.
    if (/^[A-Z_][A-Z0-9_]*$/.test(inBrackets))
      return `Define ${inBrackets} in \`env\`: \`$(${inBrackets})\` stays as it is where nothing defines it.`
    return `Write the value itself, or have a shell read the command: \`sh -c 'exec gunicorn …'\`, as nothing runs \`${inBrackets}\` in a list.`
  }
  if (!/\$[{A-Za-z_]/.test(value)) return undefined
  const names = [...new Set(value.match(/(?<=\$\{?)[A-Za-z_]\w{0,40}/g))]
  const [name = 'NAME', ...others] = names.length > 3 ? [] : names
  if (others.length === 0) return `Write \`$(${name})\`, and define ${name} in \`env\`: no shell expands \`$${name}\` in a list.`
  const written = [name, ...others].map((one) => `\`$(${one})\``)
  return `Write ${written.slice(0, -1).join(', ')} and ${written.at(-1)}, and define them in \`env\`: no shell expands variables in a list.`
}

/** What to write in place of the name of a long option with one dash: `-workers=4` is `-w orkers=4`; undefined for another word. */
export function oneDash(text: string, releases: readonly Release[]): string | undefined {
  const [, name] = /^-([a-z][\w-]+)(?:=.*)?$/s.exec(text) ?? []
  if (name === undefined || !releases.every((release) => release.exact(`--${name}`))) return undefined
  return `Write \`-${text}\`: long options have two dashes.`
}

type Write = (right: string, reason: string) => string

function adviceOnAddress(value: string, write: Write): string | undefined {
  const scheme = /^[a-z]+:\/\/(.*?)\/?$/.exec(value)?.[1]
  if (scheme !== undefined && !/^(unix|fd|tcp):/.test(value)) return write(scheme, 'an address has no scheme')
  const [, host = '', port = ''] = /^([0-9A-Fa-f:.]*):(\d+)$/.exec(value) ?? []
  if (host.includes(':')) return write(`[${host === ':' ? '::' : host}]:${port}`, 'an IPv6 address stands in brackets')
  if (/^\[?[0-9A-Fa-f:]*::?\]?$/.test(value) && value.includes('::'))
    return `Write \`${
      value.startsWith('[') ? value : `[${value}]`
    }:8000\`, or another port: an IPv6 address stands in brackets, with the port behind it.`
  const ports = value.split(',').map((part) => /:(\d+)$/.exec(part)?.[1])
  // With one port they may overlap.
  if (ports.length > 1 && !ports.includes(undefined) && new Set(ports).size === ports.length)
    return 'Give each address an option of its own: `-b 0.0.0.0:8000 -b 0.0.0.0:8001`.'
  const clean = value.replace(/[/,;]$/, '')
  if (clean !== value && /:\d+$/.test(clean)) return write(clean, 'nothing may stand behind the port')
  return /^[^:]*:\D+$/.test(value) ? 'Write the port as a number.' : undefined
}

const isNumber = (setting: string | undefined, releases: readonly Release[]): boolean =>
  setting !== undefined &&
  releases.some((release) =>
    ['int', 'auto_int'].includes(release.settings[setting]?.type ?? '') || release.validatorOf(setting) === 'validate_pos_int'
  )

/** Settings in seconds. */
const durations: ReadonlySet<string> = new Set(['timeout', 'graceful_timeout', 'keepalive'])
const units: ReadonlyMap<string, number> = new Map(
  Object.entries({ s: 1, sec: 1, secs: 1, second: 1, seconds: 1, m: 60, min: 60, mins: 60, minute: 60, minutes: 60, h: 3600 }),
)

function adviceOnNumber(setting: string, value: string, write: Write): string {
  const [, digits = '', unit = ''] = /^(\d{1,9})(?:\.0+)?\s*([a-z]*)[,;]?$/i.exec(value.trim()) ?? []
  const factor = units.get(unit.toLowerCase())
  if (digits !== '' && durations.has(setting) && factor !== undefined)
    return write(String(Number(digits) * factor), 'it is a number of seconds, without a unit')
  if (digits !== '' && unit === '') return write(digits, 'it is a whole number')
  return /^-\d+$/.test(value.trim()) ? 'Write a whole number, without a minus.' : 'Write a whole number.'
}

const takesNone = (setting: string, releases: readonly Release[]): boolean =>
  releases.every((release) => (release.settings[setting]?.flags ?? []).every((flag) => release.exact(flag)?.takes === 'none'))

/** The advice on an option that gunicorn does not have; `next` is the word behind it. */
export function adviceOnOption(text: string, next: string | undefined, releases: readonly Release[]): string | undefined {
  if (text.length > longestTold) return undefined
  const dashes = oneDash(text, releases)
  if (dashes !== undefined) return dashes
  const [, colon = '', behind = ''] = /^(--[a-z][\w-]*):(.*)$/s.exec(text) ?? []
  if (releases.every((release) => release.exact(colon)))
    return `Write \`${colon} ${behind}\`: a blank or a \`=\` stands between an option and its value.`
  const [name = '', ...rest] = text.split('=')
  const value = rest.length > 0 ? rest.join('=') : next?.startsWith('-') === false ? next : undefined
  const right = Object.hasOwn(wrongNames, name) ? wrongNames[name] : undefined
  if (right !== undefined)
    return `Write \`${right.replace(/(HOST|PORT|PATH)$|HOST(?=:)/, (part) => (value === undefined || /\$/.test(value) ? part : value))}\`.`
  const near = name.startsWith('--') ? nearFlag(name.slice(2), releases) : undefined
  return near === undefined ? undefined : `Write \`${near}${rest.length > 0 ? `=${value}` : ''}\`.`
}
