/**
 * What can go wrong with Paddock and around it, under a load of creations with failurePolicy Fail: nothing is to be held
 * back that no policy denies, nothing is to be let in that one would mend or deny, and nothing that was created is to be
 * lost. Where that is out of Paddock's hands, since the API server asks a webhook that is gone, what is held back
 * is counted, and has to end as soon as the cluster knows.
 */
import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { childOf, pause } from '../cluster/program.ts'
import { succeed } from '../e2e/kubectl.ts'
import { Creations, inWords, isFlawless, type Figures } from './creations.ts'
import { denied, Installation } from './installation.ts'

const say = (text: string) => process.stderr.write(`${text}\n`)
/** What happens in a year happens in three minutes. */
const rotating = { flags: ['--certificate-lifetime=60s', '--ca-lifetime=180s'] }
/** What is not about certificates has them in peace. */
const steady = { flags: ['--certificate-lifetime=4m', '--ca-lifetime=12m'] }

let paddock: Installation

beforeAll(async () => {
  paddock = await Installation.start((line) => say(`cluster: ${line}`))
  await paddock.startOperator('operator-a', rotating)
  for (const name of ['webhook-a', 'webhook-b', 'webhook-c']) await paddock.startWebhook(name)
  await paddock.untilInForce()
}, 1_800_000)

afterAll(async () => {
  await paddock?.stop()
}, 60_000)

test('nothing goes wrong', async () => {
  const figures = await underLoad('no fault', () => pause(5000))
  expect(isFlawless(figures)).toBe(true)
  expect(figures.denied).toBeGreaterThan(0)
})

test('the operator is killed while it rotates', async () => {
  const leaves = new Set<string>()
  let kills = 0
  const figures = await underLoad('operator killed while it rotates', async () => {
    for (const end = Date.now() + 100_000; Date.now() < end || leaves.size < 2; await pause(7000 + Math.random() * 5000)) {
      // It may be about to be started.
      const isKilled = await paddock.part('operator-a').signal('SIGKILL').then(() => true, () => false)
      if (isKilled) kills += 1
      leaves.add(await certificate('paddock-webhook-tls', 'tls.crt'))
    }
  })
  say(`  killed ${kills} times; ${leaves.size} serving certificates`)
  expect(leaves.size).toBeGreaterThan(1)
  expect(isFlawless(figures)).toBe(true)
})

test('certificates are renewed, and their authority is replaced', async () => {
  // And in less, by a clock that is ahead of the API server's: that sees no certificate end, but whether all are trusted.
  await paddock.end('operator-a')
  await paddock.startOperator('operator-a', { ...rotating, clock: { speed: 4, since: Date.now() } })
  const leaves = new Set<string>()
  const authorities = new Set<string>()
  const figures = await underLoad('certificates renewed, authority replaced', async () => {
    for (const end = Date.now() + 240_000; Date.now() < end && (leaves.size < 4 || authorities.size < 2); await pause(500)) {
      leaves.add(await certificate('paddock-webhook-tls', 'tls.crt'))
      authorities.add(await certificate('paddock-ca', 'ca.crt'))
    }
  })
  say(`  ${leaves.size} serving certificates, ${authorities.size} authorities`)
  expect(leaves.size).toBeGreaterThan(3)
  expect(authorities.size).toBeGreaterThan(1)
  expect(isFlawless(figures)).toBe(true)
  await paddock.end('operator-a')
  await paddock.startOperator('operator-a', steady)
})

test('the authority and the serving certificate are deleted by hand', async () => {
  const authority = await certificate('paddock-ca', 'ca.crt')
  const figures = await underLoad('authority and certificate deleted by hand', async () => {
    await succeed(paddock.paddock(['delete', 'secret', 'paddock-ca']))
    await paddock.until('there is another authority', async () => (await certificate('paddock-ca', 'ca.crt')) !== authority)
    const leaf = await certificate('paddock-webhook-tls', 'tls.crt')
    await succeed(paddock.paddock(['delete', 'secret', 'paddock-webhook-tls']))
    await paddock.until('there is another certificate', async () => {
      const found = await certificate('paddock-webhook-tls', 'tls.crt')
      return found !== '' && found !== leaf
    })
    await pause(5000)
  })
  expect(isFlawless(figures)).toBe(true)
})

test('somebody edits the caBundle', async () => {
  const foreign = await foreignAuthority()
  const edit = JSON.stringify([{ op: 'replace', path: '/webhooks/0/clientConfig/caBundle', value: foreign }])
  const repairs: number[] = []
  const figures = await underLoad('caBundle edited by hand', async () => {
    for (let time = 0; time < 5; time++) {
      for (const type of ['mutatingwebhookconfiguration', 'validatingwebhookconfiguration']) {
        const started = performance.now()
        await succeed(paddock.shop(['patch', type, 'paddock', '--type=json', '--patch', edit]))
        await paddock.until('the caBundle is repaired', async () => (await caBundle(type)) !== foreign)
        repairs.push(performance.now() - started)
      }
      await pause(1000)
    }
  })
  say(`  repaired and seen after ${repairs.map(Math.round).join(', ')} ms`)
  expect(onlyFailures(figures, /failed calling webhook.*(x509|certificate)/)).toBe(true)
})

