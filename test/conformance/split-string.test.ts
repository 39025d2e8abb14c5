/** `env -S`: what the real one makes of a string. */
import { expect } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { splitString } from '../../src/gunicorn/split-string.ts'
import { Random } from './random.ts'
import { realTest, seed } from './real.ts'

const count = Number(process.env['PADDOCK_SPLIT_STRINGS'] ?? 400)

const environment: Readonly<Record<string, string>> = { A: 'one', B: `it's "2" \\ #x`, E: '' }

// dprint-ignore: a list of words
const pieces = [
  'a', 'gunicorn', '-w', '4', ' ', ' ', '  ', '\t', '\n', '"', '"', "'", "'", '\\\\', '\\"', "\\'", '\\_', '\\n', '\\t', '\\f', '\\v', '\\r', '\\#', '\\$', '\\c', '\\q', '\\',
  '#', '${A}', '${B}', '${E}', '${NONE}', '$A', '$', '${', '}', ';', '*', '~', '=', 'é',
]

const strings = (random: Random): string[] =>
  Array.from({ length: count }, () => Array.from({ length: random.below(9) }, () => random.pick(pieces)).join(''))

const isGnu = spawnSync('/usr/bin/env', ['--version'], { encoding: 'utf8' }).stdout.includes('coreutils')

realTest('a string is taken apart as GNU env takes it', isGnu ? undefined : 'env is not that of GNU coreutils', () => {
  const shell = '/bin/sh'
  const script = 'for word; do printf "%s\\0" "$word"; done; printf "%s" end'
  const wrong = strings(new Random(seed)).flatMap((text) => {
    const { status, stdout } = spawnSync('/usr/bin/env', ['-S', `${shell} -c '${script.replaceAll('\\', '\\\\')}' x ${text}`], {
      env: environment,
      encoding: 'utf8',
    })
    const real = status === 0 ? stdout.slice(0, -3).split('\0').slice(0, -1) : undefined
    const said = splitString(text, (name) => environment[name])?.map(({ value }) => value)
    return JSON.stringify(said) === JSON.stringify(real) ? []
      : [`${JSON.stringify(text)}: ${JSON.stringify(real)}, and not ${JSON.stringify(said)}`]
  })
  expect(wrong).toEqual([])
})
