/** Where config files are had: ConfigMaps among the manifests, files that are handed over, the repository of a Procfile. */
import { describe, expect, test } from '@jest/globals'
import { stringify } from 'yaml'
import { run } from './in-memory.ts'

const text = 'workers = 3\n'

const configMap = (rest: object = {}): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'conf' },
  data: { 'gunicorn.conf.py': text }, ...rest })

interface Mounting {
  readonly command?: readonly string[]
  readonly container?: object
  readonly mount?: object
  readonly volume?: object
  readonly metadata?: object
}

function pod(
  { command = ['gunicorn', '-c', '/etc/gunicorn/gunicorn.conf.py', 'shop.wsgi'], container = {}, mount = {},
    volume = { configMap: { name: 'conf' } }, metadata = {} }: Mounting,
): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', ...metadata },
    spec: { containers: [{ name: 'web', command, volumeMounts: [{ name: 'c', mountPath: '/etc/gunicorn', ...mount }], ...container }],
      volumes: [{ name: 'c', ...volume }] },
  }
}

/** What is told of `workers`: its value, `unknown`, or nothing where it has its default. */
async function workers(objects: readonly object[], ...flags: string[]): Promise<unknown> {
  const files = { 'all.yaml': objects.map((object) => stringify(object)).join('---\n'), 'local.py': 'workers = 9\n' }
  const { out } = await run(['explain', '--format', 'json', ...flags, 'all.yaml'], files)
  const [invocation] =
    (JSON.parse(out) as { invocations: { settings: Record<string, { value: unknown; source: string }>; unknown: string[] }[] }).invocations
  return invocation?.unknown.includes('workers') ? 'unknown' : invocation?.settings['workers']?.value
}

const path = ['gunicorn', 'shop.wsgi']
const absent = undefined

