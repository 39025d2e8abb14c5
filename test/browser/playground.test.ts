/** The playground in a real browser: it says what the command line says, of each example, and keeps what is asked in its link. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, extname, join } from 'node:path'
import { afterAll, beforeAll, expect } from '@jest/globals'
import { chromium, type Browser, type Page } from 'playwright-core'
import { examples } from '../../src/web/examples.ts'
import { kindOf } from '../../src/web/asked.ts'
import { wrapped } from '../../src/web/wrapped.ts'
import { realTest } from '../conformance/real.ts'

const root = dirname(dirname(import.meta.dirname))
const program = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path))
const missing = program === undefined ? 'there is no Chromium here: install the package chromium' : undefined
const types: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' }

let folder: string
let server: Server
let browser: Browser | undefined
let page: Page
const complaints: string[] = []

beforeAll(async () => {
  if (program === undefined) return
  folder = mkdtempSync(join(tmpdir(), 'paddock-playground-'))
  const built = spawnSync(process.execPath, [join(root, 'scripts/playground.ts'), join(folder, 'site')], { encoding: 'utf8' })
  if (built.status !== 0) throw new Error(built.stderr)
  server = createServer((request, response) => {
    const path = request.url === '/' ? '/index.html' : (request.url ?? '')
    const file = join(folder, 'site', path)
    if (!existsSync(file)) return void response.writeHead(404).end()
    response.writeHead(200, { 'content-type': types[extname(path)] ?? 'text/plain' }).end(readFileSync(file))
  }).listen(0, '127.0.0.1')
  browser = await chromium.launch({ executablePath: program,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'] })
  page = await browser.newPage()
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('request', (request) => {
    if (new URL(request.url()).host !== host()) complaints.push(`asked ${request.url()}`)
  })
})

afterAll(async () => {
  await browser?.close()
  server?.close()
  if (program !== undefined) rmSync(folder, { recursive: true })
})

const host = (): string => `127.0.0.1:${(server.address() as AddressInfo).port}`

/** What the command line says of a text, each finding as rule and place. */
function said(text: string): string[] {
  const { name, text: file, placeOf } = wrapped(kindOf(text), text)
  const work = mkdtempSync(join(folder, 'said-'))
  writeFileSync(join(work, name), file)
  const { stdout } = spawnSync(process.execPath, [join(root, 'dist/paddock.js'), 'check', name, '--format', 'json'], { cwd: work,
    encoding: 'utf8' })
  const { workloads } = JSON.parse(stdout) as { workloads: { findings: { rule: string; line: number; column: number }[] }[] }
  return workloads.flatMap(({ findings }) =>
    findings.map(({ rule, line, column }) => {
      const place = placeOf(line, column)
      return `${rule} ${place ? `${place.line}:${place.column}` : ''}`.trim()
    })
  ).toSorted()
}

const shown = async (): Promise<string[]> =>
  (await page.locator('.findings li').evaluateAll((items) =>
    items.map((item) => {
      const rule = item.getAttribute('data-rule') ?? ''
      return `${rule} ${item.querySelector('.place')?.textContent ?? ''}`.trim()
    })
  )).toSorted()

/** Waits until the page has what is expected: it reads a moment after the last key. */
async function becomes(read: () => Promise<unknown>, expected: unknown): Promise<void> {
  let found = await read()
  for (let tries = 0; tries < 200 && JSON.stringify(found) !== JSON.stringify(expected); tries++) {
    await page.waitForTimeout(50)
    found = await read()
  }
  expect(found).toEqual(expected)
}

for (const { name, text } of examples) {
  realTest(`it says what the command line says of ${name}`, missing, async () => {
    await page.goto(`http://${host()}/`)
    await page.getByRole('button', { name, exact: true }).click()
    const expected = said(text)
    expect(expected).not.toEqual([])
    await becomes(shown, expected)
    expect(complaints).toEqual([])
  })
}

realTest('what is typed is read, chosen by its place, mended, and kept in the link', missing, async () => {
  const text = 'gunicorn shop.wsgi -k nope'
  await page.goto(`http://${host()}/`)
  await page.getByRole('textbox').fill(text)
  await becomes(shown, said(text))
  await page.locator('li', { hasText: 'unknown-worker-class' }).getByRole('button').click()
  expect(await page.evaluate(() => getSelection()?.toString())).toBe('nope')
  expect(await page.locator('.diff ins').textContent()).toContain('--access-logfile -')
  const other = await browser!.newPage()
  await other.goto(page.url())
  expect(await other.getByRole('textbox').inputValue()).toBe(text)
  await other.close()
  await page.getByLabel('Policy').selectOption('kubernetes')
  await becomes(async () => (await shown()).some((one) => one.startsWith('missing-bind')), false)
  expect(complaints).toEqual([])
})

realTest('what is no file at all is said, and the page goes on', missing, async () => {
  await page.goto(`http://${host()}/`)
  await page.getByRole('textbox').fill('apiVersion: v1\nkind: [')
  await becomes(async () => (await page.locator('.findings li').allTextContents()).length, 1)
  await page.getByRole('textbox').fill('gunicorn a:b -k nope')
  await becomes(shown, said('gunicorn a:b -k nope'))
  expect(complaints).toEqual([])
})

realTest('it is used by the keyboard alone, and each control has a name', missing, async () => {
  await page.goto(`http://${host()}/`)
  await page.waitForSelector('.findings li')
  const unnamed = await page.locator('button, select, textarea').evaluateAll((controls) =>
    controls.filter((one) =>
      (one.getAttribute('aria-label') ?? one.textContent ?? '') === '' && document.querySelector(`label[for="${one.id}"]`) === null
    ).length
  )
  expect(unnamed).toBe(0)
  await page.getByRole('textbox').focus()
  for (let tabs = 0; tabs < 30; tabs++) {
    await page.keyboard.press('Tab')
    if (await page.evaluate(() => document.activeElement?.textContent) === 'a Procfile') break
  }
  await page.keyboard.press('Enter')
  await becomes(() => page.getByRole('textbox').inputValue(), examples[2]?.text)
})
