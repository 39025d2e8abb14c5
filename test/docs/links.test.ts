import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from '@jest/globals'

/** Written by hand; those of rules are generated. */
const pages = [
  'README.md',
  'charts/paddock/README.md',
  ...['docs', 'docs/decisions'].flatMap((folder) =>
    readdirSync(folder).filter((name) => name.endsWith('.md')).map((name) => join(folder, name))
  ),
]

/** A heading's name in a link: https://docs.github.com/en/get-started/writing-on-github */
const anchor = (heading: string): string =>
  heading.toLowerCase().replaceAll(/[`*]/g, '').replaceAll(/[^\w\- ]/g, '').trim().replaceAll(' ', '-')
const anchors = (path: string): string[] =>
  [...readFileSync(path, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchor(heading))

test.each(pages)('%s: every link to a file of the repository leads somewhere', (page) => {
  const broken: string[] = []
  for (const [, target = ''] of readFileSync(page, 'utf8').matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue
    const [path = '', heading] = target.split('#')
    const file = path === '' ? page : join(dirname(page), path)
    if (!existsSync(file) || (heading !== undefined && !anchors(file).includes(heading))) broken.push(target)
  }
  expect(broken).toEqual([])
})

test('every line of good practice names what shows it', () => {
  const rows = readFileSync('docs/good-practice.md', 'utf8').split('\n').filter((line) =>
    line.startsWith('| ') && !/^\| (---|point)/.test(line)
  )
  expect(rows.length).toBeGreaterThan(30)
  for (const row of rows) {
    const [, point = '', kept = '', shown = ''] = row.split(' | ').length === 3 ? ['', ...row.split(' | ')] : []
    expect({ point, kept: /^(yes|no|in part|told)/.test(kept), shown: /\]\([^)]+\)/.test(shown) }).toEqual({ point, kept: true,
      shown: true })
  }
})
