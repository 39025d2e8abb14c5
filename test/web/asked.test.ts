import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { askedIn, fragmentOf, kindOf, kinds, longestText } from '../../src/web/asked.ts'
import { examples } from '../../src/web/examples.ts'

const presets = ['blueking', 'kubernetes']

describe('what a text is', () => {
  test.each([
    ['gunicorn app:app -b :$PORT', 'command'],
    ['  gunicorn app:app\n', 'command'],
    ['set -e\nexec gunicorn app:app', 'script'],
    ['#!/bin/sh\ngunicorn app:app', 'script'],
    ['web: gunicorn app:app', 'procfile'],
    ['# ours\nweb: gunicorn app:app\nworker: celery', 'procfile'],
    ['apiVersion: v1\nkind: Pod', 'manifest'],
    ['# a\n---\nkind: Pod\napiVersion: v1', 'manifest'],
    ['{"apiVersion": "v1"}', 'manifest'],
    ['', 'command'],
  ] as const)('%j', (text, kind) => expect(kindOf(text)).toBe(kind))

  test('the examples are what they are called', () => {
    expect(examples.map(({ text }) => kindOf(text))).toEqual(['command', 'script', 'procfile', 'manifest'])
  })
})

describe('links', () => {
  test('hold what is asked', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.option(fc.constantFrom(...kinds), { nil: undefined }), fc.constantFrom(...presets),
        (text, kind, preset) => {
          const asked = { kind, text, preset }
          const fragment = fragmentOf(asked)
          expect(fragment).toMatch(/^[\w-]*$/)
          expect(askedIn(fragment, presets)).toEqual(asked)
        }),
    )
  })

  test('that are none of ours are passed over', () => {
    for (const value of [[], null, { text: 1, preset: 'blueking' }, { text: 'a' }, { text: 'a', preset: 'none' }, {
      text: 'a'.repeat(longestText + 1),
      preset: 'blueking',
    }])
      expect(askedIn(Buffer.from(JSON.stringify(value)).toString('base64url'), presets)).toBeUndefined()
    fc.assert(fc.property(fc.string(), (text) => void askedIn(text, presets)))
  })
})
