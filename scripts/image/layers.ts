/** What is in the image: three layers, that which changes least first. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Component, Sbom } from '../sbom.ts'
import { licences, sbom } from '../sbom.ts'
import { debianEntries, downloadPackages, lockedPackages } from './debian.ts'
import { complete, file } from './entries.ts'
import type { Entry } from './entries.ts'
import { nodeFolder } from '../npm-package.js'
import { nodeComponent, nodePackage } from './node.ts'
import type { Platform } from './platform.ts'

export interface Layer {
  /** The folder that a Dockerfile copies it from. */
  readonly name: 'system' | 'node' | 'paddock'
  readonly comment: string
  readonly entries: readonly Entry[]
}

export interface Input {
  readonly root: string
  /** The bundle, as scripts/build.ts writes it. */
  readonly dist: string
  /** Where downloads are kept. */
  readonly cache: string
  readonly platform: Platform
  readonly created: Date
}

/** Everything in the image but the kernel's own files; `bom` is what stands in its /paddock/sbom.cdx.json. */
export async function layersOf(input: Input): Promise<{ layers: Layer[]; bom: Sbom }> {
  const bom = billOfMaterials(input)
  downloadPackages(input.platform.debian, input.cache)
  const system = [...(await debianEntries(input.platform.debian, input.cache)), ...accounts]
  const { version } = nodePackage(input.platform)
  return {
    bom,
    layers: [
      { name: 'system', comment: 'C and C++ libraries of Debian 12', entries: complete(system) },
      { name: 'node', comment: `Node.js ${version}`, entries: complete(nodeEntries(input)) },
      { name: 'paddock', comment: 'Paddock', entries: complete(paddockEntries(input, bom)) },
    ],
  }
}

const accounts: readonly Entry[] = [
  file('etc/passwd', 'root:x:0:0:root:/nonexistent:/nonexistent\nnonroot:x:65532:65532:nonroot:/nonexistent:/nonexistent\n'),
  file('etc/group', 'root:x:0:\nnonroot:x:65532:\n'),
  file('etc/nsswitch.conf', 'hosts: files dns\n'),
  { path: 'tmp', type: 'folder', mode: 0o1777 },
]

function nodeEntries({ platform }: Input): Entry[] {
  const folder = nodeFolder(platform.node)
  return [
    fileFrom('nodejs/bin/node', join(folder, 'bin/node'), 0o755),
    fileFrom('nodejs/LICENSE', join(folder, 'LICENSE')),
  ]
}

function paddockEntries({ root, dist }: Input, bom: Sbom): Entry[] {
  const { name, version, license, type } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, string>
  const programs = readdirSync(dist).filter((name) => /\.(js|txt)$/.test(name))
  return [
    ...programs.map((name) => fileFrom(`paddock/dist/${name}`, join(dist, name))),
    // For its `"type": "module"`, which spares Node from finding that out.
    file('paddock/package.json', `${JSON.stringify({ name, version, license, type })}\n`),
    file('paddock/sbom.cdx.json', `${JSON.stringify(bom, null, 2)}\n`),
    fileFrom('paddock/LICENSE', join(root, 'LICENSE')),
  ]
}

/** With the mode of the image, not that of the machine that builds. */
const fileFrom = (path: string, source: string, mode = 0o644): Entry => ({ path, type: 'file', mode, size: statSync(source).size,
  content: source })

function billOfMaterials({ dist, platform, created }: Input): Sbom {
  const bundle = JSON.parse(readFileSync(join(dist, 'sbom.cdx.json'), 'utf8')) as Sbom
  const debian = lockedPackages().map(({ name, licence, version, sha256 }): Component => {
    const release = `${encodeURIComponent(name)}@${encodeURIComponent(version)}`
    const purl = `pkg:deb/debian/${release}?arch=${platform.debian}&distro=debian-12`
    const hashes = [{ alg: 'SHA-256', content: sha256[platform.debian] }] as const
    return { type: 'library', 'bom-ref': purl, name, version, purl, licenses: licences(licence), hashes }
  })
  return sbom(bundle.metadata.component, [...bundle.components, nodeComponent(platform), ...debian], created)
}
