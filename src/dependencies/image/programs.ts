/** Programs in an image: which one a name means, and who runs a script. */
import type { Files } from '../../oci/files.ts'

/** Where the kernel and shells look where PATH is not set. Source: containerd, `oci.WithDefaultPathEnv`. */
const usualPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** A path from the root that a process in `folder` means. */
export const from = (folder: string, path: string): string => (path.startsWith('/') ? path : `${folder === '' ? '/' : folder}/${path}`)

/** The file that a name means, as a path from the root; undefined where there is none that may be run. */
export function program(files: Files, name: string, path: string | undefined, folder: string): string | undefined {
  const isRun = (at: string): boolean => {
    const node = files.resolve(at)?.node
    return node?.kind === 'file' && (node.mode & 0o111) !== 0
  }
  if (name.includes('/')) {
    const at = from(folder, name)
    return isRun(at) ? at : undefined
  }
  for (const entry of (path ?? usualPath).split(':')) {
    const at = from(folder, entry === '' ? name : `${entry}/${name}`)
    if (isRun(at)) return at
  }
  return undefined
}

/** No script of an interpreter's is larger that starts something; binaries mostly are. */
const largestScript = 256 * 1024

/** The text of a script; undefined for what is none, null where it is not had. */
export function scriptText(files: Files, path: string): string | null | undefined {
  const node = files.resolve(path)?.node
  if (node?.kind !== 'file' || node.size > largestScript) return undefined
  const text = files.text(path)
  return text == null || !text.startsWith('\u007fELF') ? text : undefined
}

/** The words of the first line of a script, as the kernel takes them: the program and at most one argument. */
export function shebang(text: string): readonly string[] | undefined {
  const [, line = ''] = /^#![ \t]*([^\n]*)/.exec(text) ?? []
  const own = line.trim()
  const blank = own.search(/[ \t]/)
  if (own === '') return undefined
  return blank < 0 ? [own] : [own.slice(0, blank), own.slice(blank).trim()]
}

/**
 * The interpreter that runs a Python script: `#!/venv/bin/python`, `#!/usr/bin/env python3`, and what pip writes where that line
 * would be too long: `#!/bin/sh` and `'''exec' /long/path/python "$0" "$@"`.
 */
export function interpreterOf(text: string, find: (name: string) => string | undefined): { readonly named: string;
  readonly path: string | undefined } | undefined {
  const words = shebang(text)
  if (!words) return undefined
  const [name = '', argument] = words
  const base = name.slice(name.lastIndexOf('/') + 1)
  if (base === 'env') {
    const named = (argument ?? '').replace(/^-S\s*/, '').split(/\s+/).find((word) => word !== '' && !word.includes('='))
    return named === undefined ? undefined : { named, path: find(named) }
  }
  const [, quoted, plain] = /^'''exec' (?:"([^"\n]+)"|'?([^'"\s]+)'?) "\$0" "\$@"/m.exec(text.slice(0, 2000)) ?? []
  if (/^(?:ba|da|a)?sh$/.test(base)) {
    const named = quoted ?? plain
    return named === undefined ? undefined : { named, path: find(named) }
  }
  return { named: name, path: find(name) }
}
