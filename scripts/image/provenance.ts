/**
 * Where an image comes from: an in-toto statement with a predicate of SLSA provenance, unsigned.
 * https://slsa.dev/spec/v1.0/provenance
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Sbom } from '../sbom.ts'
import type { Source } from './source.ts'

export interface Subject {
  readonly name: string
  readonly digest: { readonly sha256: string }
}

interface Material {
  readonly name: string
  readonly uri?: string
  readonly digest: Readonly<Record<string, string>>
}

export function provenance(
  root: string,
  subject: readonly Subject[],
  parameters: object,
  { revision }: Source,
  bom: Sbom,
): object {
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject,
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'https://paddock.dev/image/v1',
        externalParameters: parameters,
        internalParameters: { node: process.versions.node },
        resolvedDependencies: [...sources(root, revision), ...bom.components.flatMap(material)],
      },
      // Whoever runs the script is the builder: nothing is claimed of the machine.
      runDetails: { builder: { id: 'https://paddock.dev/builders/scripts-image' } },
    },
  }
}

/** The commit only where the files are those of the commit. */
function* sources(root: string, revision: string | undefined): Generator<Material> {
  if (revision !== undefined && !revision.endsWith('-dirty')) yield { name: 'source', digest: { gitCommit: revision } }
  for (const name of ['package-lock.json', 'scripts/npm-packages.json', 'scripts/image/debian-packages.json'])
    yield { name, digest: { sha256: createHash('sha256').update(readFileSync(join(root, name))).digest('hex') } }
}

const material = ({ name, purl, hashes = [] }: Sbom['components'][number]): Material[] =>
  hashes.map(({ alg, content }) => ({ name, ...(purl !== undefined && { uri: purl }),
    digest: { [alg.toLowerCase().replace('-', '')]: content } })
  )