test('webhooks are killed', async () => {
  let kills = 0
  const figures = await underLoad('webhooks killed', async () => {
    for (const name of ['webhook-a', 'webhook-b', 'webhook-c', 'webhook-a']) {
      const part = paddock.part(name)
      const { starts } = part
      await part.signal('SIGKILL')
      kills++
      await paddock.until('it is started again', async () => part.starts > starts)
      await pause(2000)
      await paddock.untilReady(name)
    }
  })
  say(`  killed ${kills} times`)
  expect(onlyFailures(figures, /failed calling webhook.*(connection refused|EOF|connection reset|broken pipe)/)).toBe(true)
})

test('one webhook of three hangs', async () => {
  let known = Infinity
  const figures = await underLoad('one of three hangs', async () => {
    await paddock.part('webhook-b').signal('SIGSTOP')
    await paddock.untilReady('webhook-b', false)
    // The API server has heard of it by then.
    await pause(5000)
    known = performance.now()
    await pause(10_000)
    await paddock.part('webhook-b').signal('SIGCONT')
    await paddock.untilReady('webhook-b')
  })
  const held = figures.failedFrom.filter((begun) => begun > known)
  say(`  of those begun once that was known, ${held.length} were refused`)
  expect(held).toEqual([])
  expect(onlyFailures(figures, /failed calling webhook.*(deadline exceeded|Timeout|timeout)/)).toBe(true)
})

test('webhooks are replaced one by one', async () => {
  const figures = await underLoad('webhooks replaced one by one', async () => {
    for (const name of ['webhook-a', 'webhook-b', 'webhook-c']) {
      await paddock.startWebhook(`${name}-new`)
      await paddock.end(name)
      await paddock.startWebhook(name)
      await paddock.end(`${name}-new`)
    }
  })
  expect(isFlawless(figures)).toBe(true)
})

test('the API server is restarted', async () => {
  const figures = await underLoad('API server restarted', async () => {
    await paddock.controlPlane.restart('kube-apiserver')
    await pause(5000)
    await signal('kube-apiserver', 'SIGKILL')
    await paddock.controlPlane.restart('kube-apiserver')
    await pause(5000)
  })
  // While it is away, it answers nobody; what comes from a webhook has its name in it.
  expect([...figures.failed.keys()].filter((reason) => reason.includes('webhook'))).toEqual([])
  expect(figures).toMatchObject({ lost: 0, unfixed: 0, letIn: 0 })
  await followsPolicies()
})

test('etcd is slow', async () => {
  const figures = await underLoad('etcd stops for 1.5 s, six times', async () => {
    for (let time = 0; time < 6; time++) {
      await signal('etcd', 'SIGSTOP')
      await pause(1500)
      await signal('etcd', 'SIGCONT')
      await pause(1000)
    }
  })
  expect(isFlawless(figures)).toBe(true)
  await followsPolicies()
})

test('the policy is deleted, and put up again', async () => {
  const figures = await underLoad('policy deleted', async () => {
    for (let time = 0; time < 3; time++) {
      await succeed(paddock.shop(['delete', 'gunicornpolicy', 'default']))
      await pause(3000)
      await paddock.setPolicy()
      await paddock.untilInForce()
    }
  })
  // Without a policy nothing is fixed or denied; nor is anything refused.
  expect([...figures.failed.keys()]).toEqual([])
  expect(figures.lost).toBe(0)
})

test('the policy is broken', async () => {
  const refused: string[] = []
  const figures = await underLoad('policy broken', async () => {
    for (const spec of [{ preset: 'no-such-preset' }, { preset: 'blueking', rules: { 'missing-bind': 'Explode' } }, { priority: 'high' }]) {
      const policy = { apiVersion: 'paddock.dev/v1alpha1', kind: 'GunicornPolicy', metadata: { name: 'default' }, spec }
      const { status, stderr } = await paddock.shop(['apply', '-f', '-'], policy)
      if (status !== 0) refused.push(stderr.trim())
      await pause(2000)
    }
  })
  say(`  refused by the API server itself: ${refused.length} of 3`)
  expect(refused).toHaveLength(3)
  expect(isFlawless(figures)).toBe(true)
  await paddock.setPolicy()
})

test('the policy flaps', async () => {
  let changes = 0
  const figures = await underLoad('policy flaps', async () => {
    for (const end = Date.now() + 10_000; Date.now() < end; changes++)
      await paddock.setPolicy({ preset: 'blueking', priority: changes % 2, rules: { 'short-timeout': changes % 2 === 0 ? 'Off' : 'Warn' } })
  })
  say(`  ${changes} changes`)
  expect(isFlawless(figures)).toBe(true)
  await paddock.setPolicy()
})

