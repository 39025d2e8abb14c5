import { describe, expect, test } from '@jest/globals'
import { ApiError } from '../../src/cluster/api-error.ts'
import { authorityContent, readSecrets, servingContent, writeStep } from '../../src/operator/certificate-secrets.ts'
import type { AuthorityContent } from '../../src/operator/certificates.ts'
import type { Cluster } from '../../src/cluster/cluster.ts'
import type { Secret } from '../../src/operator/stored-secret.ts'

const release = { name: 'gate', namespace: 'guard' }

/** An API server with Secrets, and no more of it than is asked here. */
function store() {
  const secrets = new Map<string, Secret>()
  let version = 0
  const put = (object: unknown): Secret => {
    const secret = structuredClone(object) as Secret
    const stored = { ...secret, metadata: { ...secret.metadata, resourceVersion: String(++version) } }
    secrets.set(secret.metadata.name, stored)
    return stored
  }
  const cluster = {
    get: async (_resource: unknown, { name }: { name: string }) => secrets.get(name),
    create: async (_resource: unknown, object: Secret) => {
      if (secrets.has(object.metadata.name)) throw new ApiError('it is there', 409, 'AlreadyExists')
      return put(object)
    },
    replace: async (_resource: unknown, object: Secret) => {
      const standing = secrets.get(object.metadata.name)
      if (standing?.metadata.resourceVersion !== object.metadata.resourceVersion)
        throw new ApiError('it is another by now', 409, 'Conflict')
      if (standing?.immutable || standing?.type !== object.type) throw new ApiError('field is immutable', 422, 'Invalid')
      return put(object)
    },
    delete: async (_resource: unknown, { name }: { name: string }) => secrets.delete(name),
  }
  return { secrets, put, cluster: cluster as unknown as Pick<Cluster, 'get' | 'create' | 'replace' | 'delete'> }
}

const authority: AuthorityContent = { ca: { cert: 'a', key: 'b' }, next: { cert: 'c', key: 'd' }, bundle: 'e',
  issuedUntil: Date.UTC(2030, 0, 1), retiredUntil: 1_234 }

describe('the Secrets of certificates', () => {
  test('hold what was written', async () => {
    const { cluster, secrets } = store()
    for (const content of [authority, { ca: { cert: 'x', key: 'y' }, bundle: 'z' }]) {
      await writeStep(cluster, release, await readSecrets(cluster, release), { kind: 'authority', content, reason: '' })
      const { authority: stored } = await readSecrets(cluster, release)
      expect(stored && authorityContent(stored)).toEqual({ next: undefined, issuedUntil: undefined, retiredUntil: undefined, ...content })
    }
    const serving = { cert: '1', key: '2', bundle: '3' }
    await writeStep(cluster, release, await readSecrets(cluster, release), { kind: 'serving', content: serving, reason: '' })
    const { serving: stored } = await readSecrets(cluster, release)
    expect([stored && servingContent(stored), stored?.type]).toEqual([serving, 'kubernetes.io/tls'])
    expect([...secrets.keys()]).toEqual(['gate-ca', 'gate-webhook-tls'])
  })

  test('are not written over what somebody else has written since', async () => {
    const { cluster } = store()
    const before = await readSecrets(cluster, release)
    const write = (read: typeof before) => writeStep(cluster, release, read, { kind: 'authority', content: authority, reason: '' })
    await write(before)
    await expect(write(before)).rejects.toThrow('it is there')
    const between = await readSecrets(cluster, release)
    await write(between)
    await expect(write(between)).rejects.toThrow('it is another by now')
  })

  test('that cannot be changed are made anew; labels and annotations of others stay on those that can', async () => {
    const { cluster, put } = store()
    const metadata = { name: 'gate-ca', namespace: 'guard', labels: { theirs: 'yes' },
      annotations: { theirs: 'too', 'paddock.dev/issued-until': 'hello' } }
    for (const special of [{ type: 'Opaque', immutable: true }, { type: 'kubernetes.io/tls' }, { type: 'Opaque' }]) {
      put({ apiVersion: 'v1', kind: 'Secret', metadata, data: {}, ...special })
      const { authority: read } = await readSecrets(cluster, release)
      expect(read && authorityContent(read).issuedUntil).toBeUndefined()
      await writeStep(cluster, release, { authority: read, serving: undefined }, { kind: 'authority', content: { bundle: 'e' },
        reason: '' })
      const { authority: stored } = await readSecrets(cluster, release)
      expect([stored?.type, stored && authorityContent(stored).bundle]).toEqual(['Opaque', 'e'])
    }
    const { authority: last } = await readSecrets(cluster, release)
    expect(last?.metadata.labels).toMatchObject({ theirs: 'yes', 'app.kubernetes.io/instance': 'gate' })
    expect(last?.metadata.annotations).toEqual({ theirs: 'too' })
  })
})
