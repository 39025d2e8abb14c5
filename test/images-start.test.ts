/** What an image starts by itself is judged like a command in the manifest: the image is looked into for real, the rest is the engine. */
import { describe, expect, test } from '@jest/globals'
import { imageStarts } from '../src/dependencies/image/containers.ts'
import { lookInto } from '../src/dependencies/image/look.ts'
import { evidenceOf, summaryOf, type ImageSummary } from '../src/dependencies/image/summary.ts'
import { pythonOfImages } from '../src/dependencies/image/python.ts'
import { commandFor, gunicornContainers, startOf } from '../src/dependencies/image/containers.ts'
import { annotatedPython } from '../src/dependencies/annotation.ts'
import { findingsIn, judge } from '../src/judge.ts'
import { readWorkload } from '../src/kubernetes/workload.ts'
import { layoutImage } from '../src/oci/layout.ts'
import { override, type PolicySpec } from '../src/policy/policy.ts'
import { preset } from '../src/policy/presets.ts'
import { layer, MadeLayout, pythonWithGunicorn, type Listing } from './oci/made-images.ts'

async function image(config: object, more: Listing = []): Promise<(container: object) => Promise<ImageSummary>> {
  const layout = new MadeLayout()
  const made = layout.image([await layer([
    ...pythonWithGunicorn,
    ...more,
  ])], config)
  layout.index([made])
  const stored = await layoutImage((path) => {
    const content = layout.files.get(path)
    return content && { size: content.length, open: async function*() {
      yield content
    } }
  }, {}, { platform: { os: 'linux', architecture: 'amd64', variant: '' }, isFirm: false })
  return async (object) => {
    const look = await lookInto(stored)
    const workload = readWorkload(object)!
    const [container] = gunicornContainers(workload)
    // What is kept for later has been written down between.
    return JSON.parse(
      JSON.stringify(
        summaryOf(stored.digest, stored.config, await look.evidence(container && commandFor(startOf(container), stored.config))),
      ),
    ) as ImageSummary
  }
}

const pod = (container: object = {}): object => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' },
  spec: { containers: [{ name: 'web', image: 'shop:1', ...container }] } })

async function found(config: object, more: Listing = [], container: object = {}, spec: PolicySpec = {}): Promise<string[]> {
  const object = pod(container)
  const summary = await (await image(config, more))(object)
  const workload = readWorkload(object)!
  const policy = override(preset('kubernetes')!, 'house', { defaults: { accesslog: null }, ...spec })
  const python = pythonOfImages([{ name: 'shop:1', evidence: evidenceOf(summary) }], annotatedPython(workload))
  const given = { workload, policy, python, surroundings: { images: imageStarts(() => summary) } }
  expect(judge({ ...given, object }).rounds).toEqual([])
  return findingsIn(given).filter(({ action }) => action !== 'Audit').map(({ action, message }) => `${action} ${message}`)
}

