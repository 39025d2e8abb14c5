/** `.pth` files: what each line of them puts on sys.path. Source: Python's `site.addpackage`. */

/** What a line does: a folder, nothing, or something that only running it would tell. */
export type PathLine = { readonly folder: string } | { readonly finder: string } | { readonly unknown: string }

/**
 * Lines that are run, and put no folder on the path. They are known by what they do: namespace packages made by old setuptools, its
 * own distutils, virtualenv's hook, and the marks around what `easy-install.pth` lists.
 */
const harmless: readonly RegExp[] = [
  // Three forms of it, by how old setuptools is: each line begins so, and puts a module of that name into sys.modules.
  /^import sys, ?types, ?os; ?(?:has_mfs = sys\.version_info > \(3, 5\); ?)?p = os\.path\.join\(sys\._getframe\(1\)\.f_locals\['sitedir'\], \*\('/,
  /^import sys,new,os; ?p = os\.path\.join\(sys\._getframe\(1\)\.f_locals\['sitedir'\], \*\('/,
  /^import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os\.environ\.get\(var, '(?:local|stdlib)'\) == 'local'; enabled and __import__\('_distutils_hack'\)(?:\.add_shim\(\))?;?\s*$/,
  /^import _virtualenv\s*$/,
  /^import sys; sys\.__plen = len\(sys\.path\)\s*$/,
  /^import sys; new ?= ?sys\.path\[sys\.__plen:\]; del sys\.path\[sys\.__plen:\]; p ?= ?getattr\(sys, ?'__egginsert', ?0\); sys\.path\[p:p\] ?= ?new; sys\.__egginsert ?= ?p\+len\(new\)\s*$/,
]

const finder = /^import (__editable___\w+_finder); \1\.install\(\)\s*$/

/** The lines that do something, blank ones and comments left out. */
export function readPathFile(text: string): readonly PathLine[] {
  const lines: PathLine[] = []
  for (const line of text.replace(/^\ufeff/, '').split(/\r\n|\r|\n/)) {
    if (line.startsWith('#') || line.trim() === '') continue
    if (!/^import[ \t]/.test(line)) {
      lines.push({ folder: line.trimEnd() })
      continue
    }
    const [, name] = finder.exec(line) ?? []
    if (name !== undefined) lines.push({ finder: name })
    else if (!harmless.some((pattern) => pattern.test(line))) lines.push({ unknown: line.trim() })
  }
  return lines
}

/** The modules of an editable installation, and where they are: what setuptools writes into `__editable___NAME_finder.py`. */
export function finderMapping(text: string): ReadonlyMap<string, string> | undefined {
  const [, body] = /^MAPPING(?:: ?dict\[str, ?str\])? = \{([^{}\n]*)\}/m.exec(text) ?? []
  if (body === undefined) return undefined
  return new Map([...body.matchAll(/'([^'\\]+)': '([^'\\]+)'/g)].map(([, name = '', path = '']): [string, string] => [name, path]))
}
