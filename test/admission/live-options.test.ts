import { expect, test } from '@jest/globals'
import { webhookOptions } from '../../src/admission/live-options.ts'

const env = { POD_NAMESPACE: 'paddock' }

test('what is not given', () => {
  expect(webhookOptions([], env)).toEqual({
    namespace: 'paddock',
    host: '::',
    port: 8443,
    tlsSecret: 'paddock-webhook-tls',
    lameDuck: 5000,
    controllers: [],
    kubeconfig: undefined,
    clientCa: undefined,
    lookingInto: undefined,
    memo: 4 * 1024 * 1024,
  })
})

test('what is given', () => {
  const args = [
    '--namespace=a',
    '--host',
    '127.0.0.1',
    '--port=0',
    '--tls-secret',
    'tls',
    '--lame-duck=1m30s',
    '--controllers=system:serviceaccount:argo-rollouts:argo-rollouts, system:serviceaccount:kruise-system:kruise-manager',
    '--kubeconfig',
    'file',
    '--client-ca=ca.crt',
    '--images',
    '--image-platform=linux/arm64',
    '--registry-ca=registries.crt',
    '--insecure-registry=one:5000',
    '--insecure-registry=two:5000',
    '--memo=0',
  ]
  expect(webhookOptions(args, env)).toEqual({
    namespace: 'a',
    host: '127.0.0.1',
    port: 0,
    tlsSecret: 'tls',
    lameDuck: 90_000,
    controllers: ['system:serviceaccount:argo-rollouts:argo-rollouts', 'system:serviceaccount:kruise-system:kruise-manager'],
    kubeconfig: 'file',
    clientCa: 'ca.crt',
    lookingInto: { platform: 'linux/arm64', registryCa: 'registries.crt', insecure: ['one:5000', 'two:5000'] },
    memo: 0,
  })
})

test.each([
  [[], {}, '--namespace must be given where $POD_NAMESPACE is not set'],
  [['--port=65536'], env, '--port: "65536" must be a number from 0 to 65535'],
  [['--port='], env, '--port: "" must be a number from 0 to 65535'],
  [['--lame-duck=5'], env, '--lame-duck: "5" must be a duration as Go writes it, such as 5s'],
  [['--memo=-1'], env, '--memo: "-1" must be a number of MiB from 0 to 9999'],
  [['--unknown'], env, "Unknown option '--unknown'"],
  [['word'], env, "Unexpected argument 'word'"],
])('%j', (args, environment, words) => {
  expect(() => webhookOptions(args, environment)).toThrow(words)
})
