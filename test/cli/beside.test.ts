/** What stands beside a workload in the same set of files: scripts and variables of ConfigMaps, Services. */
import { describe, expect, test } from '@jest/globals'
import { run } from './in-memory.ts'

const deployment = (container: string, more = ''): string =>
  `apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, namespace: shop}
spec:
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers: [{name: app, ${container}}]
      volumes: [{name: s, configMap: {name: scripts}}]${more}
`
const configMap = (name: string, data: Record<string, string>): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'shop' }, data })
const service = (name: string, spec: object): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'shop' }, spec })

async function found(files: Record<string, string>, ...flags: string[]): Promise<string[]> {
  const { out } = await run(['check', '--preset', 'kubernetes', '--format', 'json', ...flags, ...Object.keys(files)], files)
  return JSON.parse(out).workloads.flatMap(({ findings }: { findings: { action: string; message: string }[] }) =>
    findings.filter(({ action }) => action !== 'Fix' && action !== 'Audit').map(({ action, message }) => `${action}: ${message}`)
  )
}

describe('a script of a ConfigMap', () => {
  const mounted = (command: string): string => deployment(`command: ${command}, volumeMounts: [{name: s, mountPath: /s}]`)

  test.each([['[sh, /s/run.sh]'], ['[/s/run.sh]'], ['[bash, -e, /s/run.sh, now]'], [
    '[sh, -c, "python manage.py migrate && exec /s/run.sh"]',
  ]])('%s', async (command) => {
    const files = { 'a.yaml': mounted(command),
      'b.yaml': configMap('scripts', { 'run.sh': '#!/bin/sh\nset -e\nexec gunicorn -k nope -b :8000 shop.wsgi\n' }) }
    const lines = await found(files)
    expect(lines.filter((line) => line.startsWith('Deny'))).toEqual([expect.stringContaining('Unsupported value: "nope"')])
    // What stands in another object is not mended in this one.
    const { files: after, err } = await run(['check', '--fix', ...Object.keys(files)], files)
    expect([after, err]).toEqual([files, ''])
    const { out } = await run(['check', ...Object.keys(files)], files)
    expect(out).toContain(', and is not mended, as it stands in run.sh of ConfigMap "scripts"')
  })

  test('that starts something else is read, and nothing is said of it', async () => {
    const { out } = await run(['check', 'a.yaml', 'b.yaml'], { 'a.yaml': mounted('[sh, /s/run.sh]'),
      'b.yaml': configMap('scripts', { 'run.sh': 'exec celery -A shop worker\n' }) })
    expect(out).toBe('2 files, 1 workload, 0 gunicorn commands: nothing found\n')
  })

  // Each was started by real shells, and by the kernel.
  test.each([
    ['[/s/run.sh]', 'set -e\r\nexec gunicorn -b :8000 shop.wsgi\r\n', '#!/bin/sh\r\n',
      'Deny: spec.template.spec.containers[0].command[0]: Invalid value: "#!/bin/sh": must not end with a carriage return, as the line ends of Windows have it: no program has such a name, and the script is not started (run.sh of ConfigMap "scripts") [invalid-script]'],
    ['[sh, /s/run.sh]', 'set -e\r\nexec gunicorn -b :8000 shop.wsgi\r\n', '#!/bin/sh\r\n',
      'Deny: spec.template.spec.containers[0].command[1]: Invalid value: "set -e": must not end with a carriage return, as the line ends of Windows have it: the shell refuses the option and ends (run.sh of ConfigMap "scripts") [invalid-script]'],
    ['[sh, -c, "exec sh /s/run.sh"]', 'exec gunicorn -b :8000 shop.wsgi\r\n', '',
      'Warn: spec.template.spec.containers[0].command[2]: Invalid value: "exec gunicorn -b :8000 shop.wsgi": must not end with a carriage return, as the line ends of Windows have it: it is part of the last word of the line (run.sh of ConfigMap "scripts") [invalid-script]'],
    ['[sh, /s/run.sh]', 'exec gunicorn -b :8000 shop:create_app()\n', '',
      'Deny: spec.template.spec.containers[0].command[1]: Invalid value: "exec gunicorn -b :8000 shop:create_app()": must be a script that a shell takes, and none does: unexpected token \'(\' (run.sh of ConfigMap "scripts") [invalid-script]'],
    ['[sh, -c, "if [ -f /debug ]; then sh /s/run.sh; fi; exec celery -A shop worker"]', 'exec gunicorn -b :8000 shop:create_app()\n', '',
      'Warn: spec.template.spec.containers[0].command[2]: Invalid value: "exec gunicorn -b :8000 shop:create_app()": must be a script that a shell takes, and none does: unexpected token \'(\' (run.sh of ConfigMap "scripts"), if that script runs [invalid-script]'],
  ])('%s is read as a shell reads it: %j', async (command, script, first, wanted) => {
    const files = { 'a.yaml': mounted(command), 'b.yaml': configMap('scripts', { 'run.sh': first + script }) }
    expect(await found(files)).toContain(wanted)
    const { files: after } = await run(['check', '--fix', ...Object.keys(files)], files)
    expect(after).toEqual(files)
  })

  test('that only may be started is no reason to deny', async () => {
    const files = { 'a.yaml': mounted('[sh, -c, "if [ -f /debug ]; then sh /s/run.sh; fi; exec celery -A shop worker"]'),
      'b.yaml': configMap('scripts', { 'run.sh': 'exec gunicorn -k nope -b :8000 shop.wsgi\n' }) }
    expect((await found(files)).filter((line) => line.includes('nope'))).toEqual([
      expect.stringMatching(/^Warn: .*, if the script reaches this command \[/),
    ])
  })

  test('that may start nothing, in front of another server, is no reason to deny', async () => {
    const files = { 'a.yaml': mounted('[sh, -c, "sh /s/run.sh; exec celery -A shop worker"]'),
      'b.yaml': configMap('scripts', { 'run.sh': 'if [ -f /debug ]; then gunicorn -k nope -b :8000 shop.wsgi; fi\n' }) }
    expect((await found(files)).filter((line) => line.includes('nope'))).toEqual([
      expect.stringMatching(/^Warn: .*, if the script reaches this command \[/),
    ])
  })

  test('that is not at hand is not looked into', async () => {
    const { out } = await run(['check', 'a.yaml'], { 'a.yaml': mounted('[sh, /s/run.sh]') })
    expect(out).toContain('1 container not looked into')
  })
})

describe('variables of a ConfigMap', () => {
  const from = (command: string, more = ''): string => deployment(`command: ${command}, envFrom: [{configMapRef: {name: settings}}${more}]`)

  test.each([
    ['GUNICORN_CMD_ARGS', from('[gunicorn, -b, ":8000", app]'), { GUNICORN_CMD_ARGS: '-k nope' }, /Unsupported value: "nope"/],
    ['in a list', from('[gunicorn, -b, ":8000", -w, "$(WORKERS)", app]'), { WORKERS: 'many' }, /invalid int value: 'many'/],
    ['in a script', from('[sh, -c, "exec gunicorn -b :8000 -w $WORKERS app"]'), { WORKERS: 'many' }, /invalid int value: 'many'/],
    ['a whole command', from('[sh, -c, "exec $START"]'), { START: 'gunicorn -b :8000 -k nope app' }, /Unsupported value: "nope"/],
    ['behind one that cannot be read',
      from('[gunicorn, -b, ":8000", -w, "$(WORKERS)", app]').replace('envFrom: [', 'envFrom: [{secretRef: {name: x}}, '), {
      WORKERS: 'many',
    }, /invalid int value: 'many'/],
  ])('%s', async (_, manifest, data, wanted) => {
    const lines = await found({ 'a.yaml': manifest, 'b.yaml': configMap('settings', data) })
    expect(lines.filter((line) => line.startsWith('Deny'))).toEqual([expect.stringMatching(wanted)])
  })

  test.each([
    ['a source behind it may replace them', from('[gunicorn, -b, ":8000", -w, "$(WORKERS)", app]', ', {secretRef: {name: x}}')],
    ['env goes before them', deployment(
      'command: [gunicorn, -b, ":8000", -w, "$(WORKERS)", app], env: [{name: WORKERS, value: "2"}], envFrom: [{configMapRef: {name: settings}}]',
    )],
    ['a prefix makes another name', deployment(
      'command: [gunicorn, -b, ":8000", -w, "$(X_WORKERS)", app], env: [{name: X_WORKERS, value: "2"}], envFrom: [{prefix: Y_, configMapRef: {name: settings}}]',
    )],
  ])('%s', async (_, manifest) => {
    expect(
      (await found({ 'a.yaml': manifest, 'b.yaml': configMap('settings', { WORKERS: 'many' }) })).filter((line) => line.startsWith('Deny')),
    ).toEqual([])
  })

  test('a port is known, and is not defined once more', async () => {
    const files = { 'a.yaml': from('[gunicorn, app]'), 'b.yaml': configMap('settings', { PORT: '8000' }) }
    const { files: after, out } = await run(['check', '--fix', ...Object.keys(files)], files)
    expect(out).not.toContain('cannot be read here')
    expect(after['a.yaml']).toContain('-b, ":$(PORT)"')
    expect(after['a.yaml']).not.toMatch(/ env:|name: PORT/)
  })
})

describe('a Service', () => {
  const manifest = deployment('ports: [{name: http, containerPort: 8080}], command: [gunicorn, -b, ":8000", app]')
  const to = (targetPort: unknown, more: object = {}): string =>
    service('web', { selector: { app: 'shop' }, ports: [{ port: 80, targetPort }], ...more })

  test.each([['8080', 8080], ['the name of another port', 'http']])('sends traffic to a port that nobody listens on: %s',
    async (_, target) => {
      expect(await found({ 'a.yaml': manifest, 'b.yaml': to(target) })).toEqual([
        expect.stringContaining(
          `Invalid value: ${
            JSON.stringify(target)
          }: \`targetPort\` of Service "web" must be the port that gunicorn listens on, 8000 [probe-port]`,
        ),
      ])
    })

  test.each([
    ['to the port of gunicorn', manifest, to(8000)],
    ['to other Pods', manifest, to(8080, { selector: { app: 'other' } })],
    ['to a Pod with another container', manifest.replace('app]}]', 'app]}, {name: proxy, image: nginx}]'), to(8080)],
    ['of another namespace', manifest, to(8080).replace('"namespace":"shop"', '"namespace":"other"')],
  ])('nothing is said of one %s', async (_, workload, other) => {
    expect((await found({ 'a.yaml': workload, 'b.yaml': other })).filter((line) => line.includes('targetPort'))).toEqual([])
  })

  const addressed = (more = ''): string => deployment(`command: [sh, -c, "exec gunicorn -b 0.0.0.0:$WEB_PORT app"]${more}`)

  test('makes NAME_PORT, which is no port', async () => {
    expect((await found({ 'a.yaml': addressed(), 'b.yaml': to(8000) })).filter((line) => line.startsWith('Deny'))).toEqual([
      expect.stringContaining('0.0.0.0:tcp://'),
    ])
  })

  test.each([
    ['a variable of that name', addressed(', env: [{name: WEB_PORT, value: "8000"}]'), to(8000)],
    ['no links', addressed().replace('      containers', '      enableServiceLinks: false\n      containers'), to(8000)],
    ['no address of its own', addressed(), to(8000, { clusterIP: 'None' })],
    ['variables from elsewhere', addressed(', envFrom: [{secretRef: {name: x}}]'), to(8000)],
  ])('makes none: %s', async (_, workload, other) => {
    expect((await found({ 'a.yaml': workload, 'b.yaml': other })).filter((line) => line.includes('tcp://'))).toEqual([])
  })
})

describe('objects of one name in several files', () => {
  const conf = (bind: string): string =>
    JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'conf' },
      data: { 'gunicorn.conf.py': `bind = '${bind}'\nworkers = 2\n` } })
  const pod = (name: string, more = ''): string =>
    `apiVersion: v1
kind: Pod
metadata: {name: ${name}, labels: {app: web}}
spec:
  containers: [{name: app, command: [gunicorn, -c, /etc/g/gunicorn.conf.py, shop.wsgi], volumeMounts: [{name: c, mountPath: /etc/g}]${more}}]
  volumes: [{name: c, configMap: {name: conf}}]
`
  const told = async (files: Record<string, string>): Promise<{ readonly lines: readonly string[]; readonly err: string }> => {
    const { out, err } = await run(['check', '--preset', 'kubernetes', '--format', 'json', ...Object.keys(files)], files)
    return { err,
      lines: JSON.parse(out).workloads.flatMap(({ file, findings }: { file: string; findings: { rule: string }[] }) =>
        findings.filter(({ rule }) => rule === 'invalid-setting' || rule === 'probe-port').map(({ rule }) => `${file}: ${rule}`)
      ) }
  }

  test('each file means its own ConfigMap, or that of its folder', async () => {
    expect(await told({ 'dev/all.yaml': `${pod('a')}---\n${conf(':80x')}`, 'prod/pod.yaml': pod('b'), 'prod/conf.yaml': conf(':8000') }))
      .toEqual({ lines: ['dev/all.yaml: invalid-setting'], err: '' })
    expect(await told({ 'dev.yaml': `${pod('a')}---\n${conf(':8000')}`, 'prod.yaml': `${pod('b')}---\n${conf(':80x')}` })).toEqual({
      lines: ['prod.yaml: invalid-setting'],
      err: '',
    })
  })

  test('of two that differ neither is read, and that is said', async () => {
    const files = { 'k/pod.yaml': pod('a'), 'k/one.yaml': conf(':80x'), 'k/other.yaml': conf(':8000') }
    expect(await told(files)).toEqual({ lines: [],
      err: 'paddock: ConfigMap "conf" stands in k/one.yaml and in k/other.yaml, and they differ: neither is read for k/pod.yaml\n' })
    expect(await told({ 'k/pod.yaml': pod('a'), 'k/conf.yaml': `${conf(':80x')}\n---\n${conf(':8000')}` })).toEqual({ lines: [],
      err: 'paddock: ConfigMap "conf" stands twice in k/conf.yaml, and they differ: neither is read for k/pod.yaml\n' })
    // Nobody is bothered with what nobody asks for.
    expect(await told({ 'k/one.yaml': conf(':80x'), 'k/other.yaml': conf(':8000') })).toEqual({ lines: [], err: '' })
    expect(await told({ ...files, 'k/other.yaml': conf(':80x') })).toEqual({ lines: ['k/pod.yaml: invalid-setting'], err: '' })
  })

  test('without a namespace what stands in another folder is of another application; what is around or within is not', async () => {
    expect(await told({ 'a/pod.yaml': pod('a'), 'b/conf.yaml': conf(':80x') })).toEqual({ lines: [], err: '' })
    expect(await told({ 'a/pod.yaml': pod('a'), 'a/config/conf.yaml': conf(':80x') })).toEqual({ lines: ['a/pod.yaml: invalid-setting'],
      err: '' })
    expect(await told({ 'a/b/pod.yaml': pod('a'), 'conf.yaml': conf(':80x') })).toEqual({ lines: ['a/b/pod.yaml: invalid-setting'],
      err: '' })
  })

  test('a fault of a config file is placed in the file that is meant', async () => {
    const { out } = await run(['check', '--preset', 'kubernetes', '--fail-on', 'never', 'dev/all.yaml', 'prod/all.yaml'], {
      'dev/all.yaml': `${pod('a')}---\n${conf(':80x')}`,
      'prod/all.yaml': `${pod('b')}---\n${conf(':80y')}`,
    })
    expect(out.match(/^\S+(?=: deny:)/gm)).toEqual([expect.stringMatching(/^dev\/all\.yaml:/), expect.stringMatching(/^prod\/all\.yaml:/)])
  })

  test('a Service sends traffic to Pods of its folder and its namespace', async () => {
    const service = (port: number, namespace = ''): string =>
      `apiVersion: v1\nkind: Service\nmetadata: {name: web${namespace}}\nspec: {selector: {app: web}, ports: [{port: 80, targetPort: ${port}}]}\n`
    const bound = pod('a').replace('shop.wsgi]', 'shop.wsgi, -b, ":8000"]')
    expect((await told({ 'a/pod.yaml': bound, 'a/service.yaml': service(9000) })).lines).toEqual(['a/pod.yaml: probe-port'])
    expect((await told({ 'a/pod.yaml': bound, 'b/service.yaml': service(9000) })).lines).toEqual([])
    expect((await told({ 'a/pod.yaml': bound, 'service.yaml': service(9000, ', namespace: other') })).lines).toEqual([])
    const both = { 'dev/pod.yaml': bound, 'dev/service.yaml': service(8000, ', namespace: shop'),
      'prod/service.yaml': service(9000, ', namespace: shop') }
    expect((await told({ ...both, 'dev/pod.yaml': bound.replace('{name: a,', '{name: a, namespace: shop,') })).lines).toEqual([])
    expect(
      (await told({ 'x/pod.yaml': bound.replace('{name: a,', '{name: a, namespace: shop,'),
        'prod/service.yaml': service(9000, ', namespace: shop') })).lines,
    ).toEqual(['x/pod.yaml: probe-port'])
    const differing = { 'pod.yaml': bound, 'dev/service.yaml': service(9000), 'prod/service.yaml': service(9100) }
    expect(await told(differing)).toEqual({ lines: [],
      err: 'paddock: Service "web" stands in dev/service.yaml and in prod/service.yaml, and they differ: neither is read for pod.yaml\n' })
  })

  test('a file is the same however it is spelt', async () => {
    const [workload, beside] = [pod('a'), conf(':80x')]
    for (const [one, other] of [['shop/pod.yaml', './conf.yaml'], ['./shop/pod.yaml', 'conf.yaml'], ['shop/../shop/pod.yaml',
      'other/../conf.yaml'], [`${process.cwd()}/shop/pod.yaml`, 'conf.yaml']] as const)
      expect(await told({ [one]: workload, [other]: beside })).toEqual({ lines: [`${one}: invalid-setting`], err: '' })
  })
})
