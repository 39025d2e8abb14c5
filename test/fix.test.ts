/** What is put in: that it can be put in, that it holds, and that nothing else says otherwise. */
import { describe, expect, test } from '@jest/globals'
import { Admission } from './admitted.ts'

const bkapp = (processes: readonly object[], rest: object = {}): object => ({
  apiVersion: 'paas.bk.tencent.com/v1alpha2',
  kind: 'BkApp',
  metadata: { name: 'shop', annotations: { 'bkapp.paas.bk.tencent.com/use-cnb': 'true' } },
  spec: { build: { image: 'x' }, processes, ...rest },
})

describe('a BkApp whose processes are named in the image', () => {
  test.each(['blueking', 'kubernetes'] as const)('%s: nothing is put in, whatever stands beside the name', (preset) => {
    const admission = new Admission({ preset })
    for (const words of [{}, { args: ['python', 'x.py'] }, { command: ['python', 'x.py'] }, { command: ['gunicorn'], args: ['shop:app', '-b', '127.0.0.1:$PORT'] }, { procCommand: 'gunicorn' }])
      for (const name of ['gunicorn', 'web', '']) {
        const object = bkapp([{ name, replicas: 1, ...words }])
        expect(admission.mutated(object)).toEqual({ object, mended: [] })
      }
  })

  test('it is told at its name that nothing was checked', () => {
    expect(new Admission({}).validated(bkapp([{ name: 'gunicorn', args: ['python', 'x.py'] }]))).toEqual({ denied: [], told: ['unresolved-command'] })
  })
})
