/**
 * gunicorn's validators: what a setting's value becomes once it is set, or why gunicorn refuses it.
 * Source: the functions of these names in `gunicorn.config` of each release.
 */
import { parseAddress } from './address.ts'
import type { Value } from './catalogue/release-file.ts'
import { parseInteger, repr, strip } from './python-value.ts'

/** The value as gunicorn holds it; why it refuses it; or that it depends on the machine it runs on. */
export type Validated = { readonly value: Value } | { readonly error: string } | 'unknown'

type Validator = (value: Value) => Validated

const value = (result: Value): Validated => ({ value: result })
const error = (message: string): Validated => ({ error: message })

const onString = (validate: (text: string) => Validated): Validator => (given) => typeof given === 'string' ? validate(given) : value(given)

/** A word out of a closed set, in any case and with white space around. */
const oneOf = (words: Readonly<Record<string, string>>, refuse: (given: string, folded: string) => string): Validator =>
  onString((text) => {
    const folded = strip(text.toLowerCase())
    const known = Object.hasOwn(words, folded) ? words[folded] : undefined
    return known === undefined ? error(refuse(text, folded)) : value(known)
  })

const words = (...list: string[]): Record<string, string> => Object.fromEntries(list.map((word) => [word, word]))

const integer = (given: Value): number | undefined =>
  typeof given === 'number' ? given : typeof given === 'string' ? parseInteger(given, 0) : undefined

const notAnInteger = (given: Value): Validated => error(`invalid literal for int() with base 0: ${repr(String(given))}`)

const positiveInteger = (limit: (number: number) => string | undefined = () => undefined): Validator => (given) => {
  const number = integer(given)
  if (number === undefined) return notAnInteger(given)
  if (number < 0) return error(`Value must be positive: ${number}`)
  const refused = limit(number)
  return refused === undefined ? value(number) : error(refused)
}

const list = (text: string): string[] => strip(text).split(',').filter(Boolean).map(strip)

const ipv4 = /^(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/

/** The bits of an address, as Python's `ipaddress` reads it; undefined where it is none. */
function addressBits(text: string): { bits: bigint; width: 32 | 128 } | undefined {
  if (ipv4.test(text)) return { bits: text.split('.').reduce((bits, part) => bits * 256n + BigInt(part), 0n), width: 32 }
  const scope = text.indexOf('%')
  if (scope >= 0 && (scope === text.length - 1 || text.indexOf('%', scope + 1) >= 0)) return undefined
  let rest = scope < 0 ? text : text.slice(0, scope)
  const dotted = rest.slice(rest.lastIndexOf(':') + 1)
  if (dotted.includes('.')) {
    const low = ipv4.test(dotted) && rest.includes(':') ? addressBits(dotted) : undefined
    if (!low) return undefined
    rest = `${rest.slice(0, -dotted.length)}${(low.bits >> 16n).toString(16)}:${(low.bits & 0xffffn).toString(16)}`
  }
  const halves = rest.split('::')
  if (halves.length > 2 || !rest.includes(':')) return undefined
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const missing = 8 - head.length - tail.length
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined
  const groups = [...head, ...Array.from({ length: missing }, () => '0'), ...tail]
  if (!groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return undefined
  return { bits: groups.reduce((bits, group) => bits * 65536n + BigInt(`0x${group}`), 0n), width: 128 }
}

/** `ipaddress.ip_network(text)`: an address, or a network without host bits. */
function isNetwork(text: string): boolean {
  const slash = text.indexOf('/')
  const address = addressBits(slash < 0 ? text : text.slice(0, slash))
  if (!address || slash < 0) return address !== undefined
  const length = prefixLength(text.slice(slash + 1), address.width)
  return length !== undefined && (address.bits & ((1n << BigInt(address.width - length)) - 1n)) === 0n
}

/** A prefix length, or for IPv4 a netmask or a hostmask; undefined where it is neither. */
function prefixLength(text: string, width: 32 | 128): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) <= width ? Number(text) : undefined
  const mask = width === 32 && ipv4.test(text) ? addressBits(text)?.bits : undefined
  if (mask === undefined) return undefined
  const asBits = (bits: bigint): string => bits.toString(2).padStart(32, '0')
  const ones = /^(1*)0*$/.exec(asBits(mask)) ?? /^(1*)0*$/.exec(asBits(mask ^ 0xffffffffn))
  return ones?.[1]?.length
}

const addressList = (accepts: (entry: string) => boolean, what: string): Validator =>
  onString((text) => {
    const entries = list(text)
    const wrong = entries.find((entry) => entry !== '*' && !accepts(entry))
    return wrong === undefined ? value(entries) : error(`${repr(wrong)} does not appear to be an IPv4 or IPv6 ${what}`)
  })

const httpProtocols = (known: readonly string[]): Validator =>
  onString((text) => {
    const protocols = text.split(',').map((part) => strip(part).toLowerCase()).filter(Boolean)
    if (protocols.length === 0) return value(['h1'])
    const wrong = protocols.find((protocol) => !known.includes(protocol))
    if (wrong !== undefined) return error(`Invalid protocol '${wrong}'. Valid protocols: ${known.join(', ')}`)
    return new Set(protocols).size < protocols.length ? error('Duplicate protocols specified') : value(protocols)
  })

/** Names are looked up in the password database of the machine. */
const identifier: Validator = onString((text) => (/^\p{Nd}+$/u.test(text) ? value(parseInteger(text) ?? 0) : 'unknown'))

