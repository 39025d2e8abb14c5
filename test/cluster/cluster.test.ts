import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { install } from './cache.ts'
import { NoCluster, startCluster } from './cluster.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paddock-no-cluster-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const silent = () => {}

test('without any way to a cluster, each is named with what it lacks', async () => {
  const started = startCluster(silent, { PATH: folder, PADDOCK_CACHE: folder, KUBEBUILDER_ASSETS: folder })
  await expect(started).rejects.toThrow(
    new NoCluster(
      [
        'No Kubernetes API server could be had:',
        '  PADDOCK_TEST_KUBECONFIG: not set',
        '  kind: docker is not on PATH',
        `  envtest: KUBEBUILDER_ASSETS names ${folder}, which has no etcd`,
        '  go: go is not on PATH',
      ].join('\n'),
    ),
  )
})

test('what is needed of a cluster leaves out ways that cannot give it', async () => {
  const nowhere = { PATH: folder, PADDOCK_CACHE: folder, KUBEBUILDER_ASSETS: folder }
  await expect(startCluster(silent, nowhere, { node: true })).rejects.toThrow('  envtest: it has no node\n')
  await expect(startCluster(silent, nowhere, { processes: true })).rejects.toThrow(
    '  kind: its etcd and API server are not processes of this machine\n',
  )
})

test('a cluster that was asked for by name is not replaced by another', async () => {
  const kubeconfig = join(folder, 'kubeconfig')
  await expect(startCluster(silent, { ...process.env, PADDOCK_TEST_KUBECONFIG: kubeconfig })).rejects.toThrow(
    /^The cluster that PADDOCK_TEST_KUBECONFIG names cannot be used: ENOENT: /,
  )
})

test('a failed installation leaves nothing behind', async () => {
  const failed = install(join(folder, 'program'), async (unfinished) => {
    await writeFile(join(unfinished, 'half'), '')
    throw new Error('interrupted')
  })
  await expect(failed).rejects.toThrow('interrupted')
  expect(await readdir(folder)).toEqual([])
})

test('of two installations at once, both end with the same folder', async () => {
  const target = join(folder, 'programs')
  const make = async (unfinished: string) => {
    await writeFile(join(unfinished, 'etcd'), '')
    return unfinished
  }
  await Promise.all([install(target, make), install(target, make)])
  expect(await readdir(target)).toEqual(['etcd'])
  expect(await readdir(folder)).toEqual(['programs'])
})
