/** How images are named: `registry/name:tag@digest` as docker has it, `oci:DIR[:TAG]` and `docker-archive:FILE[:NAME]` as skopeo has it. */
import { readDigest } from './digest.ts'
import { ImageError } from './image-error.ts'

export type Reference = LayoutReference | ArchiveReference | RegistryReference

/** A folder with the layout of the OCI image specification. */
export interface LayoutReference {
  readonly kind: 'layout'
  readonly folder: string
  readonly tag?: string | undefined
  readonly digest?: string | undefined
}

/** An archive of `docker save`, or one that holds an OCI layout. */
export interface ArchiveReference {
  readonly kind: 'archive'
  readonly file: string
  /** The image's name, or its tag; undefined for the only one. */
  readonly name?: string | undefined
}

export interface RegistryReference {
  readonly kind: 'registry'
  /** With its port, where that is told. */
  readonly host: string
  readonly repository: string
  readonly tag?: string | undefined
  readonly digest?: string | undefined
}

/** @throws {ImageError} for what names no image */
export function readReference(text: string): Reference {
  const [, transport, rest = ''] = /^(oci|oci-archive|docker-archive|docker):(.*)$/s.exec(text) ?? []
  if (transport === 'oci') return layoutReference(rest)
  if (transport === 'oci-archive' || transport === 'docker-archive') {
    const [, file = '', name] = /^([^:]*)(?::(.+))?$/s.exec(rest) ?? []
    if (file === '') throw new ImageError(`${transport}: must be followed by a file`)
    return { kind: 'archive', file, name }
  }
  // A registry of the name `docker` has a port behind the colon.
  if (transport === 'docker' && rest.startsWith('//')) return registryReference(rest.slice(2))
  return registryReference(text)
}

function layoutReference(rest: string): LayoutReference {
  const [, named = rest, digest] = /^(.*)@([a-z0-9]+:[0-9a-f]+)$/s.exec(rest) ?? []
  const [, folder = named, tag] = digest === undefined ? /^(.*):([^:/]+)$/s.exec(named) ?? [] : []
  if (folder === '') throw new ImageError('oci: must be followed by a folder')
  if (digest !== undefined && !readDigest(digest)) throw new ImageError(`${digest} is no digest that is known`)
  return { kind: 'layout', folder, tag, digest }
}

/** Source: github.com/distribution/reference. */
const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
const repositoryPattern = new RegExp(`^${component}(?:/${component})*$`)
const hostPattern = /^(?:\[[0-9a-fA-F:.]+\]|[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?)(?::\d{1,5})?$/

/** As an image is named in a Pod: whatever it is, no file of this machine is meant. @throws {ImageError} */
export function registryReference(text: string): RegistryReference {
  const invalid = (why: string): never => {
    throw new ImageError(`${JSON.stringify(text.slice(0, 200))} is no image: ${why}`)
  }
  if (text.length > 1000) invalid('it is too long')
  const at = text.indexOf('@')
  const digest = at < 0 ? undefined : text.slice(at + 1)
  if (digest !== undefined && !readDigest(digest)) invalid('what stands behind @ must be a digest')
  const [, named = '', tag] = /^(.*?)(?::([\w][\w.-]{0,127}))?$/s.exec(at < 0 ? text : text.slice(0, at)) ?? []
  const slash = named.indexOf('/')
  const first = slash < 0 ? '' : named.slice(0, slash)
  const isHost = first !== '' && (/[.:[\]]/.test(first) || first === 'localhost' || first !== first.toLowerCase())
  const host = isHost ? first : 'docker.io'
  const path = isHost ? named.slice(slash + 1) : slash < 0 ? `library/${named}` : named
  if (!hostPattern.test(host)) invalid('its registry is no name of a host')
  if (path.length > 255 || !repositoryPattern.test(path))
    invalid('a name must be of lower-case letters, digits, and single separators, as in registry.example.com/team/app:1.0')
  const isHub = host === 'docker.io' || host === 'index.docker.io'
  const repository = isHub && isHost && !path.includes('/') ? `library/${path}` : path
  return { kind: 'registry', host: isHub ? 'docker.io' : host, repository,
    ...(tag === undefined && digest === undefined ? { tag: 'latest' } : { tag }), digest }
}
