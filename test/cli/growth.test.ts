/** Files of many parts take time by their length, not by its square. */
import { describe, expect, test } from '@jest/globals'
import { readPythonYaml } from '../../src/yaml/python.ts'
import { readEvents } from '../../src/yaml/values.ts'
import { expectLinear } from '../growth.ts'
import { run } from './in-memory.ts'

const many = (count: number, part: (index: number) => string): string => Array.from({ length: count }, (_, index) => part(index)).join('')

describe('a text that is longer', () => {
  test.each<[string, number, (count: number) => unknown]>([
    ['a quoted scalar of lines that stand too shallow', 2000, (count) => readEvents(`spec:\n  name: 'a\n${many(count, () => 'x\n')}'\n`)],
    ['the same in double quotes', 2000, (count) => readEvents(`spec:\n  name: "a\n${many(count, () => 'x\\"\n')}"\n`)],
    ['a list in brackets', 2000, (count) => readEvents(`spec:\n  name: [a,\n${many(count, () => '"x",\n')}]\n`)],
    ['empty lines and comments with Windows line ends', 20_000,
      (count) => readPythonYaml(`${many(count, (index) => (index % 2 === 0 ? '\r\n' : '# x\r\n'))}a: b\n`)],
  ])('%s', (_, count, work) => expectLinear((size) => size, work, 4 * count))

  test.each<[string, string, number, (count: number) => string]>([
    ['modules of version 2', 'app_desc.yaml', 80,
      (count) =>
        `spec_version: 2\nmodules:\n${
          many(count, (index) =>
            `  m${index}:\n    language: Python\n    processes:\n      web:\n        command: gunicorn shop.wsgi -w 2\n`)
        }`],
    ['modules of version 3', 'app_desc.yaml', 80,
      (count) =>
        `specVersion: 3\nmodules:\n${
          many(count, (index) =>
            `  - name: m${index}\n    language: Python\n    spec:\n      processes:\n        - name: web\n          procCommand: gunicorn shop.wsgi -w 2\n`)
        }`],
    ['processes', 'Procfile', 100, (count) => many(count, (index) => `p${index}: gunicorn shop.wsgi -w 2\n`)],
    ['processes of one text', 'Procfile', 50,
      (count) => many(count, (index) => `a${index}: &a${index} gunicorn shop.wsgi -w 2\nb${index}: *a${index}\n`)],
  ])('%s', async (_, file, count, text) => {
    for (const flags of [[], ['--fix']])
      await expectLinear((size) => size, (size) => run(['check', ...flags, file], { [file]: text(size) }), 4 * count)
  })
})

test('forty such lines, which took hours', async () => {
  const { out } = await run(['check', 'app_desc.yaml'], {
    'app_desc.yaml': `${'\r\n'.repeat(40)}spec_version: 2\r\nmodule: {language: Python, processes: {web: {command: gunicorn a:b}}}\r\n`,
  })
  expect(out).toContain('1 workload, 1 gunicorn command')
})
