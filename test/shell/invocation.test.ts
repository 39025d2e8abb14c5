import { expect, test } from '@jest/globals'
import { shellScript } from '../../src/shell/invocation.ts'
import { literal, type Word } from '../../src/shell/word.ts'

/** Words parted by blanks; `?` is one that is unknown, `*` one that may be several. */
const parse = (text: string): Word[] =>
  text.split(' ').map((value) => (
    /^[?*]$/.test(value) ? { value: null, prefix: '', splits: value === '*', text: value, start: 0, end: 1 } : literal(value)
  ))

test.each([
  ['sh -c S', 'sh: S'],
  ['/bin/sh -c S', 'sh: S'],
  ['/usr/local/bin/bash -c S', 'bash: S'],
  ['dash -c S', 'sh: S'],
  ['ash -c S', 'sh: S'],
  ['busybox sh -c S', 'sh: S'],
  ['/bin/busybox ash -ec S', 'sh: S errexit'],
  ['sh -c S NAME a b', 'sh: S [NAME a b]'],
  ['sh -ec S', 'sh: S errexit'],
  ['sh -ce S', 'sh: S errexit'],
  ['bash -lc S', 'bash: S login'],
  ['bash -l -c S', 'bash: S login'],
  ['bash --login -c S', 'bash: S login'],
  ['bash -login -c S', 'bash: S login'],
  ['sh --login -c S', 'sh: S login'],
  ['bash -euxo pipefail -c S', 'bash: S errexit nounset'],
  ['bash -o pipefail -c S', 'bash: S'],
  ['bash -o errexit -c S', 'bash: S errexit'],
  ['bash -c -o pipefail S', 'bash: S'],
  ['bash --norc --noprofile -c S', 'bash: S'],
  ['bash --rcfile X -c S', 'bash: S'],
  ['bash -O extglob -c S', 'bash: S'],
  ['sh -c -e S', 'sh: S errexit'],
  ['sh -e +e -c S', 'sh: S'],
  ['sh +x -c S', 'sh: S'],
  ['sh -c -- S', 'sh: S'],
  ['sh -c - S -x', 'sh: S [-x]'],
  ['sh -c -- -S', 'sh: -S'],
  ['sh -fac S', 'sh: S noglob allexport'],
  ['sh -nc S', 'sh: S noexec'],
  ['bash -ic S', 'bash: S interactive'],
  ['sh -c S ? b', 'sh: S [? b]'],
  ['sh run.sh', null],
  ['sh run.sh -c S', null],
  ['sh', null],
  ['sh -c', null],
  ['sh -s S', null],
  ['bash --version -c S', null],
  ['bash --nosuch -c S', null],
  ['bash -o nosuch -c S', null],
  ['bash -c --login S', null],
  ['sh -z -c S', null],
  ['sh ? -c S', null],
  ['sh -c ?', null],
  ['sh -c *', null],
  ['? -c S', null],
  ['busybox wget -c S', null],
  ['busybox bash -c S', null],
  ['zsh -c S', null],
  ['python -c S', null],
])('%s', (text, expected) => {
  const words = parse(text)
  const read = shellScript(words)
  const options = Object.entries(read?.options ?? {}).filter(([, on]) => on).map(([name]) => ` ${name}`).join('')
  const parameters = read !== null && read.parameters.length > 0 ? ` [${read.parameters.map((word) => word.text).join(' ')}]` : ''
  expect(read && `${read.dialect}: ${words[read.script]?.text ?? ''}${parameters}${options}`).toBe(expected)
})
