import { expect, test } from '@jest/globals'
import { integer, oid, tagged, time } from '../../src/x509/der.ts'

test('DER: the examples of X.690, and lengths and numbers on either side of a byte', () => {
  const hex = (der: Buffer) => der.toString('hex')
  expect(hex(oid('2.999.3'))).toBe('0603883703')
  expect(hex(oid('1.2.840.10045.4.3.2'))).toBe('06082a8648ce3d040302')
  const numbers = { '00': '020100', '0000': '020100', '7f': '02017f', '80': '02020080', '0080': '02020080', ff01: '020300ff01' }
  for (const [bytes, der] of Object.entries(numbers)) expect(hex(integer(Buffer.from(bytes, 'hex')))).toBe(der)
  const sizes = { 0: '0400', 127: '047f', 128: '048180', 255: '0481ff', 256: '04820100', 65_536: '0483010000' }
  for (const [size, head] of Object.entries(sizes)) {
    expect(hex(tagged(4, Buffer.alloc(Number(size))))).toBe(head + '00'.repeat(Number(size)))
  }
  expect(time(new Date('2049-12-31T23:59:59.900Z')).toString('latin1')).toBe('\x17\x0d491231235959Z')
  expect(time(new Date('2050-01-01T00:00:00Z')).toString('latin1')).toBe('\x18\x0f20500101000000Z')
})
