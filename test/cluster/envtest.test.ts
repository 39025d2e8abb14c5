import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { downloadEnvtest, findEnvtest } from './envtest.ts'
import { versions } from './versions.ts'

const platform = `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`
const archive = `envtest-${versions.envtest}-${platform}.tar.gz`
const silent = () => {}
const folder = mkdtempSync(join(tmpdir(), 'paddock-envtest-'))
let server: Server
let address: string
let hash: string
let environment: Record<string, string | undefined>

/** Serves an index and an archive laid out as the published ones are. */
beforeAll(async () => {
  const programs = join(folder, 'controller-tools', 'envtest')
  mkdirSync(programs, { recursive: true })
  for (const name of ['etcd', 'kube-apiserver', 'kubectl']) {
    writeFileSync(join(programs, name), `#!/bin/sh\necho ${name}\n`)
    chmodSync(join(programs, name), 0o755)
  }
  execFileSync('tar', ['-czf', join(folder, 'archive.tar.gz'), '-C', folder, 'controller-tools'])
  const content = readFileSync(join(folder, 'archive.tar.gz'))
  hash = createHash('sha512').update(content).digest('hex')
  server = createServer((request, response) => {
    const index = (hash: string) =>
      `releases:\n  ${versions.envtest}:\n    ${archive}:\n      hash: ${hash}\n      selfLink: ${address}/archive\n`
    const answers: Record<string, string | Buffer> = {
      '/index': index(hash),
      '/altered': index(hash.replace(/^./, (digit) => (digit === '0' ? '1' : '0'))),
      '/empty': 'releases:\n',
      '/archive': content,
    }
    const answer = answers[request.url ?? '']
    response.writeHead(answer === undefined ? 404 : 200).end(answer)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.close()
  server.closeAllConnections()
  rmSync(folder, { recursive: true })
})
beforeEach(() => {
  environment = { PATH: process.env['PATH'], PADDOCK_CACHE: mkdtempSync(join(folder, 'cache-')) }
})

test('the archive is fetched into the cache and found there', async () => {
  expect(await findEnvtest(environment)).toBeUndefined()
  const programs = await downloadEnvtest(environment, silent, `${address}/index`)
  expect(execFileSync(join(programs, 'kube-apiserver'), { encoding: 'utf8' })).toBe('kube-apiserver\n')
  expect(await findEnvtest(environment)).toBe(programs)
})

test('an archive that was altered is not used', async () => {
  const altered = hash.replace(/^./, (digit) => (digit === '0' ? '1' : '0'))
  const fetched = downloadEnvtest(environment, silent, `${address}/altered`)
  await expect(fetched).rejects.toThrow(`${archive} has the SHA-512 ${hash}, not the published ${altered}`)
  expect(readdirSync(environment['PADDOCK_CACHE'] ?? '')).toEqual([])
})

test('a release that is not in the index is named', async () => {
  await expect(downloadEnvtest(environment, silent, `${address}/empty`)).rejects.toThrow(`there is no ${archive}`)
})

test('an index that cannot be fetched says why', async () => {
  const missing = `${address}/nowhere`
  await expect(downloadEnvtest(environment, silent, missing)).rejects.toThrow(`${missing} could not be fetched: status 404`)
  const refused = 'http://127.0.0.1:1/index'
  await expect(downloadEnvtest(environment, silent, refused)).rejects.toThrow(`${refused} could not be fetched: `)
})

test('KUBEBUILDER_ASSETS is used as it is, and has to be whole', async () => {
  const assets = join(folder, 'controller-tools', 'envtest')
  expect(await findEnvtest({ ...environment, KUBEBUILDER_ASSETS: assets })).toBe(assets)
  await expect(findEnvtest({ ...environment, KUBEBUILDER_ASSETS: folder })).rejects.toThrow(
    `KUBEBUILDER_ASSETS names ${folder}, which has no etcd`,
  )
})
