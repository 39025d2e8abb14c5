import {execFileSync} from 'node:child_process'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import type { Path } from '../../src/kubernetes/field.ts'
import { editManifests } from '../../src/cli/edit.ts'
import type { Edit } from '../../src/cli/edit.ts'
import { readManifests } from '../../src/cli/manifests.ts'
import { emit, styled, styledNode, text, valueOf } from './styled.ts'
import type { Json } from './styled.ts'
  const wish = fc.record({
    op: fc.constantFrom('add', 'add', 'append', 'replace', 'remove', 'splice', 'splice'),
    place: fc.nat(), from: fc.nat(), length: fc.nat({ max: 5 }), text, value: styledNode.map(valueOf), name: fc.constantFrom('env', 'x2', 'on', ''),
  })

  /** An edit of a value that fits a wish; undefined where there is none. */
  function editFor(value: Json, { op, place, from, length, text: inserted, value: added, name }: typeof wish extends fc.Arbitrary<infer T> ? T : never): Edit | undefined {
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
    for (const [key, member] of Array.isArray(value) ? value.entries() : Object.entries(value)) yield* walk(member, [...path, key])
  }

  /** What an edit makes of a value, worked out by other means than the ones tested. */
  function apply(value: Json, edit: Edit, path: Path = edit.path): Json {
    const [key, ...rest] = path
    if (key === undefined) {
      if (edit.op === 'splice') return (value as string).slice(0, edit.start) + edit.text + (value as string).slice(edit.end)
      return 'value' in edit ? edit.value as Json : null
    }
    if (Array.isArray(value)) {
      const index = key === '-' ? value.length : Number(key)
      if (rest.length > 0 || edit.op === 'replace' || edit.op === 'splice') return value.with(index, apply(value[index]!, edit, rest))
      return edit.op === 'remove' ? value.toSpliced(index, 1) : value.toSpliced(index, 0, edit.value as Json)
    }
    const entries = Object.entries(value as { [name: string]: Json })
    const at = entries.findIndex(([name]) => name === key)
    if (rest.length === 0 && edit.op === 'remove') return Object.fromEntries(entries.toSpliced(at, 1))
    const member: [string, Json] = [String(key), apply(entries[at]?.[1] ?? null, edit, rest)]
    return Object.fromEntries(at === -1 ? [...entries, member] : entries.with(at, member))
  }

const docs=[]
for (const [s,w] of fc.sample(fc.tuple(styled, wish), 4000)) { const e=editFor(valueOf(s),w); const b=emit(s); docs.push(b); if(e) { const r=editManifests(b,[{document:0,edits:[e]}]); docs.push(r.text) } }
const out=execFileSync('/tmp/goyaml/gy',{input:docs.map(d=>JSON.stringify(d)).join('\n')+'\n',maxBuffer:1<<30}).toString().trim().split('\n')
let ok=0; const bad={}; docs.forEach((d,i)=>{ const go=JSON.parse(out[i]); const m=[...readManifests(d)][0]; if(isDeepStrictEqual(go.value, m?.value ?? null)) ok++; else { const k=(i%2?'':'')+(go.error??'differ'); (bad[k.replace(/\d+/g,'N').slice(0,90)]??=[]).push(d) } })
console.log(ok, docs.length); for (const k in bad) console.log(bad[k].length,k,'\n', bad[k].toSorted((a,b)=>a.length-b.length).slice(0,2).join('\n==\n'))
