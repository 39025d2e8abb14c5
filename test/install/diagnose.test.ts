/** `paddock diagnose deployment/NAME` on a cluster with a node: a Deployment that is overloaded on purpose, by its name, mended, and measured again. */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { startCluster, type Cluster } from '../cluster/cluster.ts'
import { pause } from '../cluster/program.ts'
import { kubectlFor, succeed, type Kubectl } from '../e2e/kubectl.ts'
import type { Diagnosis } from '../../src/logs/diagnosis.ts'
import { makeGunicornImage } from './gunicorn-image.ts'

const image = 'localhost/slow-shop:1'
const application = `import os, time
def application(environ, start_response):
    if environ['PATH_INFO'] == '/report':
        time.sleep(1)
    if environ['PATH_INFO'] == '/stop':
        os.kill(os.getppid(), 15)
    start_response('200 OK', [('Content-Length', '2')])
    return [b'ok']
`

/** Three people who ask for reports, one after the other, and one whose browser loads files. */
const load = `import threading, time, urllib.request
def ask(path, pause):
    while True:
        try: urllib.request.urlopen('http://127.0.0.1:5000' + path).read()
        except OSError: time.sleep(1)
        time.sleep(pause)
for path, pause in [('/report', 0.1)] * 3 + [('/static/a.css', 0.4)]:
    threading.Thread(target=ask, args=(path, pause)).start()
`

const manifest = `# The shop.
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: web
          image: ${image}
          imagePullPolicy: Never
          command: [gunicorn, wsgi, -b, ':5000', -w, '1', --access-logfile, '-', --access-logformat, '%(t)s "%(r)s" %(s)s %(D)s']  # one is enough
        - name: load
          image: ${image}
          imagePullPolicy: Never
          command: [python3, -c, ${JSON.stringify(load)}]
`

let folder: string
let cluster: Cluster
let kubectl: Kubectl
const cleanUp: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paddock-diagnose-'))
  cleanUp.unshift(() => rm(folder, { recursive: true, force: true }))
  cluster = await startCluster((line) => process.stderr.write(`cluster: ${line}\n`), process.env, { node: true })
  cleanUp.unshift(() => cluster.stop())
  kubectl = kubectlFor(cluster, 'shop', folder)
  await makeGunicornImage('23.0.0', image, join(folder, 'shop.tar'), application)
  await cluster.loadImage(join(folder, 'shop.tar'))
  await succeed(kubectl(['create', 'namespace', 'shop']))
  await succeed(kubectl(['wait', '--for=create', 'serviceaccount/default', 'configmap/kube-root-ca.crt', '--timeout=30s']))
}, 1_800_000)

afterAll(async () => {
  for (const step of cleanUp) await step()
}, 120_000)

async function diagnose(...words: readonly string[]): Promise<Diagnosis> {
  const program = join(import.meta.dirname, '../../cmd/paddock.ts')
  const child = spawn(process.execPath, [program, 'diagnose', 'deployment/web', '-n', 'shop', '--kubeconfig', cluster.kubeconfig,
    '--format', 'json', ...words])
  const [out, err] = [child.stdout, child.stderr].map((stream) => stream.setEncoding('utf8').toArray() as Promise<string[]>)
  await new Promise((resolve) => child.on('close', resolve))
  process.stderr.write(((await err) ?? []).join(''))
  return JSON.parse(((await out) ?? []).join('')) as Diagnosis
}

async function rolledOut(file: string): Promise<void> {
  await succeed(kubectl(['apply', '-f', file]))
  await succeed(kubectl(['rollout', 'status', 'deployment', 'web', '--timeout=120s']))
  // Those before have gone, and so have their logs.
  await pause(45_000)
}

const ids = ({ conclusions }: Diagnosis): readonly string[] => conclusions.map(({ id }) => id)

test('a Deployment that is overloaded, mended by what is advised, is so no longer', async () => {
  const file = join(folder, 'web.yaml')
  await writeFile(file, manifest)
  await rolledOut(file)
  const before = await diagnose(file, '--fix', '--since', '40s')
  expect(ids(before)).toEqual(expect.arrayContaining(['saturated-workers', 'waiting-requests']))
  expect(await readFile(file, 'utf8')).toBe(manifest.replace("-w, '1'", "-w, '4'"))

  await rolledOut(file)
  const after = await diagnose('--since', '40s')
  expect(ids(after).filter((id) => id !== 'slow-requests')).toEqual([])
  expect(after.requests?.busy).toBeLessThan(0.85)
})

test('the log from before a restart is read as well', async () => {
  const pod = await succeed(kubectl(['get', 'pod', '-l', 'app=web', '--output=jsonpath={.items[0].metadata.name}']))
  await kubectl(['get', '--raw', `/api/v1/namespaces/shop/pods/${pod}:5000/proxy/stop`])
  const restarts = ['get', 'pod', pod, '--output=jsonpath={.status.containerStatuses[?(@.name=="web")].restartCount}']
  for (let tries = 0; tries < 100 && await succeed(kubectl(restarts)) === '0'; tries++) await pause(300)
  await pause(3000)
  const { events, conclusions } = await diagnose()
  expect([events['start']?.count, events['stop']?.count, events['container-restart']?.count]).toEqual([2, 1, 1])
  expect(conclusions.map(({ id }) => id)).toContain('routine-restart')
})
