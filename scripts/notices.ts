/** The licence texts of what a bundle holds, which the bundler itself drops: dist/THIRD-PARTY-NOTICES.txt. */
import type { BundledPackage } from './bundled.ts'

export function notices(packages: readonly BundledPackage[]): string {
  const head = 'Paddock is licensed under the Apache License 2.0. Its bundle holds the packages below, each with its licence.\n'
  return [head, ...packages.map(notice)].join(`\n${'-'.repeat(80)}\n\n`)
}

function notice({ name, version, licence, author, texts }: BundledPackage): string {
  const title = `${name} ${version} (${licence})\n`
  if (texts.length > 0) return [title, ...texts.map(({ text }) => `${text.replaceAll('\r\n', '\n').trim()}\n`)].join('\n')
  const standard = standardTexts[licence]
  // Nothing is published whose terms are not stated.
  if (standard === undefined)
    throw new Error(`${name} ${version}: its archive holds no licence text, and that of ${licence} is not known here`)
  const named = author === undefined ? `the licence ${licence}` : `the licence ${licence} and the author ${author}`
  return `${title}\nIts archive holds no licence text. It names ${named}.\n${standard}`
}

/** Of licences that packages name without the text: https://spdx.org/licenses/MIT.html, https://unlicense.org */
const standardTexts: Readonly<Record<string, string>> = {
  MIT: `
Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`,
  Unlicense: `
This is free and unencumbered software released into the public domain. Anyone is free to copy, modify, publish, use,
compile, sell, or distribute this software, either in source code form or as a compiled binary, for any purpose,
commercial or non-commercial, and by any means.
`,
}