test('two operators', async () => {
  const holders = new Set<string>()
  const figures = await underLoad('two operators, one of them killed', async () => {
    await paddock.startOperator('operator-b', steady)
    const first = await holder()
    for (let time = 0; time < 10; time++, await pause(1000)) holders.add(await holder())
    expect([...holders]).toEqual([first])
    const leader = first.includes('operator-b') ? 'operator-b' : 'operator-a'
    await paddock.end(leader)
    await paddock.until('the other operator leads', async () => !['', first].includes(await holder()))
    const leaf = await certificate('paddock-webhook-tls', 'tls.crt')
    await succeed(paddock.paddock(['delete', 'secret', 'paddock-webhook-tls']))
    await paddock.until('it makes certificates', async () => !['', leaf].includes(await certificate('paddock-webhook-tls', 'tls.crt')))
  })
  expect(isFlawless(figures)).toBe(true)
  for (const name of ['operator-a', 'operator-b']) await paddock.end(name)
})

test.each([
  { operator: 300, webhooks: -300 },
  { operator: -300, webhooks: 300 },
])('the operator is $operator s wrong, the webhooks are $webhooks s wrong', async ({ operator, webhooks }) => {
  await paddock.startOperator('operator-skewed', { skew: operator, flags: ['--certificate-lifetime=30m', '--ca-lifetime=90m'] })
  const figures = await underLoad(`clocks wrong by ${operator} s and ${webhooks} s`, async () => {
    for (const name of ['webhook-a', 'webhook-b', 'webhook-c']) {
      await paddock.startWebhook(`${name}-skewed`, { skew: webhooks })
      await paddock.end(name)
    }
    for (const secret of ['paddock-webhook-tls', 'paddock-ca']) {
      const leaf = await certificate('paddock-webhook-tls', 'tls.crt')
      await succeed(paddock.paddock(['delete', 'secret', secret]))
      await paddock.until('there is another certificate', async () => {
        const found = await certificate('paddock-webhook-tls', 'tls.crt')
        return found !== '' && found !== leaf
      }, 120)
      await pause(5000)
    }
  })
  expect(isFlawless(figures)).toBe(true)
  for (const name of ['webhook-a', 'webhook-b', 'webhook-c']) {
    await paddock.startWebhook(name)
    await paddock.end(`${name}-skewed`)
  }
  await paddock.end('operator-skewed')
})

/** Does something under a load of creations, from two seconds before it to two seconds after it, and says what came of them. */
async function underLoad(name: string, fault: () => Promise<unknown>): Promise<Figures> {
  const load = await Creations.start(paddock.cluster, { namespace: 'shop', folder: paddock.folder, perSecond: 10 })
  let figures: Figures
  try {
    await pause(2000)
    await fault()
    await pause(2000)
  } finally {
    figures = await load.stop()
    say(`${name}: ${inWords(figures)}`)
  }
  return figures
}

/** Whether what was refused was so for this reason alone, and nothing else went wrong. */
function onlyFailures(figures: Figures, reason: RegExp): boolean {
  return [...figures.failed.keys()].every((found) => reason.test(found)) && isFlawless({ ...figures, failed: new Map() })
}

/** Of a certificate in a Secret, what tells it from others; empty where there is none. */
async function certificate(secret: string, key: string): Promise<string> {
  const path = `--output=jsonpath={.data.${key.replace('.', '\\.')}}`
  const { stdout } = await paddock.paddock(['get', 'secret', secret, '--ignore-not-found', path])
  return stdout === '' ? '' : new X509Certificate(Buffer.from(stdout, 'base64')).fingerprint256
}

function caBundle(type: string): Promise<string> {
  return succeed(paddock.shop(['get', type, 'paddock', '--output=jsonpath={.webhooks[0].clientConfig.caBundle}']))
}

/** An authority that has signed nothing of Paddock's: the API server's own. */
async function foreignAuthority(): Promise<string> {
  const text = await readFile(join(paddock.controlPlane.folder, 'pki/authority.crt'))
  return text.toString('base64')
}

async function holder(): Promise<string> {
  return succeed(paddock.paddock(['get', 'lease', 'paddock-operator', '--output=jsonpath={.spec.holderIdentity}']))
}

async function signal(name: string, signal: NodeJS.Signals): Promise<void> {
  process.kill(await childOf(paddock.controlPlane.running.get(name)?.process ?? 0), signal)
}

/** Whether the webhooks still see what becomes of policies. */
async function followsPolicies(): Promise<void> {
  await paddock.setPolicy({ preset: 'blueking', rules: { 'missing-worker-dependency': 'Off' } })
  await paddock.until('a changed policy holds', async () => {
    const { status } = await paddock.shop(['create', '--dry-run=server', '-f', '-'], denied)
    return status === 0
  })
  await paddock.setPolicy()
  await paddock.untilInForce()
}
