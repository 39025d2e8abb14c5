import { expect, test } from '@jest/globals'
import { normalise } from '../../src/python/distribution.ts'

test.each([
  ['gevent', 'gevent'],
  ['Flask-SocketIO', 'flask-socketio'],
  ['zope.interface', 'zope-interface'],
  ['A__b.-C', 'a-b-c'],
])('%s is %s', (name, normalised) => {
  expect(normalise(name)).toBe(normalised)
})