function statsdAddress(text: string): Validated {
  const host = strip(text)
  const regression = /^unix:(\d+)$/.exec(host)
  if (regression) return value(['unix', Number(regression[1])])
  const address = parseAddress(host, 'integer', 8125)
  if (address.kind === 'bad') return error("Value must be one of ('host:port', 'unix://PATH')")
  if (address.kind === 'unix') return value(address.path)
  return value(address.kind === 'fd' ? address.fd : [address.host, address.port])
}

function hostport(text: string): Validated {
  const elements = strip(text).split(':')
  if (elements.length !== 2) return error('Value must consist of: hostname:port')
  const port = parseInteger(elements[1] ?? '')
  return port === undefined
    ? error(`invalid literal for int() with base 10: ${repr(elements[1] ?? '')}`)
    : value([elements[0] ?? '', port])
}

/** Which protocols there are depends on the Python; these are the ones that each has had, by their numbers. */
const sslVersions: Readonly<Record<string, number>> = { SSLv23: 2, TLS: 2, TLS_CLIENT: 16, TLS_SERVER: 17 }
const oldSslVersions: Readonly<Record<string, number>> = { TLSv1: 3, TLSv1_1: 4, TLSv1_2: 5 }

function sslVersion(text: string): Validated {
  const known = { ...sslVersions, ...oldSslVersions }
  if (Object.hasOwn(known, text)) return value(known[text] ?? null)
  const number = parseInteger(text, 0)
  if (number !== undefined && Object.values(known).includes(number)) return value(number)
  return error(`Invalid ssl_version: ${text}. Valid options: ${Object.keys(known).join(', ')}`)
}

const existingFile = (given: Value): Validated => (Array.isArray(given) && given.length === 0 ? value([]) : 'unknown')

/** The directory is made absolute and must exist: only the root surely does. */
const chdir: Validator = onString((text) => (/^\/+$/.test(strip(text)) ? value('/') : 'unknown'))

const bools: ReadonlyMap<string, boolean> = new Map([['true', true], ['false', false]])

const validators: Readonly<Record<string, Validator>> = {
  ignored: value,
  validate_string: onString((text) => value(strip(text))),
  validate_class: onString((text) => value(strip(text))),
  validate_list_string: (given) => value(Array.isArray(given) ? given.map((item) => (typeof item === 'string' ? strip(item) : item)) : []),
  validate_pos_int: positiveInteger(),
  validate_bool: onString((text) => {
    const known = bools.get(strip(text.toLowerCase()))
    return known === undefined ? error(`Invalid boolean: ${text}`) : value(known)
  }),
  validate_dict: onString((text) => error(`Value is not a dictionary: ${text} `)),
  validate_reload_engine: onString((text) =>
    ['auto', 'poll', 'inotify'].includes(text) ? value(text) : error(`Invalid reload_engine: ${repr(text)}`)
  ),
  validate_list_of_existing_files: existingFile,
  validate_list_of_files_or_patterns: existingFile,
  validate_chdir: chdir,
  validate_user: identifier,
  validate_group: identifier,
  validate_string_to_list: onString((text) => value(list(text))),
  validate_string_to_addr_list: addressList((entry) => addressBits(entry) !== undefined, 'address'),
  validate_string_to_network_list: addressList(isNetwork, 'network'),
  validate_hostport: onString(hostport),
  validate_statsd_address: onString(statsdAddress),
  validate_ssl_version: onString(sslVersion),
  validate_header_map_behaviour: oneOf(words('drop', 'refuse', 'dangerous'), (given) => `Invalid header map behaviour: ${given}`),
  validate_proxy_protocol: oneOf(
    { false: 'off', off: 'off', 0: 'off', none: 'off', true: 'auto', auto: 'auto', 1: 'auto', v1: 'v1', v2: 'v2' },
    () => 'proxy_protocol must be: off, v1, v2, or auto',
  ),
  validate_asgi_loop: oneOf(words('auto', 'asyncio', 'uvloop'), (_, folded) => `Invalid ASGI loop: ${folded}`),
  validate_asgi_lifespan: oneOf(words('auto', 'on', 'off'), (_, folded) => `Invalid ASGI lifespan: ${folded}`),
  validate_http_parser: oneOf(words('auto', 'fast', 'python'), (_, folded) => `Invalid http_parser: ${folded}`),
  validate_http2_cleartext: oneOf(words('off', 'prior-knowledge', 'upgrade', 'both'), (_, folded) => `Invalid http2_cleartext: ${folded}`),
  validate_http_protocols: httpProtocols(['h1', 'h2', 'h3']),
  validate_http_protocols_without_h3: httpProtocols(['h1', 'h2']),
  validate_http2_frame_size: (given) => {
    const number = integer(given)
    if (number === undefined) return notAnInteger(given)
    return number < 16384 || number > 16777215
      ? error(`http2_max_frame_size must be between 16384 and 16777215, got ${number}`)
      : value(number)
  },
  validate_http2_window_size: positiveInteger((number) =>
    number > 2 ** 31 - 1 ? `HTTP/2 window size must be at most 2147483647: ${number}` : undefined
  ),
  validate_http2_stream_limit: positiveInteger((number) =>
    number < 1 ? `HTTP/2 max concurrent streams must be at least 1: ${number}` : undefined
  ),
}

/** Validates a value as gunicorn does when it is set. A validator that this catalogue does not know tells nothing. */
export function validate(validator: string, given: Value): Validated {
  return validators[validator]?.(given) ?? 'unknown'
}

/** The names of the validators that are known here; a test holds them against the catalogue. */
export const knownValidators: ReadonlySet<string> = new Set(Object.keys(validators))
