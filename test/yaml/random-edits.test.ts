/** Any edits of any documents. */
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Path } from '../../src/kubernetes/field.ts'
import { editManifests } from '../../src/yaml/edit-manifests.ts'
import type { RoundEdit as Edit } from '../../src/edit.ts'
import { readManifests } from '../../src/yaml/manifests.ts'
import { amount } from '../amount.ts'
import { emit, styled, styledNode, text, valueOf } from '../cli/styled.ts'
import type { Json } from '../cli/styled.ts'

describe('random documents and edits', () => {
  /** The same documents in each run, unless other ones are asked for. */
  const seed = Number(process.env['PADDOCK_SEED'] ?? 1)
  const wish = fc.record({
    op: fc.constantFrom('add', 'add', 'append', 'replace', 'remove', 'splice', 'splice'),
    place: fc.nat(),
    from: fc.nat(),
    length: fc.nat({ max: 5 }),
    text,
    value: styledNode.map(valueOf),
    name: fc.constantFrom('env', 'x2', 'on', ''),
  })

  /** An edit of a value that fits a wish; undefined where there is none. */
  function editFor(
    value: Json,
    { op, place, from, length, text: inserted, value: added, name }: typeof wish extends fc.Arbitrary<infer T> ? T : never,
  ): Edit | undefined {
    const places = [...walk(value)]
    const pick = (wanted: (value: Json) => boolean): [Path, Json] | undefined => {
      const found = places.filter(([path, at]) => wanted(at) && (path.length > 0 || typeof at === 'object'))
      return found[place % found.length]
    }
    if (op === 'splice') {
      const [path, string] = pick((at) => typeof at === 'string') ?? []
      if (path === undefined) return undefined
      const start = from % (String(string).length + 1)
      return { op, path, start, end: Math.min(String(string).length, start + length), text: inserted }
    }
    if (op === 'add' || op === 'append') {
      const [path, parent] = pick((at) => typeof at === 'object' && at !== null)!
      if (!Array.isArray(parent)) return { op: 'add', path: [...path, name], value: added }
      return { op: 'add', path: [...path, op === 'append' ? '-' : from % (parent.length + 1)], value: added }
    }
    const [path] = places.slice(1)[place % Math.max(places.length - 1, 1)] ?? []
    if (path === undefined) return undefined
    return op === 'remove' ? { op, path } : { op: 'replace', path, value: added }
  }

  function* walk(value: Json, path: Path = []): Generator<[Path, Json]> {
    yield [path, value]
    if (typeof value !== 'object' || value === null) return
    for (const [key, member] of Array.isArray(value) ? value.entries() : Object.entries(value))
      yield* walk(member, [...path, key])
  }

  /** What an edit makes of a value, worked out by other means than the ones tested. */
  function apply(value: Json, edit: Edit, path: Path = edit.path): Json {
    const [key, ...rest] = path
    if (key === undefined) {
      if (edit.op === 'splice') return (value as string).slice(0, edit.start) + edit.text + (value as string).slice(edit.end)
      return 'value' in edit ? (edit.value as Json) : null
    }
    if (Array.isArray(value)) {
      const index = key === '-' ? value.length : Number(key)
      if (rest.length > 0 || edit.op === 'replace' || edit.op === 'splice')
        return value.with(index, apply(value[index]!, edit, rest))
      return edit.op === 'remove' ? value.toSpliced(index, 1) : value.toSpliced(index, 0, edit.value as Json)
    }
    const entries = Object.entries(value as { [name: string]: Json })
    const at = entries.findIndex(([name]) => name === key)
    if (rest.length === 0 && edit.op === 'remove') return Object.fromEntries(entries.toSpliced(at, 1))
    const member: [string, Json] = [String(key), apply(entries[at]?.[1] ?? null, edit, rest)]
    return Object.fromEntries(at === -1 ? [...entries, member] : entries.with(at, member))
  }

  function valuesIn(source: string): unknown[] {
    return [...readManifests(source)].map(({ value, error }) => error ?? value)
  }

  test('one edit: reads back as it must, and touches no line but those of what it is in', () => {
    let made = 0
    fc.assert(
      fc.property(styled, wish, fc.boolean(), (root, wanted, crlf) => {
        const value = valueOf(root)
        const edit = editFor(value, wanted)
        if (edit === undefined) return
        const before = emit(root)
        const source = `# head\n---\n${before}---\nlast: [1]\n`.replaceAll('\n', crlf ? '\r\n' : '\n')
        const { text: after, refused } = editManifests(source, [{ document: 0, edits: [edit] }])
        const expected = apply(value, edit)
        expect(refused).toEqual([])
        made++
        expect(isDeepStrictEqual(valuesIn(after), [expected, { last: [1] }])).toBe(true)
        expect(after === source).toBe(isDeepStrictEqual(expected, value))
        const [manifest] = readManifests(source)
        const parent = edit.path.slice(0, -1)
        const around = manifest!.locate(parent)!
        // The line of a key changes where `[]` takes the place of the last item under it.
        const first = edit.op === 'remove' || edit.op === 'replace'
          ? (manifest!.locate(parent, 'key') ?? manifest!.locate(parent.slice(0, -1))!)
          : around
        const lines = source.split('\n')
        const head = lines.slice(0, first.line - 1)
        const tail = lines.slice(manifest!.position(around.end).line)
        expect(after.split('\n').slice(0, head.length)).toEqual(head)
        expect(after.split('\n').slice(-tail.length)).toEqual(tail)
        expect(/(?<!\r)\n/.test(after)).toBe(!crlf)
        // Every comment is kept, but those in what is replaced or removed.
        const isNew = typeof edit.path.at(-1) === 'number' || manifest!.locate(edit.path) === undefined
        const kept = edit.op === 'splice' || (edit.op === 'add' && isNew)
        const comments = kept ? before.matchAll(/# comment-\d+/g) : []
        expect([...comments].filter(([comment]) => !after.includes(comment))).toEqual([])
      }),
      { numRuns: amount(1000), seed },
    )
    expect(made).toBeGreaterThan(amount(500))
  })

  test('several edits in a row, as one change and as many', () => {
    fc.assert(
      fc.property(styled, fc.array(wish, { minLength: 2, maxLength: 5 }), fc.boolean(), (root, wishes, together) => {
        let value = valueOf(root)
        const edits: Edit[] = []
        for (const wanted of wishes) {
          const edit = editFor(value, wanted)
          // Splices of one change count in the string as it was, which is not what this test counts in.
          if (edit === undefined || (edit.op === 'splice' && edits.some((other) => isDeepStrictEqual(other.path, edit.path))))
            continue
          edits.push(edit)
          value = apply(value, edit)
        }
        const changes = together ? [{ document: 0, edits }] : edits.map((edit) => ({ document: 0, edits: [edit] }))
        const { text: after, refused } = editManifests(emit(root), changes)
        expect(refused).toEqual([])
        expect(isDeepStrictEqual(valuesIn(after), value === null ? [] : [value])).toBe(true)
      }),
      { numRuns: amount(300), seed },
    )
  })

  test('JSON stays JSON', () => {
    const layout = fc.constantFrom(undefined, 0, 2, 4, '\t')
    fc.assert(
      fc.property(styled, wish, layout, (root, wanted, indent) => {
        const value = valueOf(root)
        const edit = editFor(value, wanted)
        if (edit === undefined) return
        const { text: after, refused } = editManifests(JSON.stringify(value, null, indent), [{ document: 0, edits: [edit] }])
        expect(refused).toEqual([])
        expect(isDeepStrictEqual(JSON.parse(after), apply(value, edit))).toBe(true)
      }),
      { numRuns: amount(300), seed },
    )
  })

  test('no edits change nothing', () => {
    fc.assert(
      fc.property(fc.array(styled, { maxLength: 3 }), (roots) => {
        const source = roots.map((root) => `---\n${emit(root)}`).join('')
        expect(editManifests(source, [])).toEqual({ text: source, refused: [] })
        expect(
          editManifests(
            source,
            roots.map((_, document) => ({ document, edits: [] })),
          ),
        ).toEqual({ text: source, refused: [] })
      }),
      { numRuns: amount(100), seed },
    )
  })
})
