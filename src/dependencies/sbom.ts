/**
 * Bills of materials: which Python distributions an SBOM says are in an image. Sources: CycloneDX 1.6, SPDX 2.3, in-toto Statement v1, DSSE
 * v1, the specification of package URLs, and what syft, trivy and cyclonedx-py write (test/dependencies/sboms).
 */
import { normalise } from '../python/distribution.ts'

export interface Sbom {
  /** `CycloneDX by syft 1.18.1` */
  readonly name: string
  /** By their normalised names: those that are installed, with the versions of which that is said. */
  readonly installed: ReadonlyMap<string, ReadonlySet<string>>
  /** Those that are named otherwise: as packages of a system, or by a lock file that was seen. They may be installed. */
  readonly mentioned: ReadonlySet<string>
  /** Whether it is about an image, and does not say itself that it leaves something out. */
  readonly isOfImage: boolean
  /** Digests of what it says it is about: `sha256:…`; empty where it names none. */
  readonly about: ReadonlySet<string>
}

type Fields = Readonly<Record<string, unknown>>

const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {})
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** So many packages are read: images have some thousand. */
const mostPackages = 200_000

/** The document that is in what was attached: bare, a statement, an envelope, or a bundle of sigstore. Undefined for what is none of them. */
export function readSbom(content: string): Sbom | undefined {
  const subjects = new Set<string>()
  let value = parsed(content)
  // Each of them may be in the next one.
  for (let depth = 0; depth < 4; depth++) {
    if (value['dsseEnvelope'] !== undefined) value = fieldsOf(value['dsseEnvelope'])
    else if (typeof value['payload'] === 'string' && Array.isArray(value['signatures']))
      value = parsed(Buffer.from(value['payload'], 'base64').toString('utf8'))
    else if (value['predicateType'] !== undefined) {
      for (const subject of listOf(value['subject'])) add(subjects, textOf(fieldsOf(fieldsOf(subject)['digest'])['sha256']))
      const predicate = value['predicate']
      // cosign has put what it does not know into a text.
      const inner = fieldsOf(predicate)['Data']
      value = typeof inner === 'string' ? parsed(inner) : typeof predicate === 'string' ? parsed(predicate) : fieldsOf(predicate)
    } else break
  }
  if (value['bomFormat'] === 'CycloneDX') return readCycloneDx(value, subjects)
  return textOf(value['spdxVersion']).startsWith('SPDX-2.') ? readSpdx(value, subjects) : undefined
}

function parsed(text: string): Fields {
  try {
    return fieldsOf(JSON.parse(text))
  } catch {
    return {}
  }
}

function add(digests: Set<string>, hex: string): void {
  if (/^[0-9a-f]{64}$/.test(hex)) digests.add(`sha256:${hex}`)
}

/** The digests that a text names. */
function addFrom(digests: Set<string>, text: string): void {
  for (const [, hex = ''] of text.slice(0, 1000).matchAll(/sha256(?::|%3[Aa])([0-9a-f]{64})\b/g)) add(digests, hex)
}

class Packages {
  readonly installed = new Map<string, Set<string>>()
  readonly mentioned = new Set<string>()

