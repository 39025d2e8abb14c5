import { describe, expect, test } from '@jest/globals'
import { operatorOptions } from '../../src/operator/options.ts'

const env = { POD_NAMESPACE: 'guard' }
const hour = 3_600_000

describe("the operator's flags", () => {
  test('have defaults', () => {
    expect(operatorOptions([], env)).toEqual({
      command: 'run',
      namespace: 'guard',
      name: 'paddock',
      failurePolicy: 'Ignore',
      timeout: 2,
      certificates: 'Self',
      caLifetime: 8760 * hour,
      certificateLifetime: 168 * hour,
      scanInterval: hour,
      reports: 'Auto',
      excludedNamespaces: [],
      host: '::',
      port: 8080,
      webhookUrl: undefined,
      leaseDuration: 15_000,
      kubeconfig: undefined,
      lookingInto: undefined,
    })
  })

  test('are read', () => {
    const args =
      '--namespace other --name gate --failure-policy Fail --timeout 3s --certificates CertManager --ca-lifetime 2m --certificate-lifetime 30s --exclude-namespaces a,,b --webhook-url https://[::1]:8443/ --images --image-platform linux/arm64 --insecure-registry one:5000 cleanup'
    expect(operatorOptions(args.split(' '), env)).toMatchObject({
      command: 'cleanup',
      namespace: 'other',
      name: 'gate',
      failurePolicy: 'Fail',
      timeout: 3,
      certificates: 'CertManager',
      caLifetime: 120_000,
      certificateLifetime: 30_000,
      excludedNamespaces: ['a', 'b'],
      webhookUrl: 'https://[::1]:8443',
      lookingInto: { platform: 'linux/arm64', registryCa: undefined, insecure: ['one:5000'] },
    })
  })

  test.each([
    ['--failure-policy fail', '--failure-policy: "fail" must be one of Ignore, Fail'],
    ['--timeout 1500ms', '--timeout: "1500ms" must be whole seconds, and at most 30s'],
    ['--timeout 31s', '--timeout: "31s" must be whole seconds, and at most 30s'],
    ['--timeout 2', '--timeout: "2" must be a duration as Go writes it, such as 1h30m'],
    ['--certificate-lifetime 1s', '--certificate-lifetime: "1s" must be at least 20s'],
    ['--ca-lifetime 100h --certificate-lifetime 50h', '--certificate-lifetime: "50h" must be at most a third of --ca-lifetime, "100h"'],
    ['--port x', '--port: "x" must be a number from 0 to 65535'],
    ['--webhook-url http://x', '--webhook-url: "http://x" must be a URL that begins with https://, without a query'],
    ['tidy', '"tidy": the one command is cleanup'],
    ['--nope', /nope/],
  ])('%s is refused', (args, message) => {
    expect(() => operatorOptions(args.split(' '), env)).toThrow(message)
  })

  test('a namespace has to be named', () => {
    expect(() => operatorOptions([], {})).toThrow('--namespace must be given where $POD_NAMESPACE is not set')
  })
})
