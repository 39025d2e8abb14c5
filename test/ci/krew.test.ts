/** The manifest of the krew plugin. Rules: https://krew.sigs.k8s.io/docs/developer-guide/plugin-manifest, and krew's pkg/index/validation. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import { load } from 'js-yaml'
import manifest from '../../package.json' with { type: 'json' }

const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'paddock-krew-'))
afterAll(() => rmSync(folder, { recursive: true }))

const archive = join(folder, 'paddock.tar.gz')
writeFileSync(archive, 'any bytes')
const krew = (...args: string[]): ReturnType<typeof spawnSync> =>
  spawnSync(process.execPath, [join(root, 'scripts/krew.ts'), ...args], { encoding: 'utf8' })

test('is what krew takes', () => {
  const output = join(folder, 'out/paddock.yaml')
  const { status, stderr } = krew('--archive', archive, '--uri', 'https://releases.example.com/a b#x.tar.gz', '--output', output)
  expect([String(stderr), status]).toEqual(['', 0])
  const text = readFileSync(output, 'utf8')
  const plugin = load(text) as { spec: { shortDescription: string; platforms: { selector: { matchExpressions: { key: string }[] } }[] } }
  expect(plugin).toEqual({
    apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
    kind: 'Plugin',
    metadata: { name: 'paddock' },
    spec: {
      version: `v${manifest.version}`,
      shortDescription: expect.any(String),
      description: expect.any(String),
      caveats: expect.stringContaining('Node.js 22.19 or newer'),
      platforms: [
        {
          selector: { matchExpressions: [{ key: 'os', operator: 'In', values: ['linux', 'darwin'] }] },
          uri: 'https://releases.example.com/a b#x.tar.gz',
          // printf 'any bytes' | sha256sum
          sha256: '23914a83c3c7080988b4aab957e8c1abf4a281df9cc77c7e1d43d3e81f39e94e',
          files: [{ from: 'dist/*', to: 'dist' }, { from: 'package.json', to: '.' }, { from: 'LICENSE', to: '.' }],
          bin: manifest.bin['kubectl-paddock'],
        },
      ],
    },
  })
  // https://krew.sigs.k8s.io/docs/developer-guide/develop/best-practices: at most fifty characters, no full stop, no "kubectl".
  expect(plugin.spec.shortDescription.length).toBeLessThanOrEqual(50)
  expect(plugin.spec.shortDescription).not.toMatch(/\.$|kubectl/)
  expect(text).not.toMatch(/^#|VERSION|URI|SHA256/m)
})

test.each([[[]], [['--archive', archive]], [['--archive', archive, '--uri', 'nowhere']]])('%j is not enough', (args) => {
  expect(krew(...args).status).toBe(2)
})