  /** @param source what tells whether it is installed or merely asked for: how it was found, and where */
  add(name: string, version: string, purl: string, source: readonly string[]): void {
    const [, type = '', path = '', told] = /^pkg:([a-z0-9.+-]+)\/([^@?#]*)(?:@([^?#]*))?/i.exec(purl) ?? []
    const kind = type.toLowerCase()
    const own = normalise(purl === '' ? name : decoded(path.slice(path.lastIndexOf('/') + 1)))
    if (own === '') return
    if (kind === 'pypi' || kind === 'conda' || purl === '') {
      if (source.some(isDeclared)) this.mentioned.add(own)
      else {
        const at = told === undefined ? version : decoded(told)
        this.installed.set(own, (this.installed.get(own) ?? new Set()).add(versionPattern.test(at) ? at : ''))
      }
    } else this.mentioned.add(own.replace(/^(?:python[\d-]*|py[\d-]+)-/, ''))
  }
}

const versionPattern = /^[\w.!+-]{1,100}$/

/** How syft, trivy and cyclonedx-py tell what a requirements or lock file asks for; and the names of such files. */
const declaring = /^(?:python-package-cataloger|requirements-L\d+|pip|pipenv|poetry|pdm|uv)$/
const declaringFiles = /^(?:(?:poetry|uv|pdm|Pipfile)\.lock|Pipfile|pyproject\.toml|setup\.(?:py|cfg))$/

function isDeclared(source: string): boolean {
  const name = source.slice(source.lastIndexOf('/') + 1)
  return declaring.test(source) || declaringFiles.test(name) || (name.includes('requirements') && name.endsWith('.txt')) ||
    (name.startsWith('pylock.') && name.endsWith('.toml'))
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Where packages come from, as tools say. */
const sourceProperties: ReadonlySet<string> = new Set(['syft:package:foundBy', 'aquasecurity:trivy:PkgType', 'syft:location:0:path',
  'aquasecurity:trivy:FilePath'])

function readCycloneDx(value: Fields, about: Set<string>): Sbom {
  const packages = new Packages()
  const left = [...listOf(value['components'])]
  for (let read = 0; left.length > 0 && read < mostPackages; read++) {
    const component = fieldsOf(left.pop())
    left.push(...listOf(component['components']))
    const type = textOf(component['type'])
    if (type !== 'library' && type !== 'framework' && type !== 'application') continue
    const source = listOf(component['properties']).flatMap((property) => {
      const { name, value: told } = fieldsOf(property)
      return sourceProperties.has(textOf(name)) ? [textOf(told)] : []
    })
    packages.add(textOf(component['name']), textOf(component['version']), textOf(component['purl']), [textOf(component['bom-ref']),
      ...source])
  }
  const metadata = fieldsOf(value['metadata'])
  const root = fieldsOf(metadata['component'])
  for (const text of [textOf(root['version']), textOf(root['purl'])]) addFrom(about, text)
  for (const hash of listOf(root['hashes'])) if (fieldsOf(hash)['alg'] === 'SHA-256') add(about, textOf(fieldsOf(hash)['content']))
  const { tools } = metadata
  const [tool] = Array.isArray(tools) ? tools as unknown[] : listOf(fieldsOf(tools)['components'])
  const isPart = listOf(value['compositions']).some((one) => /^(?:incomplete|unknown)/.test(textOf(fieldsOf(one)['aggregate'])))
  return { name: named('CycloneDX', `${textOf(fieldsOf(tool)['name'])} ${textOf(fieldsOf(tool)['version'])}`), ...packages, about,
    isOfImage: root['type'] === 'container' && !isPart && left.length === 0 }
}

function readSpdx(value: Fields, about: Set<string>): Sbom {
  const packages = new Packages()
  const described = new Set([
    ...listOf(value['documentDescribes']).map(textOf),
    ...listOf(value['relationships']).flatMap((one) => {
      const { spdxElementId: from, relationshipType: type, relatedSpdxElement: to } = fieldsOf(one)
      return from === 'SPDXRef-DOCUMENT' && type === 'DESCRIBES' ? [textOf(to)] : []
    }),
  ])
  const all = listOf(value['packages'])
  let isOfImage = false
  for (const one of all.slice(0, mostPackages)) {
    const { SPDXID: id, name, versionInfo, externalRefs, checksums, sourceInfo, primaryPackagePurpose } = fieldsOf(one)
    const purls = listOf(externalRefs).flatMap((reference) => {
      const { referenceType, referenceLocator } = fieldsOf(reference)
      return referenceType === 'purl' ? [textOf(referenceLocator)] : []
    })
    if (described.has(textOf(id))) {
      isOfImage ||= primaryPackagePurpose === 'CONTAINER'
      for (const text of [textOf(versionInfo), ...purls]) addFrom(about, text)
      for (const sum of listOf(checksums)) if (fieldsOf(sum)['algorithm'] === 'SHA256') add(about, textOf(fieldsOf(sum)['checksumValue']))
      continue
    }
    const source = [textOf(sourceInfo).replace(/^.*?:\s*/, '').split(',')[0] ?? '']
    for (const purl of purls.length > 0 ? purls : ['']) packages.add(textOf(name), textOf(versionInfo), purl, source)
  }
  const creators = listOf(fieldsOf(value['creationInfo'])['creators']).map(textOf)
  const tool = creators.find((creator) => creator.startsWith('Tool: '))?.slice('Tool: '.length) ?? ''
  return { name: named('SPDX', tool.replace(/-(?=v?\d)/, ' ')), ...packages, about, isOfImage: isOfImage && all.length <= mostPackages }
}

/** @param tool what somebody else has written */
function named(format: string, tool: string): string {
  const own = tool.replaceAll(/[^\w .+-]/g, '').trim().slice(0, 40)
  return own === '' ? format : `${format} by ${own}`
}
