import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { build } from 'esbuild'
import { bundledPackages, packageFolder } from '../../scripts/bundled.ts'
import type { BundledPackage } from '../../scripts/bundled.ts'
import { provenance } from '../../scripts/image/provenance.ts'
import { sourceOf } from '../../scripts/image/source.ts'
import { notices } from '../../scripts/notices.ts'
import { npmComponent, paddockComponent, sbom } from '../../scripts/sbom.ts'

const root = join(import.meta.dirname, '../..')

async function bundle(source: string): Promise<BundledPackage[]> {
  const { metafile } = await build({
    stdin: { contents: source, resolveDir: root },
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
  })
  return bundledPackages(metafile, root)
}

const made = (given: Partial<BundledPackage>): BundledPackage => ({ name: 'made', version: '1.0.0', licence: 'MIT', author: undefined,
  texts: [], integrity: 'sha512-AAAA', ...given })

describe('packages of a bundle', () => {
  test('are those whose code is in it, with the licences that they state', async () => {
    const imports = "import { dump } from 'js-yaml'; import { packTar } from 'modern-tar'"
    const [yaml, ...others] = await bundle(`${imports}; console.log(dump({}))`)
    expect(others).toEqual([])
    expect(yaml).toMatchObject({ name: 'js-yaml', licence: 'MIT', integrity: expect.stringMatching(/^sha512-/) })
    expect(yaml?.texts[0]?.text).toContain('Permission is hereby granted')
  })

  test('are found in nested folders and under scopes', () => {
    expect(packageFolder('node_modules/a/node_modules/@b/c/lib/d.js')).toBe('node_modules/a/node_modules/@b/c')
    expect(packageFolder('node_modules/a/d.js')).toBe('node_modules/a')
    expect(packageFolder('src/fix.ts')).toBeUndefined()
  })
})

describe('notices', () => {
  test('hold every licence text whole', () => {
    const texts = [{ file: 'LICENSE', text: 'Copyright\r\nterms\n\n' }, { file: 'NOTICE', text: 'thanks' }]
    const text = notices([made({ texts })])
    expect(text).toContain('made 1.0.0 (MIT)\n\nCopyright\nterms\n\nthanks\n')
  })

  test('give the terms of a licence that is named without its text', () => {
    const text = notices([made({ author: 'A. Person' })])
    expect(text).toContain('It names the licence MIT and the author A. Person.\n\nPermission is hereby granted')
  })

  test('are refused where the terms are not known', () => {
    const refused = 'made 1.0.0: its archive holds no licence text, and that of WTFPL is not known here'
    expect(() => notices([made({ licence: 'WTFPL' })])).toThrow(refused)
  })
})

describe('the bill of materials', () => {
  const created = new Date(1_700_000_000_000)

  test('names packages as scanners ask for them', () => {
    expect(npmComponent(made({ name: '@scope/made', licence: '(MIT OR Apache-2.0)', integrity: 'sha512-q80=' }))).toMatchObject({
      purl: 'pkg:npm/%40scope/made@1.0.0',
      licenses: [{ expression: '(MIT OR Apache-2.0)' }],
      hashes: [{ alg: 'SHA-512', content: 'abcd' }],
    })
  })

  test('has a serial number that depends on its content alone', () => {
    const serial = (name: string): string => sbom(paddockComponent('1.2.3'), [npmComponent(made({ name }))], created).serialNumber
    expect(serial('a')).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(serial('a')).toBe(serial('a'))
    expect(serial('a')).not.toBe(serial('b'))
  })
})

describe('provenance', () => {
  const bom = sbom(paddockComponent('1.2.3'), [npmComponent(made({ integrity: 'sha512-q80=' }))])
  const told = (revision: string | undefined): string => JSON.stringify(provenance(root, [], {}, { revision, created: new Date(0) }, bom))

  test('lists what went into the image by digest', () => {
    expect(told('abc')).toContain('{"name":"source","digest":{"gitCommit":"abc"}}')
    expect(told('abc')).toContain('{"name":"made","uri":"pkg:npm/made@1.0.0","digest":{"sha512":"abcd"}}')
    expect(told('abc')).toMatch(/"name":"package-lock\.json","digest":\{"sha256":"[0-9a-f]{64}"\}/)
    expect(told('abc')).toMatch(/"name":"scripts\/npm-packages\.json","digest":\{"sha256":"[0-9a-f]{64}"\}/)
  })

  test('claims no commit that the files differ from', () => {
    expect(told('abc-dirty')).not.toContain('gitCommit')
    expect(told(undefined)).not.toContain('gitCommit')
  })
})

describe('the source', () => {
  test('is dated by SOURCE_DATE_EPOCH before all', () => {
    expect(sourceOf(root, '1700000000').created).toEqual(new Date(1_700_000_000_000))
  })

  test('is dated 1970 and has no commit outside a git repository', () => {
    expect(sourceOf('/', undefined)).toEqual({ revision: undefined, created: new Date(0) })
  })

  test('refuses a time that is none', () => {
    expect(() => sourceOf(root, 'yesterday')).toThrow('SOURCE_DATE_EPOCH: "yesterday" must be a number of seconds')
  })
})
