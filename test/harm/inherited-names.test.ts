/**
 * Names that every object of JavaScript has a member of mean nothing in a command: each is read as any other name that nobody
 * knows, wherever a name may stand.
 */
import { describe, expect, test } from '@jest/globals'
import { answerReview } from '../../src/admission/answer.ts'
import { annotatedPython } from '../../src/dependencies/annotation.ts'
import { readWorkload } from '../../src/kubernetes/workload.ts'
import { lint } from '../../src/lint.ts'
import { presetNames } from '../../src/policy/presets.ts'
import { presetNamed } from '../../src/policy/read.ts'

const inherited = Object.getOwnPropertyNames(Object.prototype)
/** As long, with the same kinds of letters, and nobody's. */
const unknown = (name: string): string => name.replaceAll(/[a-z]/g, 'q').replaceAll(/[A-Z]/g, 'Q')

interface Fields {
  readonly [name: string]: unknown
}
const pod = (container: Fields, annotations: Fields = {}, spec: Fields = {}): Fields => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'shop', annotations },
  spec: { containers: [{ name: 'web', ...container }], ...spec },
})
const script = (text: string): Fields => pod({ command: ['sh', '-c', text] })

/** Where a name may stand. */
const places: Readonly<Record<string, (name: string) => Fields>> = {
  program: (name) => pod({ command: [name, 'gunicorn', 'shop'] }),
  'program of an image with arguments of gunicorn': (name) =>
    pod({ command: [name, 'x'], env: [{ name: 'GUNICORN_CMD_ARGS', value: '-k nope' }] }),
  'program with options for gunicorn': (name) => pod({ command: [name, 'server', '--gunicorn-opts', '-k nope'] }),
  'program of a script': (name) => script(`${name} gunicorn; ${name} & exec gunicorn shop`),
  subcommand: (name) => pod({ command: ['poetry', name, 'gunicorn', 'shop'] }),
  wrapper: (name) => pod({ command: ['env', name, 'gunicorn', 'shop'] }),
  module: (name) => pod({ command: ['python', '-m', name, 'gunicorn', 'shop'] }),
  option: (name) => pod({ command: ['gunicorn', `--${name}`, 'x', 'shop'] }),
  'option with a value': (name) => pod({ command: ['gunicorn', `--${name}=x`, 'shop'] }),
  application: (name) => pod({ command: ['gunicorn', `${name}:${name}`] }),
  'worker class': (name) => pod({ command: ['gunicorn', '-k', name, 'shop'] }),
  'worker class of the package': (name) => pod({ command: ['gunicorn', '-k', `gunicorn.workers.${name}`, 'shop'] }),
  'log level': (name) => pod({ command: ['gunicorn', '--log-level', name, 'shop'] }),
  'number of seconds': (name) => pod({ command: ['gunicorn', '-t', `3${name}`, 'shop'] }),
  'TLS version': (name) => pod({ command: ['gunicorn', '--ssl-version', name, 'shop'] }),
  'reload engine': (name) => pod({ command: ['gunicorn', '--reload-engine', name, 'shop'] }),
  port: (name) =>
    pod({ command: ['gunicorn', '-b', `:${name}`, 'shop'], ports: [{ name, containerPort: 80 }],
      readinessProbe: { httpGet: { port: name } } }),
  host: (name) => pod({ command: ['gunicorn', '-b', `${name}:80`, 'shop'] }),
  'variable of gunicorn': (name) => pod({ command: ['gunicorn', '-e', `${name}=x`, 'shop'] }),
  variable: (name) => pod({ command: ['gunicorn', '-b', `:$(${name})`, 'shop'], env: [{ name, value: '80' }] }),
  'variable of a script': (name) => script(`${name}=80; export ${name}; exec gunicorn -b :$${name} shop`),
  'function of a script': (name) => script(`${name}() { gunicorn -k nope shop; }; ${name}`),
  alias: (name) => script(`alias ${name}=gunicorn\n${name} -k nope shop`),
  trap: (name) => script(`trap ${name} ${name}; exec gunicorn shop`),
  container: (name) => pod({ name, command: ['gunicorn', 'shop'] }),
  image: (name) => pod({ image: name, command: ['gunicorn', 'shop'] }),
  field: (name) => pod({ command: ['gunicorn', 'shop'], [name]: name }),
  volume: (name) =>
    pod({ command: ['gunicorn', '-c', `/${name}/x.py`, 'shop'], volumeMounts: [{ name, mountPath: `/${name}` }] }, {}, {
      volumes: [{ name, emptyDir: {} }],
    }),
  annotation: (name) => pod({ command: ['gunicorn', 'shop'] }, { [name]: name, 'paddock.dev/allow': name }),
  release: (name) => pod({ command: ['gunicorn', 'shop'] }, { 'paddock.dev/gunicorn': name, 'paddock.dev/python': name }),
  distribution: (name) =>
    pod({ command: ['gunicorn', '-k', 'gevent', 'shop'] }, {
      'paddock.dev/requirements': `${name}==1\ngevent; ${name} == "x"\ngevent[${name}]`,
    }),
  'statsd tag': (name) => pod({ command: ['gunicorn', '--dogstatsd-tags', name, '--proxy-protocol', name, 'shop'] }),
  kind: (name) => ({ ...pod({ command: ['gunicorn', 'shop'] }), kind: name }),
  quantity: (name) => pod({ command: ['gunicorn', 'shop'], resources: { limits: { cpu: `1${name}`, [name]: '1' } } }),
}

/** What is found, with the name made anonymous. */
function found(object: Fields, name: string): readonly string[] {
  const workload = readWorkload(object)
  if (!workload) return ['no workload']
  const messages = presetNames.flatMap((preset) =>
    lint(workload, presetNamed(preset), annotatedPython(workload)).findings.map(({ message, remedy, action }) =>
      `${action} ${message} ${remedy}`
    )
  )
  return [...workload.errors.map(({ detail }) => detail), ...messages].map((text) =>
    text.replaceAll(new RegExp(name, 'gi'), 'NAME').replaceAll(new RegExp(unknown(name), 'gi'), 'NAME')
  )
}

describe.each(Object.entries(places))('%s', (_, make) => {
  test.each(inherited)('%s', (name) => {
    expect(found(make(name), name)).toEqual(found(make(unknown(name)), unknown(name)))
    const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview',
      request: { uid: 'u', operation: 'CREATE', namespace: 'shop', object: make(name) } }
    expect(answerReview('both', JSON.stringify(review), () => presetNamed('kubernetes')).response.uid).toBe('u')
  })
})
