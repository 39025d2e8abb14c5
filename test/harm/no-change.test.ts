/** What gunicorn does anyway is put in only where the policy wants it spelt out. */
import { expect, test } from '@jest/globals'
import { run } from '../cli/in-memory.ts'

interface Checked {
  readonly workloads: readonly { readonly findings: readonly { readonly rule: string; readonly action: string }[] }[]
}

async function rules(files: Readonly<Record<string, string>>, ...flags: readonly string[]): Promise<readonly string[]> {
  const { out } = await run(['check', '--format', 'json', ...flags, ...Object.keys(files)], files)
  return (JSON.parse(out) as Checked).workloads.flatMap(({ findings }) =>
    findings.filter(({ action }) => action === 'Fix').map(({ rule }) => rule)
  ).sort()
}

const pod = (container: object): Readonly<Record<string, string>> => ({
  'pod.json': JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'shop' },
    spec: { containers: [{ name: 'web', image: 'shop', command: ['gunicorn', 'shop:app'], ...container }] } }),
})
const withPort = pod({ env: [{ name: 'PORT', value: '8000' }] })

test.each([['kubernetes', ['missing-access-log']], ['cloud-run', ['missing-access-log', 'missing-default', 'missing-default']]])(
  'by %s, neither the error log nor the address of PORT',
  async (preset, want) => {
    expect(await rules(withPort, '--preset', preset)).toEqual(want)
  },
)

test('by blueking, all of it, as the guide wants it', async () => {
  expect(await rules(withPort)).toEqual(['missing-access-log', 'missing-access-log-format', 'missing-bind', 'missing-error-log',
    'missing-workers'])
})

test('a port that has to be defined changes something', async () => {
  expect(await rules(pod({ ports: [{ containerPort: 8000 }] }), '--preset', 'kubernetes')).toEqual(['missing-access-log', 'missing-bind'])
})

test('another default of the platform changes something', async () => {
  const policy = {
    'policy.yaml':
      'apiVersion: paddock.dev/v1alpha1\nkind: GunicornPolicy\nmetadata: {name: own}\nspec: {preset: kubernetes, defaults: {workers: 1, timeout: 30, keepalive: 5}, rules: {missing-workers: Fix}}\n',
  }
  const { out } = await run(['check', '--format', 'json', '--policy', 'policy.yaml', 'pod.json'], { ...withPort, ...policy })
  const messages = (JSON.parse(out) as { workloads: { findings: { message: string }[] }[] }).workloads.flatMap(({ findings }) =>
    findings.map(({ message }) => message)
  )
  expect(messages.filter((message) => /workers|timeout|keepalive/.test(message))).toEqual([
    'spec.containers[0].command: Required value: `keepalive` must be set [missing-default]',
  ])
})

test("on Heroku the buildpack's profile script sets the access log and the trusted addresses, and PORT is there", async () => {
  const procfile = { Procfile: 'web: gunicorn shop.wsgi\n' }
  expect(await rules(procfile, '--platform', 'heroku', '--preset', 'heroku')).toEqual([])
  expect(
    await rules({ Procfile: 'web: gunicorn shop.wsgi --access-logfile /tmp/access.log\n' }, '--platform', 'heroku', '--preset', 'heroku'),
  ).toEqual([])
})

test('with its preset a platform is chosen, and with a policy that starts from it; what is chosen by name wins', async () => {
  const policy = (preset: string): Record<string, string> => ({
    'p.yaml': `apiVersion: paddock.dev/v1alpha1\nkind: GunicornPolicy\nmetadata: {name: own}\nspec: {preset: ${preset}}\n`,
  })
  const procfile = { Procfile: 'web: gunicorn shop.wsgi\n' }
  expect(await rules(procfile, '--preset', 'heroku')).toEqual([])
  expect(await rules({ ...procfile, ...policy('heroku') }, '--policy', 'p.yaml')).toEqual([])
  expect(await rules(procfile, '--preset', 'heroku', '--platform', 'herokuish')).toEqual(['missing-access-log'])
  expect(await rules({ ...procfile, ...policy('kubernetes') }, '--policy', 'p.yaml')).toContain('missing-access-log')
})

test('on Heroku the number of workers is reckoned from the dyno', async () => {
  expect(await rules({ Procfile: 'web: gunicorn shop.wsgi\n' }, '--platform', 'heroku')).not.toContain('missing-workers')
})