describe('a ConfigMap of the same set', () => {
  test.each<[string, unknown, Mounting, object?]>([
    ['mounted as a folder', 3, {}],
    ['behind the manifest that mounts it, or in front of it', 3, { container: { workingDir: '/' } }],
    ['one key, as a file', 3, { mount: { mountPath: '/etc/gunicorn/gunicorn.conf.py', subPath: 'gunicorn.conf.py' } }],
    ['a key under another name', 3, { command: ['gunicorn', '-c', '/etc/gunicorn/web.py', 'x'],
      volume: { configMap: { name: 'conf', items: [{ key: 'gunicorn.conf.py', path: 'web.py' }] } } }],
    ['a key that is not listed', 'unknown', {
      volume: { configMap: { name: 'conf', items: [{ key: 'gunicorn.conf.py', path: 'web.py' }] } },
    }],
    ['a projected volume', 3, {
      volume: { projected: { sources: [{ configMap: { name: 'conf' } }, { serviceAccountToken: { path: 'token' } }] } },
    }],
    ['a Secret beside it that may hold the file', 'unknown', {
      volume: { projected: { sources: [{ configMap: { name: 'conf' } }, { secret: { name: 's' } }] } },
    }],
    ['another name', 'unknown', { volume: { configMap: { name: 'other' } } }],
    ['another namespace', 'unknown', { metadata: { namespace: 'shop' } }],
    ['a Secret', 'unknown', { volume: { secret: { secretName: 'conf' } } }],
    ['a path that is expanded', 'unknown', { mount: { subPathExpr: '$(X)' } }],
    ['a volume in front of it', 'unknown', {
      container: { volumeMounts: [{ name: 'c', mountPath: '/etc/gunicorn' }, { name: 'd', mountPath: '/etc/gunicorn/gunicorn.conf.py' }] },
    }],
    ['by a path from the working directory', 3, { command: ['gunicorn', '-c', '../etc/./gunicorn//gunicorn.conf.py', 'x'],
      container: { workingDir: '/srv' } }],
    ['by a path from a directory that the image sets', 'unknown', { command: ['gunicorn', '-c', 'gunicorn.conf.py', 'x'] }],
    ['after a change of the directory', 'unknown', { command: ['sh', '-c', 'cd x && gunicorn -c gunicorn.conf.py x'],
      container: { workingDir: '/etc/gunicorn' } }],
    ['in a script', 3, { command: ['sh', '-c', 'exec gunicorn -c file:gunicorn.conf.py x'], container: { workingDir: '/etc/gunicorn/' } }],
    ['as a module', 'unknown', { command: ['gunicorn', '-c', 'python:gunicorn.conf', 'x'], container: { workingDir: '/etc/gunicorn' } }],
    ['found by gunicorn itself', 3, { command: path, container: { workingDir: '/etc/gunicorn' } }],
    ['kept out', absent, { command: ['gunicorn', '-c', '/dev/null', 'x'], container: { workingDir: '/etc/gunicorn' } }],
    ['in another directory', absent, { command: path, container: { workingDir: '/srv' } }],
    ['perhaps found, as the image sets the directory', 'unknown', { command: path,
      mount: { mountPath: '/app/gunicorn.conf.py', subPath: 'gunicorn.conf.py' } }],
    ['perhaps found, in a ConfigMap that is not at hand', 'unknown', { command: path, container: { workingDir: '/etc/gunicorn' },
      volume: { configMap: { name: 'other' } } }],
    ['a disk, of which no more is reckoned with than of an image', absent, { command: path, container: { workingDir: '/etc/gunicorn' },
      volume: { emptyDir: {} } }],
    ['no such file in it', absent, { command: path, container: { workingDir: '/etc/gunicorn' } }, configMap({ data: { other: '' } })],
    ['a file that is no text', 'unknown', {}, configMap({ data: {}, binaryData: { 'gunicorn.conf.py': 'eA==' } })],
    ['overridden', 7, { command: ['gunicorn', '-c', '/etc/gunicorn/gunicorn.conf.py', '-w', '7', 'x'] }],
  ])('%s: %j', async (_, wanted, mounting, map = configMap()) => {
    expect(await workers([map, pod(mounting)])).toEqual(wanted)
    expect(await workers([pod(mounting), map])).toEqual(wanted)
  })

  test('two of one name that differ tell nothing; two that are the same do', async () => {
    expect(await workers([configMap(), configMap({ data: { 'gunicorn.conf.py': 'workers = 4\n' } }), pod({})])).toBe('unknown')
    expect(await workers([configMap(), configMap(), pod({})])).toBe(3)
  })

  test('of another file, in a List', async () => {
    const files = { 'a/pod.yaml': stringify(pod({})),
      'a/conf.yaml': stringify({ apiVersion: 'v1', kind: 'List', items: [configMap({ data: { 'gunicorn.conf.py': 'Workers = 3\n' } })] }) }
    const { out } = await run(['check', 'a', '--fail-on', 'never'], files)
    expect(out).toContain(
      'a/conf.yaml:10:9: warn: spec.containers[0].command[2]: Invalid value: "Workers": must be `workers`, as gunicorn ignores other names (gunicorn.conf.py of ConfigMap "conf", line 1) [ignored-name]',
    )
  })
})

describe('a file that is handed over', () => {
  test.each<[string, unknown, Mounting, string]>([
    ['by its path', 9, {}, '/etc/gunicorn/gunicorn.conf.py=local.py'],
    ['by a path from where gunicorn starts', 9, { command: ['gunicorn', '-c', './conf/web.py', 'x'] }, 'conf/web.py=local.py'],
    ['the one that gunicorn finds', 9, { command: path }, 'gunicorn.conf.py=local.py'],
    ['after a change of the directory', 'unknown', { command: ['sh', '-c', 'cd x; gunicorn x'] }, 'gunicorn.conf.py=local.py'],
    ['not for another path', 'unknown', { command: ['gunicorn', '-c', '/x.py', 'x'] }, '/y.py=local.py'],
  ])('%s', async (_, wanted, mounting, flag) => {
    expect(await workers([pod({ ...mounting, volume: { emptyDir: {} } })], '--config-file', flag)).toEqual(wanted)
  })

  test.each([['local.py'], ['=local.py'], ['/x='], ['/x=missing.py']])('%s is refused', async (flag) => {
    expect((await run(['check', 'all.yaml', '--config-file', flag], { 'all.yaml': stringify(pod({})) })).status).toBe(2)
  })
})

