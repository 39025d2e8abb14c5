/** `paddock policy show` and `policy validate`. */
import { dump } from '../yaml/print.ts'
import { visible } from '../kubernetes/visible.ts'
import { presetObject } from '../policy/presets.ts'
import { presetNamed } from '../policy/read.ts'
import type { Io } from './io.ts'
import { contradictionLines, readPolicyObjects } from './policy-files.ts'

/** Prints a preset as it is written. */
export function showPolicy(name: string, io: Io): void {
  presetNamed(name)
  io.stdout.write(dump(presetObject(name), { lineWidth: -1 }))
}

/** Says what the files hold, and what policies say against themselves. Throws a PolicyError that names each field at fault. */
export function validatePolicies(paths: readonly string[], io: Io): void {
  const read = readPolicyObjects(paths, io)
  const { policies, exceptions } = read
  for (const line of contradictionLines(read))
    io.stderr.write(`${visible(line)}
`)
  for (const { kind, metadata } of [...policies, ...exceptions]) io.stdout.write(visible(`${kind} "${nameOf(metadata)}" is valid`) + '\n')
}

const nameOf = (
  { namespace, name }: { readonly namespace?: string; readonly name: string },
): string => (namespace === undefined ? name : `${namespace}/${name}`)
