import { describe, expect, test } from '@jest/globals'
import { isLoopback, parseAddress, type AddressSyntax } from '../../src/gunicorn/address.ts'

const written = (text: string, syntax?: AddressSyntax): string => {
  const address = parseAddress(text, syntax)
  if (address.kind === 'tcp') return `${address.host} ${address.port}`
  if (address.kind === 'unix') return `unix ${address.path}`
  return address.kind === 'fd' ? `fd ${address.fd}` : address.message
}

test.each([
  ['0.0.0.0:8000', '0.0.0.0 8000'],
  ['0.0.0.0', '0.0.0.0 8000'],
  [':5000', ' 5000'],
  ['', '0.0.0.0 8000'],
  ['8080', '8080 8000'],
  ['LocalHost:80', 'localhost 80'],
  ['[::]:8000', ':: 8000'],
  ['[::1]', '::1 8000'],
  ['::1', "'' is not a valid port number."],
  ['0.0.0.0:80:81', '0.0.0.0 80'],
  ['0.0.0.0: 80', '0.0.0.0 80'],
  ['tcp://0.0.0.0:80', '0.0.0.0 80'],
  ['http://0.0.0.0:80', "'//0.0.0.0' is not a valid port number."],
  [':$PORT', "'$PORT' is not a valid port number."],
  [':', "'' is not a valid port number."],
  ['unix:/run/web.sock', 'unix /run/web.sock'],
  ['unix://run/web.sock', 'unix run/web.sock'],
  ['unix:///run/web.sock', 'unix /run/web.sock'],
  ['fd://3', 'fd 3'],
  ['fd://x', "'x' is not a valid file descriptor."],
])('%j: %s', (text, address) => {
  expect(written(text)).toBe(address)
})

describe('releases before 20.0', () => {
  test.each([
    ['0.0.0.0:80', '0.0.0.0 80'],
    ['[::]:80', ':: 80'],
    ['0.0.0.0:80:81', "'80:81' is not a valid port number."],
    ['0.0.0.0: 80', "' 80' is not a valid port number."],
    ['tcp://10.0.0.1:80', '10.0.0.1 80'],
    // What PORT holds where a Service is called so, behind gunicorn's own `0.0.0.0:`.
    ['0.0.0.0:tcp://10.0.0.1:80', "'tcp://10.0.0.1:80' is not a valid port number."],
    ['fd://3', "'//3' is not a valid port number."],
  ])('%j: %s', (text, address) => {
    expect(written(text, 'digits')).toBe(address)
  })
})

test.each([
  ['127.0.0.1:8000', true],
  ['127.9:8000', true],
  ['localhost', true],
  ['LOCALHOST:80', true],
  ['[::1]:80', true],
  ['[0:0:0:0:0:0:0:1]:80', true],
  ['[0000:0000:0000:0000:0000:0000:0000:0001]:80', true],
  ['0.0.0.0:8000', false],
  [':8000', false],
  ['[::]:80', false],
  ['128.0.0.1:80', false],
  ['127.example.com:80', false],
  ['localhost.example.com:80', false],
  ['unix:/run/127.0.0.1:80', false],
  ['fd://3', false],
  ['127.0.0.1:http', false],
])('%s is a loopback address: %j', (text, loopback) => {
  expect(isLoopback(parseAddress(text))).toBe(loopback)
})
