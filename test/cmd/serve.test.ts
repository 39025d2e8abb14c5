/** `paddock serve` with certificates that it cannot use, or cannot be asked by: it ends, says which file, and has status 2. */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { program } from '../program.ts'

const folder = mkdtempSync(join(tmpdir(), 'paddock-serve-'))
afterAll(() => rmSync(folder, { recursive: true }))

const own = join(folder, 'own')
mkdirSync(own)
execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout',
  join(own, 'tls.key'), '-out', join(own, 'tls.crt'), '-days', '10', '-subj', '/CN=localhost'], { stdio: 'ignore' })
const examples = join(folder, 'examples')
mkdirSync(examples)
writeFileSync(join(examples, 'pod.yaml'),
  'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, command: [gunicorn, "a:b"]}]}\n')

/** Serves with the files of somebody's own, changed. */
function served(name: string, change: (certDir: string) => void): { status: number | null; stderr: string; certDir: string } {
  const certDir = join(folder, name)
  cpSync(own, certDir, { recursive: true })
  change(certDir)
  const { status, stderr } = spawnSync(process.execPath, [program(), 'serve', '--port', '0', '--cert-dir', certDir, '--examples', examples,
    '--once'], { encoding: 'utf8' })
  return { status, stderr: stderr.split('\n').filter((line) => !line.startsWith('{')).join('\n'), certDir }
}

describe('serve --once', () => {
  test('without the CA of a certificate, it cannot ask, and ends', () => {
    const { status, stderr } = served('no-ca', () => {})
    expect(status).toBe(2)
    expect(stderr).toMatch(/\npaddock: .*examples: the webhook could not be asked: .*self-signed certificate.*\n$/)
    expect(stderr).not.toMatch(/\n {4}at /)
  })

  test.each<[string, string, (text: string) => string]>([
    ['half a certificate', 'tls.crt', (text) => text.slice(0, 200)],
    ['a certificate whose body is none', 'tls.crt', (text) => text.replace(/\n[\w+/]{20}/, '\nAAAAAAAAAAAAAAAAAAAA')],
    ['an empty certificate', 'tls.crt', () => ''],
    ['half a key', 'tls.key', (text) => text.slice(0, 80)],
  ])('%s', (name, file, change) => {
    const { status, stderr, certDir } = served(name.replaceAll(' ', '-'),
      (to) => writeFileSync(join(to, file), change(readFileSync(join(to, file), 'utf8'))))
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringMatching(/^paddock: [^\n]*\n$/) })
    expect(stderr.startsWith(`paddock: ${join(certDir, file)}: `)).toBe(true)
  })
})
