/** Where the API server is and who is asking, with real files and real commands. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { credentials } from '../../src/cluster/kubeconfig.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paddock-kubeconfig-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const context = (name: string, cluster: string, user: string, namespace?: string) => ({
  name,
  context: { cluster, user, ...(namespace === undefined ? {} : { namespace }) },
})

async function kubeconfig(users: Record<string, object>, more: object = {}): Promise<string> {
  const file = join(folder, `${Math.random()}`)
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'plain',
        cluster: { server: 'https://10.0.0.1:6443/', 'certificate-authority-data': Buffer.from('AUTHORITY').toString('base64') },
      },
      { name: 'six', cluster: { server: 'https://[fd00::1]:6443/k8s/clusters/c-1' } },
    ],
    users: Object.entries(users).map(([name, user]) => ({ name, user })),
    contexts: [context('a', 'plain', 'one', 'shop'), context('b', 'six', 'one')],
    'current-context': 'a',
    ...more,
  }
  await writeFile(file, JSON.stringify(config))
  return file
}
const noFile = (): never => {
  throw new Error('nothing is read')
}

test('the current context, or the one that is asked for', async () => {
  const file = await kubeconfig({ one: { token: 'secret' } })
  const current = credentials(file, undefined, noFile)
  expect([current.server, current.namespace]).toEqual(['https://10.0.0.1:6443', 'shop'])
  const options = await current.options()
  expect(String(options.ca)).toBe('AUTHORITY')
  expect(options.headers).toEqual({ Authorization: 'Bearer secret' })
  // Its own, which keeps no connection.
  expect(options).not.toHaveProperty('agent')
  const other = credentials(file, 'b', noFile)
  expect([other.server, other.namespace]).toEqual(['https://[fd00::1]:6443/k8s/clusters/c-1', 'default'])
})

test('a token in a file is read again', async () => {
  const tokenFile = join(folder, 'token')
  await writeFile(tokenFile, 'first')
  // As client-node takes a Pod's own credentials.
  const file = await kubeconfig({ one: { 'auth-provider': { name: 'tokenFile', config: { tokenFile } } } })
  const { options } = credentials(file, undefined, noFile)
  expect((await options()).headers).toEqual({ Authorization: 'Bearer first' })
  await writeFile(tokenFile, 'second')
  const [now, real] = [Date.now(), Date]
  globalThis.Date = class extends real {
    constructor(...args: []) {
      super(...(args.length === 0 ? ([now + 61_000] as unknown as []) : args))
    }
  } as DateConstructor
  try {
    expect((await options()).headers).toEqual({ Authorization: 'Bearer second' })
  } finally {
    globalThis.Date = real
  }
})

test('a command gives the credentials', async () => {
  const answer = JSON.stringify({
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { token: 'from a command' },
  })
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: 'sh',
    args: ['-c', `echo '${answer}'`],
    interactiveMode: 'Never',
  }
  const { options } = credentials(await kubeconfig({ one: { exec } }), undefined, noFile)
  expect((await options()).headers).toEqual({ Authorization: 'Bearer from a command' })
})

test('a command that fails', async () => {
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: 'sh',
    args: ['-c', 'echo "log in first" >&2; exit 1'],
    interactiveMode: 'Never',
  }
  const { options } = credentials(await kubeconfig({ one: { exec } }), undefined, noFile)
  await expect(options()).rejects.toThrow(/: cannot get the credentials: log in first$/)
})

test.each([
  ['a file that is not there', '/nowhere/kubeconfig', undefined, /^\/nowhere\/kubeconfig: cannot be read: ENOENT/],
  ['a context that is not there', undefined, 'c', /: context "c" must be one of a, b, and name a cluster$/],
])('%s', async (_, path, wanted, words) => {
  const file = path ?? (await kubeconfig({ one: {} }))
  expect(() => credentials(file, wanted, noFile)).toThrow(words)
})

test('no context', async () => {
  const file = await kubeconfig({ one: {} }, { 'current-context': undefined })
  expect(() => credentials(file, undefined, noFile)).toThrow(/: must name a current context, where no other is given$/)
  expect(credentials(file, 'b', noFile).namespace).toBe('default')
})
