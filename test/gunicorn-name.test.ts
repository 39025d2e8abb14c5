import { expect, test } from '@jest/globals'
import { isGunicorn, namesGunicorn, startsGunicorn } from '../src/gunicorn-name.ts'
import { speaksOfGunicorn } from '../src/kubernetes/foreign-kinds.ts'

test.each(['gunicorn', 'gunicorn3', '/usr/bin/gunicorn3'])('%s is gunicorn', (name) => {
  expect([isGunicorn(name), namesGunicorn(`exec ${name} shop:app`), startsGunicorn(`exec ${name} shop:app`)]).toEqual([true, true, true])
  expect(speaksOfGunicorn({ services: { web: { command: `${name} shop:app` } } })).toBe(true)
})

test.each(['gunicorn2', 'gunicorn33', 'gunicorn.py', 'gunicorn3.conf.py', 'my-gunicorn', 'gunicorn:8000', 'gunicorn==23.0.0', 'gunicorn/'])(
  '%s is not',
  (name) => {
    expect([isGunicorn(name), namesGunicorn(name), startsGunicorn(name), speaksOfGunicorn({ command: [name] })]).toEqual([false, false,
      false, false])
  },
)
