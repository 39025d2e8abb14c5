/** A software bill of materials in CycloneDX 1.6: https://cyclonedx.org/docs/1.6/json/ */
import { createHash } from 'node:crypto'
import type { BundledPackage } from './bundled.ts'

export interface Component {
  readonly type: 'application' | 'library'
  readonly 'bom-ref': string
  readonly name: string
  readonly version: string
  readonly purl?: string
  readonly cpe?: string
  readonly licenses?: readonly ({ readonly license: { readonly id: string } } | { readonly expression: string })[]
  readonly hashes?: readonly { readonly alg: 'SHA-256' | 'SHA-512'; readonly content: string }[]
}

export interface Sbom {
  readonly bomFormat: 'CycloneDX'
  readonly specVersion: '1.6'
  readonly serialNumber: string
  readonly version: 1
  readonly metadata: { readonly timestamp?: string; readonly component: Component }
  readonly components: readonly Component[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[]
}

/** `created` is when, by the input: the same input gives the same document. */
export function sbom(subject: Component, components: readonly Component[], created?: Date): Sbom {
  const timestamp = created?.toISOString().replace('.000Z', 'Z')
  const body = {
    version: 1,
    metadata: { ...(timestamp !== undefined && { timestamp }), component: subject },
    components,
    dependencies: [{ ref: subject['bom-ref'], dependsOn: components.map((component) => component['bom-ref']) }],
  } as const
  return { bomFormat: 'CycloneDX', specVersion: '1.6', serialNumber: `urn:uuid:${uuidOf(JSON.stringify(body))}`, ...body }
}

export const paddockComponent = (version: string): Component => ({
  type: 'application',
  'bom-ref': `pkg:npm/paddock@${version}`,
  name: 'paddock',
  version,
  purl: `pkg:npm/paddock@${version}`,
  licenses: [{ license: { id: 'Apache-2.0' } }],
})

type NpmPackage = Pick<BundledPackage, 'name' | 'version' | 'licence' | 'integrity'>

export function npmComponent({ name, version, licence, integrity }: NpmPackage): Component {
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`
  return {
    type: 'library',
    'bom-ref': purl,
    name,
    version,
    purl,
    licenses: licences(licence),
    hashes: [{ alg: 'SHA-512', content: Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex') }],
  }
}

/** An SPDX expression as CycloneDX has it, which tells a single licence from a combination. */
export const licences = (
  expression: string,
): NonNullable<Component['licenses']> => [/[ (]/.test(expression) ? { expression } : { license: { id: expression } }]

/** Of version 8 (RFC 9562): made from what it names rather than from chance. */
function uuidOf(content: string): string {
  const bytes = createHash('sha256').update(content).digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
