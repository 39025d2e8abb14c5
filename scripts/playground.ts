/** Builds the playground: `npm run playground`, or `node scripts/playground.ts FOLDER` for another place than dist-playground. Any server of files serves it. */
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { bundledPackages } from './bundled.ts'
import { notices } from './notices.ts'

const root = resolve(import.meta.dirname, '..')
const out = resolve(process.argv[2] ?? join(root, 'dist-playground'))

/** The few functions of Node that the engine calls, by packages that do the same; of what only registries and servers need, nothing is called. */
const withoutNode: Plugin = {
  name: 'without-node',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:path$/ }, () => ({ path: join(root, 'node_modules/path-browserify/index.js') }))
    onResolve({ filter: /^node:util$/ }, () => ({ path: join(root, 'scripts/playground/comparison.js') }))
    onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: 'absent' }))
    // A module in CommonJS has whatever name is imported of it.
    onLoad({ filter: /./, namespace: 'absent' }, () => ({ contents: 'module.exports = {}' }))
  },
}

rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })
const { metafile } = await build({
  metafile: true,
  entryPoints: { playground: join(root, 'cmd/playground.ts') },
  plugins: [withoutNode],
  outdir: out,
  absWorkingDir: root,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2023',
  minify: true,
  legalComments: 'none',
  logLevel: 'warning',
  // `path` asks for the folder at hand.
  banner: { js: "globalThis.process??={cwd:()=>'/',env:{}};" },
})
copyFileSync(join(root, 'src/web/page.html'), join(out, 'index.html'))
copyFileSync(join(root, 'src/web/playground.css'), join(out, 'playground.css'))
writeFileSync(join(out, 'THIRD-PARTY-NOTICES.txt'), notices(bundledPackages(metafile, root)))
