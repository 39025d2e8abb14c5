/** Several processes, of which one leads: on a real API server, and killed, halted and cut off for real. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { connect } from '../../src/cluster/connect.ts'
import type { Lease } from '../../src/operator/leader.ts'
import { leases, namespaces } from '../../src/cluster/resources.ts'
import { pause, startProgram, type Program } from '../cluster/program.ts'
import { sharedCluster, type SharedCluster } from './kubectl.ts'
import { startProxy, type Proxy } from './proxy.ts'

/** Milliseconds, as in elector.ts: the Lease, and the time in which it has to be renewed; so long that a busy machine is not late. */
const [leaseDuration, renewDeadline] = [12_000, 8000]

type Event = { identity: string; event: string; at: number }
type Elector = Program & { identity: string; events(): Promise<Event[]> }

const cluster = sharedCluster()
const suite = cluster === undefined ? describe.skip : describe

suite('the leader', () => {
  const namespace = `paddock-leader-${process.pid}`
  const electors: Elector[] = []
  let folder: string
  let client: Cluster
  let proxy: Proxy
  let proxied: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'paddock-leader-'))
    const { kubeconfig } = cluster as SharedCluster
    client = await connect({ kubeconfig, userAgent: 'paddock-test/0' })
    await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
    const { hostname, port, host } = new URL(client.server)
    proxy = await startProxy(hostname, Number(port))
    proxied = join(folder, 'proxied.kubeconfig')
    await writeFile(proxied, (await readFile(kubeconfig, 'utf8')).replaceAll(host, `127.0.0.1:${proxy.port}`))
  })
  afterEach(async () => {
    for (const each of electors.splice(0)) await each.stop()
    proxy.open()
    await client.delete(leases, { namespace, name: 'elected' })
  })
  afterAll(async () => {
    await proxy?.stop()
    await client?.delete(namespaces, { name: namespace })
    client?.close()
    await rm(folder, { recursive: true, force: true })
  })

  let started = 0
  function start({ ahead = 0, kubeconfig = (cluster as SharedCluster).kubeconfig } = {}): Elector {
    const identity = `elector-${++started}`
    const args = [join(import.meta.dirname, 'elector.ts'), kubeconfig, namespace, identity, String(ahead)]
    const program = startProgram(process.execPath, args, { logFile: join(folder, identity) })
    const events = async () => {
      const lines = (await program.output()).split('\n').filter((line) => line.startsWith('{"identity"'))
      return lines.map((line) => JSON.parse(line) as Event)
    }
    const elector = { ...program, identity, events }
    electors.push(elector)
    return elector
  }

  /** When an elector first says so. */
  async function said(elector: Elector, event: string, seconds = 80): Promise<number> {
    const deadline = Date.now() + seconds * 1000
    for (;;) {
      const found = (await elector.events()).find((each) => each.event === event)
      if (found !== undefined) return found.at
      if (Date.now() > deadline)
        throw new Error(`${elector.identity} does not say "${event}" within ${seconds} s:\n${await elector.output()}`)
      await pause(50)
    }
  }
  const leads = async (elector: Elector) => (await elector.events()).some(({ event }) => event === 'leads')
  const lease = () => client.get<Lease>(leases, { namespace, name: 'elected' })

  test('of two one leads, and when it ends the other takes over at once', async () => {
    const first = start()
    await said(first, 'leads')
    const second = start()
    await said(second, 'waits')
    await pause(leaseDuration * 1.5)
    expect(await leads(second)).toBe(false)
    const held = await lease()
    expect(held?.spec).toMatchObject({ holderIdentity: first.identity, leaseDurationSeconds: leaseDuration / 1000, leaseTransitions: 0 })

    first.signal('SIGTERM')
    await said(first, 'ends')
    // It has let go of the Lease, so that nobody waits until that is over.
    expect((await lease())?.spec.holderIdentity).not.toBe(first.identity)
    const taken = await said(second, 'leads')
    expect(taken).toBeGreaterThanOrEqual(await said(first, 'stops'))
    expect((await lease())?.spec).toMatchObject({ holderIdentity: second.identity, leaseTransitions: 1 })
  }, 240_000)

  test('one that is killed is followed when its Lease is over, and not before', async () => {
    const first = start()
    await said(first, 'leads')
    const second = start()
    await said(second, 'waits')
    await pause(1500)
    first.signal('SIGKILL')
    await first.exited
    const renewed = Date.parse((await lease())?.spec.renewTime ?? '')
    const after = (await said(second, 'leads')) - renewed
    process.stderr.write(`      followed ${after} ms after it was renewed, with a Lease of ${leaseDuration} ms\n`)
    expect(after).toBeGreaterThanOrEqual(leaseDuration)
  }, 240_000)

  test.each([-300_000, 300_000])(
    'a clock that is %d ms off neither loses the Lease nor keeps it from others',
    async (ahead) => {
      const first = start({ ahead })
      await said(first, 'leads')
      expect(Math.round((Date.parse((await lease())?.spec.renewTime ?? '') - Date.now()) / ahead)).toBe(1)
      const second = start()
      await said(second, 'waits')
      await pause(leaseDuration * 1.5)
      expect(await leads(second)).toBe(false)
      first.signal('SIGKILL')
      await said(second, 'leads')
      // And the other way round: who holds it has the right time, who waits has not.
      const third = start({ ahead })
      await said(third, 'waits')
      await pause(leaseDuration * 1.5)
      expect(await leads(third)).toBe(false)
    },
    240_000,
  )

  test('one that is halted is followed, and stops when it goes on', async () => {
    const first = start()
    await said(first, 'leads')
    const second = start()
    await said(second, 'waits')
    await pause(1000)
    first.signal('SIGSTOP')
    await said(second, 'leads')
    first.signal('SIGCONT')
    await said(first, 'stops')
    await said(first, 'LeaseLost')
    await pause(leaseDuration)
    expect((await lease())?.spec.holderIdentity).toBe(second.identity)
  }, 240_000)

  test('one that cannot reach the API server stops before another leads', async () => {
    const first = start({ kubeconfig: proxied })
    await said(first, 'leads')
    const second = start()
    await said(second, 'waits')
    await pause(1000)
    // Silence is the harder case: nothing fails.
    proxy.silence()
    const stopped = await said(first, 'stops')
    expect(await said(second, 'leads')).toBeGreaterThan(stopped)
  }, 240_000)

  test('one whose connection is dead leads on over another', async () => {
    const first = start({ kubeconfig: proxied })
    await said(first, 'leads')
    for (let times = 0; times < 3; times++) {
      proxy.forget()
      await pause(renewDeadline)
    }
    expect((await first.events()).map(({ event }) => event)).toEqual(['waits', 'leads'])
    // It goes on renewing.
    const forgotten = Date.now()
    while (Date.parse((await lease())?.spec.renewTime ?? '') <= forgotten) await pause(100)
  }, 240_000)

  test('a Lease that somebody deletes or edits is not lost', async () => {
    const first = start()
    await said(first, 'leads')
    await client.delete(leases, { namespace, name: 'elected' })
    await pause(leaseDuration / 4)
    const made = (await lease()) as Lease
    expect(made.spec.holderIdentity).toBe(first.identity)
    await client.apply(
      leases,
      {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { namespace, name: 'elected', labels: { edited: 'true' } },
      },
      { fieldManager: 'someone' },
    )
    await pause(leaseDuration)
    expect((await first.events()).map(({ event }) => event)).toEqual(['waits', 'leads'])
    expect(await lease()).toMatchObject({ metadata: { labels: { edited: 'true' } }, spec: { holderIdentity: first.identity } })
  }, 240_000)
})
