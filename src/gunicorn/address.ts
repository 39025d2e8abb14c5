/**
 * gunicorn's reading of an address, as `bind` and `statsd_host` hold it.
 * Source: `gunicorn.util.parse_address` of each release.
 */
import { parseInteger, repr } from './python-value.ts'

export type Address =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'fd'; readonly fd: number }
  | { readonly kind: 'bad'; readonly message: string }

/** How a release takes the address apart: releases before 20.0 want the port to be digits, and know no `fd://`. */
export type AddressSyntax = 'digits' | 'integer'

/** A host without brackets and a port as it is usually written: what every release reads alike, and none refuses. */
export const isPlainAddress = (text: string): boolean => /^[^[\]:]*:[1-9]\d{0,4}$/.test(text)

export function parseAddress(text: string, syntax: AddressSyntax = 'integer', defaultPort = 8000): Address {
  if (text.startsWith('unix:')) return { kind: 'unix', path: text.split(/unix:(?:\/\/)?/).at(-1) ?? '' }
  if (syntax === 'integer' && text.startsWith('fd://')) {
    const fd = parseInteger(text.slice(5))
    return fd === undefined ? bad(`${repr(text.slice(5))} is not a valid file descriptor.`) : { kind: 'fd', fd }
  }
  const netloc = text.startsWith('tcp://') ? (text.split('tcp://')[1] ?? '') : text
  return syntax === 'integer' ? integerPort(netloc, defaultPort) : digitsPort(netloc, defaultPort)
}

const bad = (message: string): Address => ({ kind: 'bad', message })
const badPort = (port: string): Address => bad(`${repr(port)} is not a valid port number.`)

function integerPort(netloc: string, defaultPort: number): Address {
  let host = netloc
  let port = String(defaultPort)
  if (netloc.includes('[') && netloc.includes(']')) {
    host = (netloc.split(']')[0] ?? '').slice(1)
    port = netloc.split(']:')[1] ?? port
  } else if (netloc.includes(':')) {
    const parts = netloc.split(':')
    host = parts[0] ?? ''
    port = parts[1] ?? port
  } else if (netloc === '') host = '0.0.0.0'
  const number = parseInteger(port)
  return number === undefined ? badPort(port) : { kind: 'tcp', host: host.toLowerCase(), port: number }
}

function digitsPort(netloc: string, defaultPort: number): Address {
  let host = netloc
  if (netloc.includes('[') && netloc.includes(']')) host = (netloc.split(']')[0] ?? '').slice(1)
  else if (netloc.includes(':')) host = netloc.split(':')[0] ?? ''
  else if (netloc === '') host = '0.0.0.0'
  const rest = netloc.split(']').at(-1) ?? ''
  const colon = rest.indexOf(':')
  if (colon < 0) return { kind: 'tcp', host: host.toLowerCase(), port: defaultPort }
  const port = rest.slice(colon + 1)
  return /^\p{Nd}+$/u.test(port) ? { kind: 'tcp', host: host.toLowerCase(), port: parseInteger(port) ?? 0 } : badPort(port)
}

/** True for an address that only its own Pod can reach. */
export function isLoopback(address: Address): boolean {
  return address.kind === 'tcp' &&
    (/^127(\.\d+){0,3}$/.test(address.host) || /^(localhost|::1|0*:0*:0*:0*:0*:0*:0*:0*1)$/.test(address.host))
}

/**
 * True for two that Linux does not let a process listen on: with one port, and one of them every address or both the same one.
 * `::` is every address of IPv4 too, unless `isApart`: a system's settings may say so. Port 0 is a free one, each time another.
 */
export function sharesAddress(one: Extract<Address, { kind: 'tcp' }>, other: Extract<Address, { kind: 'tcp' }>, isApart = false): boolean {
  if (one.port !== other.port || one.port === 0) return false
  const [left, right] = [plainHost(one.host), plainHost(other.host)]
  const isVersion6 = (host: string): boolean => host.includes(':')
  if (left === right) return true
  if (left === '::' || right === '::') return !isApart || (isVersion6(left) && isVersion6(right))
  return (left === '0.0.0.0' && !isVersion6(right)) || (right === '0.0.0.0' && !isVersion6(left))
}

const plainHost = (
  host: string,
): string => (host === '' || host === '0' ? '0.0.0.0'
  : host === 'localhost' ? '127.0.0.1' : /^[0:]+$/.test(host) && host.includes(':') ? '::' : host)
