/** Knative puts PORT into the container itself, and refuses it from users: nothing is written into `env`, and nothing is asked for there. */
import { describe, expect, test } from '@jest/globals'
import { run } from '../cli/in-memory.ts'

interface Finding {
  readonly rule: string
  readonly action: string
  readonly message: string
}

interface Checked {
  readonly workloads: readonly { readonly decision: string; readonly findings: readonly Finding[];
    readonly patch: readonly { readonly path: string; readonly value: unknown }[] }[]
}

const service = (containers: readonly object[], kind = 'Service'): string =>
  JSON.stringify({ apiVersion: 'serving.knative.dev/v1', kind, metadata: { name: 'shop' },
    spec: kind === 'Revision' ? { containers } : { template: { spec: { containers } } } })

async function check(text: string, ...flags: readonly string[]): Promise<Checked['workloads'][number]> {
  const { out } = await run(['check', '--format', 'json', ...flags, 'shop.json'], { 'shop.json': text })
  const [workload] = (JSON.parse(out) as Checked).workloads
  if (!workload) throw new Error(out)
  return workload
}

const presets = ['blueking', 'cloud-run', 'kubernetes', 'heroku']

describe.each(presets)('by the preset %s', (preset) => {
  test.each(['Service', 'Configuration', 'Revision'])('a %s gets no variable', async (kind) => {
    for (const container of [
      { image: 'shop', command: ['gunicorn', 'shop:app'] },
      { image: 'shop', command: ['gunicorn', 'shop:app'], ports: [{ containerPort: 9090 }] },
      { image: 'shop', command: ['sh', '-c', 'exec gunicorn shop:app'], env: [{ name: 'A', value: 'b' }] },
      { image: 'shop', command: ['gunicorn', '-b', '0.0.0.0:$PORT', 'shop:app'] },
    ]) {
      const { patch, decision } = await check(service([container], kind), '--preset', preset)
      expect(patch.filter(({ path }) => path.includes('/env'))).toEqual([])
      expect(decision).toBe('Allow')
    }
  })

  test('a bind that reads it is right', async () => {
    const { findings } = await check(service([{ image: 'shop', command: ['gunicorn', '-b', ':$(PORT)', 'shop:app'] }]), '--preset', preset)
    expect(findings.filter(({ rule }) => /port|bind/.test(rule))).toEqual([])
  })
})

test('what is put in reads it', async () => {
  const { patch } = await check(service([{ image: 'shop', command: ['gunicorn', 'shop:app'] }]))
  expect(patch.map(({ value }) => value)).toEqual(expect.arrayContaining(['-b', ':$(PORT)']))
})

test('its number is known: that of the containerPort, else 8080', async () => {
  const text = async (containers: readonly object[]): Promise<string> =>
    (await run(['explain', 'shop.json'], { 'shop.json': service(containers) })).out
  expect(await text([{ image: 'shop', command: ['gunicorn', '-b', ':$(PORT)', 'shop:app'] }])).toContain('[":8080"]')
  expect(await text([{ image: 'shop', command: ['gunicorn', '-b', ':$(PORT)', 'shop:app'], ports: [{ containerPort: 9090 }] }])).toContain(
    '[":9090"]',
  )
  expect(await text([{ image: 'shop', command: ['gunicorn', 'shop:app'], ports: [{ containerPort: 9090 }] }])).toContain('["0.0.0.0:9090"]')
})

test('of several containers the one that names a port gets it', async () => {
  const web = { name: 'web', image: 'shop', command: ['gunicorn', '-b', ':$(PORT)', 'shop:app'], ports: [{ containerPort: 9090 }] }
  const side = { name: 'side', image: 'shop', command: ['gunicorn', '-b', ':$(PORT)', 'side:app'] }
  const { out } = await run(['explain', 'shop.json'], { 'shop.json': service([web, side]) })
  expect(out).toContain('[":9090"]')
  expect(out).toContain("'$(PORT)' is not a valid port number")
})

test('a variable cannot refer to it, as it comes behind all of them', async () => {
  const env = [{ name: 'GUNICORN_CMD_ARGS', value: '-b :$(PORT)' }]
  const { findings } = await check(service([{ image: 'shop', command: ['gunicorn', 'shop:app'], env }]))
  const literal = findings.find(({ rule }) => rule === 'literal-port')
  expect(literal?.message).toContain(
    'must be left out, as PORT comes behind all variables here, and gunicorn listens on it without being told',
  )
})