test('the repository of a Procfile', async () => {
  const { out } = await run(['explain', 'Procfile'], { Procfile: 'web: gunicorn shop.wsgi\n',
    'gunicorn.conf.py': 'workers = 3\nbind = "x:y:z"\n' })
  expect(out).toMatch(/workers +3 +config file/)
  expect(out).toMatch(/refused.*not a valid port/)
})

describe('in the folder that a `cd` of the repository leads to', () => {
  const files = { 'src/gunicorn.conf.py': 'workers = 9\nbind = ":$PORT"\n', 'src/conf/web.py': 'workers = 8\n',
    'bin/gunicorn.conf.py': 'workers = 7\n' }

  test.each<[string, unknown, string, string?]>([
    ['before it', 9, 'cd src && gunicorn shop:app'],
    ['by its absolute path', 9, 'cd /app/src; exec gunicorn shop:app'],
    ['in two steps', 9, 'cd src/conf && cd .. && gunicorn shop:app'],
    ['with another file named', 8, 'cd src && gunicorn shop:app -c conf/web.py'],
    ['to and fro', absent, 'cd src && python manage.py migrate && cd .. && gunicorn shop:app'],
    ['behind it', absent, 'gunicorn shop:app; cd src'],
    ['of a pipeline, which moves nobody else', absent, 'cd src | cat; gunicorn shop:app'],
    ['in a script', 9, 'bin/run.sh', 'cd src\nexec gunicorn shop:app\n'],
    ['to the folder of the script', 7, 'bin/run.sh', 'cd "$(dirname "$0")"\nexec gunicorn shop:app\n'],
    ['to one beside it', 9, 'bash bin/run.sh', 'cd $(dirname ${BASH_SOURCE[0]})/../src || exit 1\nexec gunicorn shop:app\n'],
    ['to the root', absent, '/app/bin/run.sh', 'cd "${0%/*}/.."\nexec gunicorn shop:app\n'],
    ['in the shell of a shell', 9, 'cd src && bash -c "exec gunicorn shop:app"'],
    ['to one that is not known', 'unknown', 'cd "$WHERE" && gunicorn shop:app'],
    ['that may be left out', 'unknown', 'if [ -d src ]; then cd src; fi; gunicorn shop:app'],
    ['of a subshell', 'unknown', '(cd src; make); gunicorn shop:app'],
    ['of another one than the platform keeps it in', 'unknown', 'cd /srv/shop/src && gunicorn shop:app'],
    ['far from it', absent, 'cd /tmp && gunicorn shop:app'],
  ])('%s', async (...[, wanted, command, script]) => {
    const { out } = await run(['explain', 'Procfile', '--platform', 'blueking', '--format', 'json'], { ...files,
      Procfile: `web: ${command}\n`, ...(script === undefined ? {} : { 'bin/run.sh': script }) })
    const [invocation] =
      (JSON.parse(out) as { invocations: { settings: Record<string, { value: unknown }>; unknown: string[] }[] }).invocations
    expect(invocation?.unknown.includes('workers') ? 'unknown' : invocation?.settings['workers']?.value).toEqual(wanted)
  })

  test('what it sets is not overridden', async () => {
    const { files: left } = await run(['check', 'Procfile', '--fix'], { ...files, Procfile: 'web: cd src && gunicorn shop:app\n' })
    expect(left['Procfile']).not.toMatch(/ -[wb] /)
    expect(left['Procfile']).toContain(' --access-logfile -')
  })
})

test('at admission a ConfigMap is not read', async () => {
  const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview',
    request: { uid: 'u', operation: 'CREATE', object: pod({ command: path, container: { workingDir: '/etc/gunicorn' } }),
      namespace: 'shop' } }
  const { out } = await run(['review', 'review.json', '--mutate'], { 'review.json': JSON.stringify(review) })
  expect(JSON.parse(out)).toMatchObject({ response: { allowed: true } })
  expect(JSON.parse(out)).not.toHaveProperty('response.patch')
})
