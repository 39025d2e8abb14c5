/** SBOMs that syft 1.18.1 and cyclonedx-py 7.5.0 have written, of an image and of an environment that pip has made; shortened. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { withAttached } from '../../src/dependencies/image/attached.ts'
import type { ImageEvidence, Installation } from '../../src/dependencies/image/evidence.ts'
import { readSbom } from '../../src/dependencies/sbom.ts'

const read = (name: string): string => readFileSync(join(import.meta.dirname, 'sboms', name), 'utf8')
const whole = 'sha256:8f722785337f8695e6ddd8f600595c40566a9b5ab2d0ecf9c7e7b20b5a6c908f'
const bare = 'sha256:5629196c22d805406586b58a0bd7536a2c73efba83d94c62a6febb9ca354418d'

const statement = (predicate: unknown, digest: string): string =>
  JSON.stringify({ _type: 'https://in-toto.io/Statement/v1', predicateType: 'https://cyclonedx.org/bom',
    subject: [{ name: 'shop', digest: { sha256: digest.slice(7) } }], predicate })
const envelope = (text: string): string =>
  JSON.stringify({ payloadType: 'application/vnd.in-toto+json', payload: Buffer.from(text).toString('base64'), signatures: [{ sig: 'x' }] })

describe('what an SBOM says', () => {
  test.each([
    ['syft-whole.cdx.json', 'CycloneDX by syft 1.18.1', true, '24.11.1', whole],
    ['syft-whole.spdx.json', 'SPDX by syft 1.18.1', true, '24.11.1', whole],
    ['syft-bare.cdx.json', 'CycloneDX by syft 1.18.1', true, undefined, bare],
    ['syft-bare.spdx.json', 'SPDX by syft 1.18.1', true, undefined, bare],
    ['cyclonedx-py.cdx.json', 'CycloneDX by cyclonedx-py 7.5.0', false, '24.11.1', undefined],
  ])('%s', (file, name, isOfImage, gevent, about) => {
    const sbom = readSbom(read(file))
    expect(sbom).toMatchObject({ name, isOfImage })
    expect([...(sbom?.about ?? [])]).toEqual(about === undefined ? [] : [about])
    expect(sbom?.installed.get('gevent')).toEqual(gevent === undefined ? undefined : new Set([gevent]))
    expect(sbom?.installed.get('gunicorn')).toEqual(new Set(['23.0.0']))
    expect(sbom?.installed.has('zope-interface')).toBe(true)
  })

  test('in a statement, in an envelope, in a bundle; and what is none', () => {
    const plain = JSON.parse(read('syft-bare.cdx.json')) as object
    for (const text of [statement(plain, bare), envelope(statement(plain, bare)),
      JSON.stringify({ dsseEnvelope: JSON.parse(envelope(statement(plain, bare))) as object })])
      expect(readSbom(text)).toMatchObject({ isOfImage: true, about: new Set([bare]) })
    for (const text of ['', '{', '[]', 'null', '{"bomFormat":"Other"}', envelope('{}'),
      envelope(envelope(envelope(envelope(envelope('{}')))))])
      expect(readSbom(text)).toBeUndefined()
  })

  test('what is merely asked for, and what a system packages, is mentioned and no more', () => {
    const component = (more: object): object => ({ type: 'library', ...more })
    const sbom = readSbom(JSON.stringify({ bomFormat: 'CycloneDX', components: [
      component({ name: 'gevent', version: '1', purl: 'pkg:pypi/gevent@1',
        properties: [{ name: 'syft:package:foundBy', value: 'python-package-cataloger' }] }),
      component({ name: 'tornado', version: '1', 'bom-ref': 'requirements-L1' }),
      component({ name: 'python3-eventlet', version: '1', purl: 'pkg:deb/debian/python3-eventlet@1' }),
      // Of a wheel there is no purl.
      component({ name: 'PyYAML', version: '6.0' }),
      component({ name: 'zope.event', version: '5.0', components: [component({ name: 'inner', version: '1;2' })] }),
    ] }))
    expect([...(sbom?.mentioned ?? [])].sort()).toEqual(['eventlet', 'gevent', 'tornado'])
    expect([...(sbom?.installed ?? [])]).toEqual(
      expect.arrayContaining([['pyyaml', new Set(['6.0'])], ['zope-event', new Set(['5.0'])], ['inner', new Set([''])]]),
    )
  })
})

describe('what is attached to an image', () => {
  const unknown: Installation = { state: 'Unknown', version: undefined, evidence: 'a layer cannot be read' }
  const image = (installed: Installation = unknown): ImageEvidence =>
    ({ installed: () => installed, problems: [] }) as unknown as ImageEvidence
  const attached = (files: readonly string[], own: Installation = unknown, to = bare, indexDigest?: string): Installation =>
    withAttached(image(own), { digest: bare, indexDigest }, {
      documents: files.map((content) => ({ to, digest: bare, content: Buffer.from(content) })),
      problems: [],
    }).installed('gevent')

  test('what is of this very image tells what is absent; another one what is there', () => {
    expect(attached([read('syft-bare.cdx.json')])).toEqual({ state: 'Absent', version: undefined,
      evidence: 'SBOM sha256:5629196c… (CycloneDX by syft 1.18.1), as a layer cannot be read' })
    expect(attached([read('cyclonedx-py.cdx.json')])).toMatchObject({ state: 'Installed', version: '24.11.1' })
    // It leaves gevent out, and says nothing of an image.
    const part = { ...JSON.parse(read('syft-bare.cdx.json')) as object, metadata: {} }
    expect(attached([JSON.stringify(part)])).toEqual(unknown)
    expect(attached([statement(part, bare)])).toEqual(unknown)
    const cut = { ...JSON.parse(read('syft-bare.cdx.json')) as object, compositions: [{ aggregate: 'incomplete' }] }
    expect(attached([JSON.stringify(cut)])).toEqual(unknown)
    // Of another image, and of another platform's.
    const other = read('syft-bare.cdx.json').replaceAll(bare.slice(7), 'a'.repeat(64))
    expect(attached([other])).toEqual(unknown)
    expect(attached([read('syft-whole.cdx.json')], unknown, whole, whole)).toMatchObject({ state: 'Installed' })
    expect(attached([other], unknown, whole, whole)).toEqual(unknown)
  })

  test('what was seen in the image holds, and what disagrees is told', () => {
    const seen: Installation = { state: 'Installed', version: '25.1', evidence: 'layer 1' }
    expect(attached([read('syft-bare.cdx.json')], seen)).toEqual({ ...seen,
      evidence: 'layer 1, although SBOM sha256:5629196c… (CycloneDX by syft 1.18.1) does not list it' })
    expect(attached([read('cyclonedx-py.cdx.json')], seen)).toEqual({ ...seen,
      evidence: 'layer 1, although SBOM sha256:5629196c… (CycloneDX by cyclonedx-py 7.5.0) lists it (24.11.1)' })
    expect(attached([read('cyclonedx-py.cdx.json')], { ...seen, version: '24.11.1' }).evidence).toBe('layer 1')
    // Neither of them is stronger than the other.
    expect(attached([read('syft-bare.cdx.json'), read('cyclonedx-py.cdx.json')])).toEqual({ ...unknown,
      evidence:
        'a layer cannot be read, and SBOM sha256:5629196c… (CycloneDX by cyclonedx-py 7.5.0) and SBOM sha256:5629196c… (CycloneDX by syft 1.18.1) disagree' })
  })
})
