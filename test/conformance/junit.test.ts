/** What `--format junit` writes, read by a real XML parser: Python's expat. */
import { spawnSync } from 'node:child_process'
import { expect } from '@jest/globals'
import { run } from '../cli/in-memory.ts'
import { Random } from './random.ts'
import { realTest, seed } from './real.ts'
import { findProgram } from './shell-programs.ts'

const python = findProgram('python3')

/** Prints elements, attributes and text of the document on standard input as JSON. */
const reader = `
import json, sys, xml.etree.ElementTree as tree
def read(element):
    return {'name': element.tag, 'attributes': element.attrib, 'text': element.text or '', 'children': [read(child) for child in element]}
print(json.dumps(read(tree.parse(sys.stdin.buffer).getroot())))
`

interface Element {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly text: string
  readonly children: readonly Element[]
}

/** The elements and attributes that junit-10.xsd of Jenkins' xUnit plugin knows, as far as they are written. */
const known: Readonly<Record<string, { readonly attributes: readonly string[]; readonly children: readonly string[] }>> = {
  testsuites: { attributes: ['name', 'tests', 'failures', 'errors'], children: ['testsuite'] },
  testsuite: { attributes: ['name', 'tests', 'failures', 'errors'], children: ['testcase'] },
  testcase: { attributes: ['classname', 'name'], children: ['failure', 'error', 'system-out'] },
  failure: { attributes: ['type', 'message'], children: [] },
  error: { attributes: ['type', 'message'], children: [] },
  'system-out': { attributes: [], children: [] },
}

function* below(element: Element): Generator<Element> {
  yield element
  for (const child of element.children) yield* below(child)
}

const count = (element: Element, name: string): string => String([...below(element)].filter((one) => one.name === name).length)

/** What no XML document may hold (XML 1.0, section 2.2) is replaced. */
const storable = (text: string): string => text.toWellFormed().replaceAll(/[^\t\n\r\u0020-\uFFFD]/g, '\uFFFD')

realTest('whatever a manifest is called and holds, the document is read back',
  python === undefined ? 'there is no Python: install python3' : undefined, async () => {
  const random = new Random(seed)
  const odd = ['&', '<', '>', '"', "'", ']]>', '\n', '\r', '\t', '\0', '\u0001', '\u001b', '\u0085', '\u2028', '\uFFFE', '\uFFFF', '\uD800',
    '\u{1F600}', 'é', ' ', 'a', '&amp;', '<!--', '%']
  const word = (): string => Array.from({ length: 1 + random.below(6) }, () => random.pick(odd)).join('')
  const files: Record<string, string> = {}
  for (let number = 0; number < 150; number++) {
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: word(), namespace: word() },
      spec: { containers: [{ name: word(), command: ['gunicorn', 'app', '-k', word()] }] } }
    files[`k8s/${number}-${word()}.json`] = random.chance(0.2) ? `{${word()}` : JSON.stringify(pod)
  }
  const { out } = await run(['check', 'k8s', '--format', 'junit', '--fail-on', 'audit'], files)
  const { stdout, stderr, status } = spawnSync(python ?? '', ['-c', reader], { input: out, encoding: 'utf8', maxBuffer: 1 << 26,
    timeout: 60_000 })
  expect([stderr, status]).toEqual(['', 0])
  const root = JSON.parse(stdout) as Element

  for (const { name, attributes, children } of below(root)) {
    expect(known[name]?.attributes).toEqual(expect.arrayContaining(Object.keys(attributes)))
    expect(known[name]?.children).toEqual(expect.arrayContaining(children.map((child) => child.name)))
  }
  for (const one of [root, ...root.children]) {
    const { tests, failures, errors } = one.attributes
    expect([tests, failures, errors]).toEqual([count(one, 'testcase'), count(one, 'failure'), count(one, 'error')])
  }
  expect(root.children.map(({ attributes }) => attributes['name'] ?? '').sort()).toEqual(Object.keys(files).map(storable).sort())
  const failures = [...below(root)].filter(({ name }) => name === 'failure')
  expect(failures.length).toBeGreaterThan(80)
  for (const { attributes, text } of failures) expect(text).toContain(attributes['message'])
})
