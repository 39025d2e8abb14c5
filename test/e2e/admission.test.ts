import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { pause } from '../cluster/program.ts'
import { kubectlFor, sharedCluster, succeed, type Answer, type Kubectl, type SharedCluster } from './kubectl.ts'
import { startWebhook, webhookConfigurations } from './webhook.ts'
import { allKinds, web, workload, type Container, type Workload } from './workloads.ts'

/** The access log format of the platform's guide. */
const logFormat = `[%(h)s] %({request_id}i)s %(u)s %(t)s "%(r)s" %(s)s %(D)s %(b)s "%(f)s" "%(a)s"`
/** What `blueking` adds to `gunicorn wsgi`, as list elements and in a shell's words. */
const addedFlags = [
  ['-w', '4'],
  ['-b', ':$(PORT)'],
  ['--access-logfile', '-'],
  ['--error-logfile', '-'],
  ['--access-logformat', logFormat],
].flat()
const addedScript = ` -w 4 -b :$PORT --access-logfile - --error-logfile - --access-logformat '${logFormat}'`

/** A container of which there is nothing to say. */
const guided = (...flags: string[]) => ({
  command: ['gunicorn', 'wsgi', ...addedFlags, ...flags],
  env: [{ name: 'PORT', value: '5000' }],
})
const bare: Omit<Container, 'name'> = { command: ['gunicorn', 'wsgi'] }
const script = 'python manage.py migrate && exec gunicorn wsgi  # web'
const port = (value: string) => [{ name: 'PORT', value }]
const requirements = (...lines: string[]) => ({ 'paddock.dev/requirements': lines.join('\n') })

/** Workloads with what is to become of their container; whatever else the object holds has to stay as it is. */
const fixed: { name: string; object: Workload; want: Partial<Container> }[] = [
  {
    name: 'command: ["gunicorn", "wsgi"]',
    object: workload('Deployment', bare),
    want: { command: ['gunicorn', 'wsgi', ...addedFlags], env: port('5000') },
  },
  {
    name: 'a container port',
    object: workload('Deployment', { ...bare, ports: [{ containerPort: 8000 }] }),
    want: { command: ['gunicorn', 'wsgi', ...addedFlags], env: port('8000') },
  },
  {
    name: 'PORT of its own',
    object: workload('Deployment', { ...bare, env: [...port('9000'), { name: 'LANG', value: 'C.UTF-8' }] }),
    want: { command: ['gunicorn', 'wsgi', ...addedFlags] },
  },
  {
    name: 'a shell script with a step before and a comment behind',
    object: workload('Deployment', { command: ['sh', '-c', script] }),
    want: {
      command: ['sh', '-c', `python manage.py migrate && exec gunicorn wsgi${addedScript}  # web`],
      env: port('5000'),
    },
  },
  { name: 'all that the guide asks for', object: workload('Deployment', guided()), want: {} },
  { name: 'no gunicorn', object: workload('Deployment', { command: ['celery', '-A', 'shop', 'worker'] }), want: {} },
  ...allKinds.map((kind) => ({
    name: `kind ${kind}`,
    object: workload(kind, bare),
    want: { command: ['gunicorn', 'wsgi', ...addedFlags], env: port('5000') },
  })),
]

/** `-k gevent`, in the ways to say it, with the field that says it. */
const gevent: { name: string; container: Omit<Container, 'name'>; field: string }[] = [
  { name: '-k gevent', container: guided('-k', 'gevent'), field: 'command' },
  { name: '-kgevent', container: guided('-kgevent'), field: 'command' },
  { name: '--worker-class=gevent', container: guided('--worker-class=gevent'), field: 'command' },
  { name: '--worker-cl gevent', container: guided('--worker-cl', 'gevent'), field: 'command' },
  {
    name: 'GUNICORN_CMD_ARGS="-k gevent"',
    container: { ...guided(), env: [...port('5000'), { name: 'GUNICORN_CMD_ARGS', value: '-k gevent' }] },
    field: 'env[1].value',
  },
]

const cluster = sharedCluster()
const suite = cluster === undefined ? describe.skip : describe

