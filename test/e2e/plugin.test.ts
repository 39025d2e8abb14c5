/** Paddock as a plugin of a real kubectl, from the release archive, laid out as krew does. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { sharedCluster } from './kubectl.ts'

const root = join(import.meta.dirname, '../..')
const cluster = sharedCluster()
const clusterTest = cluster ? test : test.skip
const folder = mkdtempSync(join(tmpdir(), 'paddock-plugin-'))
const bin = join(folder, 'bin')

beforeAll(() => {
  if (!cluster) return
  const archive = join(folder, 'paddock.tar.gz')
  for (const [program, ...args] of [[process.execPath, join(root, 'scripts/archive.ts'), '--output', archive], ['tar', '-xzf', archive,
    '-C', folder]]) {
    const { status, stderr } = spawnSync(program ?? '', args, { encoding: 'utf8' })
    if (status !== 0) throw new Error(stderr)
  }
  mkdirSync(bin)
  symlinkSync(join(folder, 'dist/paddock.js'), join(bin, 'kubectl-paddock'))
}, 300_000)

afterAll(() => rmSync(folder, { recursive: true }))

function kubectl(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const env = { PATH: `${bin}:${dirname(process.execPath)}:/usr/bin:/bin`, KUBECONFIG: cluster?.kubeconfig, HOME: folder }
  const { status, stdout, stderr } = spawnSync(cluster?.kubectl ?? '', args, { cwd: folder, encoding: 'utf8', env })
  return { status, stdout, stderr }
}

clusterTest('kubectl knows the plugin', () => {
  const { status, stdout } = kubectl('plugin', 'list')
  expect([status, stdout]).toEqual([0, expect.stringContaining(join(bin, 'kubectl-paddock'))])
}, 60_000)

clusterTest('kubectl passes arguments and exit status on', () => {
  writeFileSync(join(folder, 'a.json'),
    JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' },
      spec: { containers: [{ name: 'app', command: ['gunicorn', 'app', '-k', 'sunc'] }] } }))
  expect(kubectl('paddock', 'check', 'a.json', '--format', 'github')).toMatchObject({ status: 1,
    stdout: expect.stringMatching(/^::error file=a\.json,.* \[unknown-worker-class\]/m) })
  expect(kubectl('paddock', 'explain', '--', 'gunicorn', '-w4', 'app').stdout).toContain('workers')
}, 60_000)