describe('what an image starts', () => {
  test('gunicorn itself, by ENTRYPOINT and CMD, and arguments in place of CMD', async () => {
    const config = { Entrypoint: ['gunicorn', '-k', 'gevent'], Cmd: ['-b', '127.0.0.1:8000', 'app'] }
    expect(await found(config)).toEqual([
      expect.stringMatching(/^Deny spec\.containers\[0\]\.image: .*"127\.0\.0\.1:8000".*\[loopback-bind\]$/),
      expect.stringMatching(
        /^Deny spec\.containers\[0\]\.image: .*needs gevent, which is not in image "shop:1" \[missing-worker-dependency\]$/,
      ),
    ])
    expect(await found(config, [], { args: ['-b', ':8000', 'app'] })).toEqual([expect.stringContaining('[missing-worker-dependency]')])
    expect(await found({ Cmd: ['gunicorn', '-b', ':8000', 'app'] })).toEqual([])
  })

  test('a script, by its path and by PATH, and one that starts another; with what the image and the object set', async () => {
    const scripts: Listing = [['usr/local/bin/start.sh', '#!/bin/sh\nset -e\nexec /app/serve.sh "$@"\n'], ['app/serve.sh',
      '#!/bin/sh\nexec gunicorn -b "${BIND:-127.0.0.1:8000}" app\n']]
    const denied = expect.stringMatching(/^Deny spec\.containers\[0\]\.image: .*"127\.0\.0\.1:8000".*\[loopback-bind\]$/)
    for (const Entrypoint of [['start.sh'], ['/usr/local/bin/start.sh'], ['/bin/sh', '/usr/local/bin/start.sh'], ['/app/serve.sh']])
      expect({ Entrypoint, found: await found({ Entrypoint }, scripts) }).toEqual({ Entrypoint, found: [denied] })
    expect(await found({ Entrypoint: ['start.sh'], Env: ['BIND=:8000'] }, scripts)).toEqual([])
    expect(await found({ Entrypoint: ['start.sh'] }, scripts, { env: [{ name: 'BIND', value: ':8000' }] })).toEqual([])
    // What a Secret or an envFrom brings is not known, and nothing is denied for it.
    expect(
      await found({ Entrypoint: ['start.sh'] }, scripts, { env: [{ name: 'BIND', valueFrom: { secretKeyRef: { name: 'a', key: 'b' } } }] }),
    ).toEqual([])
    expect(await found({ Entrypoint: ['start.sh'] }, scripts, { envFrom: [{ configMapRef: { name: 'a' } }] })).toEqual([])
    // A volume lies over the script.
    expect(await found({ Entrypoint: ['start.sh'] }, scripts, { volumeMounts: [{ name: 'a', mountPath: '/app' }] })).toEqual([])
    // A script of the image that the object names.
    expect(await found({}, scripts, { command: ['/app/serve.sh'] })).toEqual([
      expect.stringMatching(/^Deny spec\.containers\[0\]\.command\[0\]: .*\[loopback-bind\]$/),
    ])
  })

  test('the config file beside it', async () => {
    const config = { Entrypoint: ['gunicorn', 'app'], WorkingDir: '/srv' }
    const file: Listing = [['srv/gunicorn.conf.py', 'bind = "127.0.0.1:9000"\nworker_class = "gevent"\n']]
    expect(await found(config, file)).toEqual([expect.stringContaining('[loopback-bind]'),
      expect.stringContaining('[missing-worker-dependency]')])
    expect(await found({ ...config, WorkingDir: '/' }, file)).toEqual([expect.stringContaining('[missing-bind]')])
    expect(await found(config, file, { workingDir: '/elsewhere' })).toEqual([expect.stringContaining('[missing-bind]')])
    expect(await found(config, file, { volumeMounts: [{ name: 'a', mountPath: '/srv' }] })).toEqual([])
  })

  test('a command of the object, by the config file and the variables of its image', async () => {
    const config = { Entrypoint: ['none'], WorkingDir: '/srv', Env: ['WEB_CONCURRENCY=0'] }
    const file: Listing = [['srv/gunicorn.conf.py', 'bind = "127.0.0.1:9000"\n'], ['etc/web.py', 'bind = ":9000"\n']]
    const own = { command: ['gunicorn', 'app'] }
    expect(await found(config, file, own)).toEqual([
      expect.stringMatching(/127\.0\.0\.1:9000.*\(\/srv\/gunicorn\.conf\.py, line 1\) \[loopback-bind\]$/),
      expect.stringContaining('[zero-workers]'),
    ])
    expect(await found(config, file, { command: ['gunicorn', '-c', '/etc/web.py', '-w', '2', 'app'] })).toEqual([])
    expect(await found(config, file, { ...own, env: [{ name: 'WEB_CONCURRENCY', value: '2' }], workingDir: '/etc', args: ['-b', ':80'] }))
      .toEqual([])
  })

  test('what is in sight is judged by itself, and an image that starts something else is none', async () => {
    const config = { Entrypoint: ['gunicorn', '-k', 'gevent', 'app'] }
    expect(await found(config, [], { command: ['gunicorn', '-b', ':8000', 'app'] })).toEqual([])
    expect(await found({ Entrypoint: ['celery', 'worker'] })).toEqual([])
  })
})