suite('admission through a real API server', () => {
  const namespace = `paddock-e2e-${process.pid}`
  const unhooked = new Map<string, Workload>()
  const cleanUp: (() => Promise<unknown>)[] = []
  let kubectl: Kubectl

  /** What the API server would store. */
  const dryRun = (object: object, ...flags: string[]): Promise<Answer> =>
    kubectl(['apply', '--dry-run=server', '-o', 'yaml', '-f', '-', ...flags], object)

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'paddock-e2e-'))
    cleanUp.unshift(() => rm(folder, { recursive: true, force: true }))
    const { source, webhookHost } = cluster as SharedCluster
    kubectl = kubectlFor(cluster as SharedCluster, namespace, folder)
    await succeed(kubectl(['create', 'namespace', namespace]))
    // Where no controllers run, nothing would end the wait for its deletion.
    cleanUp.unshift(() => succeed(kubectl(['delete', 'namespace', namespace, '--wait=false'])))
    for (const { name, object } of fixed) unhooked.set(name, stored(await succeed(dryRun(object))))

    const webhook = await startWebhook(webhookHost, folder)
    cleanUp.unshift(webhook.stop)
    const configurations = await webhookConfigurations(webhook, source, namespace)
    cleanUp.unshift(() => succeed(kubectl(['delete', '--ignore-not-found', '-f', '-'], configurations)))
    await succeed(kubectl(['create', '-f', '-'], configurations))
    await untilInForce(dryRun)
  }, 120_000)

  afterAll(async () => {
    for (const step of cleanUp) await step()
  }, 60_000)

  describe('fixes a workload and changes nothing else', () => {
    test.each(fixed)('$name', async ({ name, object, want }) => {
      const expected = structuredClone(unhooked.get(name)) as Workload
      Object.assign(web(expected), want)
      expect(stored(await succeed(dryRun(object)))).toStrictEqual(expected)
    })

    test('every item of a List', async () => {
      const items = [
        workload('Deployment', bare),
        workload('Job', { command: ['sh', '-c', script] }),
      ]
      const answer = parse(await succeed(dryRun({ apiVersion: 'v1', kind: 'List', items }))) as { items: unknown[] }
      expect(answer.items.map((item) => web(item).command)).toEqual([
        ['gunicorn', 'wsgi', ...addedFlags],
        ['sh', '-c', `python manage.py migrate && exec gunicorn wsgi${addedScript}  # web`],
      ])
    })
  })

  describe.each([
    { name: 'a command', container: bare },
    { name: 'a shell script', container: { command: ['sh', '-c', script] } },
  ])('fixes $name once', ({ name, container }) => {
    const object = workload('Deployment', container)
    object.metadata.name = name.replaceAll(' ', '-')
    const live = () => kubectl(['get', 'deployment', object.metadata.name, '-o', 'yaml'])

    test('applying the same file again changes nothing', async () => {
      await succeed(kubectl(['apply', '-f', '-'], object))
      expect(await kubectl(['diff', '-f', '-'], object)).toMatchObject({ status: 0, stdout: '' })

      const before = parse(await succeed(live())) as Workload
      expect(before.metadata.generation).toBe(1)
      await succeed(kubectl(['apply', '-f', '-'], object))
      expect(parse(await succeed(live()))).toStrictEqual(before)
    })

    test('applying the result changes nothing', async () => {
      const result = await succeed(live())
      expect(await kubectl(['diff', '-f', '-'], result)).toMatchObject({ status: 0, stdout: '' })

      await succeed(kubectl(['apply', '-f', '-'], result))
      expect((parse(await succeed(live())) as Workload)['spec']).toStrictEqual((parse(result) as Workload)['spec'])
    })
  })

  describe('turns away a worker class whose distribution is missing', () => {
    const lacking = requirements('gunicorn==23.0.0', 'django==5.2')
    const complete = requirements('gunicorn==23.0.0', 'gevent==25.5.1')

    test.each(gevent)('$name', async ({ container, field }) => {
      const { status, stdout, stderr } = await dryRun(workload('Deployment', container, lacking))
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
      expectDenial(stderr, `spec.template.spec.containers[0].${field}`)
    })

    test.each(gevent)('$name, with gevent among the requirements', async ({ container }) => {
      const { status, stderr } = await dryRun(workload('Deployment', container, complete))
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    })

    test.each(gevent)('$name, with nothing known of the requirements', async ({ container, field }) => {
      const { status, stderr } = await dryRun(workload('Deployment', container))
      expect(status).toBe(0)
      expectWarning(stderr, `spec.template.spec.containers[0].${field}`, 'unverified-worker-dependency', /\bgevent\b/)
    })

    test('an update', async () => {
      const object = workload('Deployment', guided(), lacking)
      object.metadata.name = 'update'
      await succeed(kubectl(['apply', '-f', '-'], object))
      web(object).command = guided('-k', 'gevent').command
      const { status, stderr } = await kubectl(['apply', '-f', '-'], object)
      expect(status).toBe(1)
      expectDenial(stderr, 'spec.template.spec.containers[0].command')
    })

    test('not in kube-system', async () => {
      const object = workload('Deployment', gevent[0]?.container ?? {}, lacking)
      const { status, stdout, stderr } = await dryRun(object, '--namespace=kube-system')
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
      expect(web(parse(stdout)).command).toEqual(web(object).command)
    })
  })

  describe('warns of a timeout', () => {
    test.each([
      { seconds: '10', rule: 'short-timeout', words: /\b30\b/ },
      { seconds: '45', rule: 'hesitant-timeout', words: /\b60\b|\bminute\b/ },
      { seconds: '0', rule: 'disabled-timeout', words: /\b0\b/ },
    ])('--timeout $seconds: $rule', async ({ seconds, rule, words }) => {
      const { status, stderr } = await dryRun(workload('Deployment', guided('--timeout', seconds)))
      expect(status).toBe(0)
      expectWarning(stderr, 'spec.template.spec.containers[0].command', rule, words)
    })

    test('--timeout 120: not a word', async () => {
      const { status, stderr } = await dryRun(workload('Deployment', guided('--timeout', '120')))
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    })
  })

  describe('leaves to the API server what is none of its business', () => {
    // --validate=false: without it kubectl refuses these itself.
    test.each([
      { name: 'command: "text"', container: { command: 'gunicorn wsgi' }, field: 'command' },
      { name: 'args: [1, null]', container: { ...bare, args: [1, null] }, field: 'args' },
    ])('$name is refused', async ({ container, field }) => {
      const { status, stderr } = await dryRun(workload('Deployment', container), '--validate=false')
      expect(status).toBe(1)
      expect(stderr).toMatch(
        new RegExp(`^Error from server \\(BadRequest\\): .*cannot unmarshal .*\\.containers\\.${field} of type`, 'm'),
      )
      expect(stderr).not.toContain('admission webhook')
    })
  })
})

/** An object of kubectl's answer, without what is another in every answer. */
function stored(yaml: string): Workload {
  const { metadata } = parse(yaml) as Workload
  // A Job's uid stands in its labels, too.
  const object = parse(yaml.replaceAll(metadata.uid ?? '', 'UID')) as Workload
  object.metadata.creationTimestamp = 'TIME'
  return object
}

/** The API server takes up a new webhook configuration a moment after it is stored. */
async function untilInForce(dryRun: (object: object) => Promise<Answer>): Promise<void> {
  const fixable = workload('Deployment', bare)
  const deniable = workload('Deployment', guided('-k', 'gevent'), requirements('gunicorn'))
  const deadline = Date.now() + 20_000
  for (;;) {
    const [mutated, validated] = [await dryRun(fixable), await dryRun(deniable)]
    const changed = mutated.status === 0 && web(parse(mutated.stdout)).env !== undefined
    if (changed && validated.status !== 0) return
    if (Date.now() > deadline)
      throw new Error(
        [
          'The webhooks do not act after 20 s.',
          `A Deployment to fix: ${changed ? 'fixed' : mutated.stderr || 'left as it is'}`,
          `A Deployment to deny: ${validated.status === 0 ? 'let in' : validated.stderr}`,
        ].join('\n'),
      )
    await pause(200)
  }
}

/** One message that names the container, the setting, where it was set, and what to do. */
function expectDenial(stderr: string, field: string): void {
  expect(stderr).toMatch(/^Error from server.*: admission webhook "validate\.paddock\.dev" denied the request: /s)
  const message = stderr.split('denied the request: ')[1]?.trimEnd() ?? ''
  expect(message.startsWith(`violates GunicornPolicy "blueking": ${field}`)).toBe(true)
  expect(message).toContain('[missing-worker-dependency]')
  expect(message).toContain('"web"')
  expect(message).toContain('worker_class')
  expect(message).toMatch(/\bgevent\b.*\.$/s)
  expect(stderr).not.toContain('Warning:')
}

/** One line, as kubectl prints a warning, about one setting. */
function expectWarning(stderr: string, field: string, rule: string, words: RegExp): void {
  const [line = '', ...more] = stderr.trimEnd().split('\n')
  expect(more).toEqual([])
  const prefix = `Warning: would violate GunicornPolicy "blueking": ${field}`
  expect(line.slice(0, prefix.length)).toBe(prefix)
  expect(line).toMatch(words)
  expect(line).toContain(`[${rule}]`)
  expect(line.length - 'Warning: '.length).toBeLessThanOrEqual(256)
}
