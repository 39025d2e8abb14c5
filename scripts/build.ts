/**
 * Bundles what is started: `npm run build`, or `node scripts/build.ts FOLDER` for another place than dist. One file starts
 * in a fraction of the time that a hundred do.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { build, type Plugin } from 'esbuild'
import manifest from '../package.json' with { type: 'json' }
import { bundledPackages } from './bundled.ts'
import { notices } from './notices.ts'
import { npmComponent, paddockComponent, sbom } from './sbom.ts'

const root = dirname(import.meta.dirname)
const out = resolve(process.argv[2] ?? join(root, 'dist'))

/** The mains of cmd: what begins with `#!`. */
const mains = readdirSync(join(root, 'cmd'))
  .map((file) => join(root, 'cmd', file))
  .filter((path) => readFileSync(path, 'utf8').startsWith('#!'))

/**
 * Of the client's package its kubeconfig is used, and nothing of its models of a thousand kinds, which it can also make clients for.
 * They are not even read: three thousand files, which took twenty times as long as all the rest.
 */
const kubeconfigAlone: Plugin = {
  name: 'kubeconfig-alone',
  setup({ onResolve, onLoad, resolve: resolvePath }) {
    onResolve({ filter: /^@kubernetes\/client-node$/ }, ({ path, ...rest }) => resolvePath(`${path}/dist/config.js`, rest))
    onResolve({ filter: /^\.\/(gen\/index|middleware)\.js$/ },
      ({ path, importer }) => importer.endsWith('/client-node/dist/config.js') ? { path, namespace: 'no-clients' } : undefined)
    onLoad({ filter: /./, namespace: 'no-clients' }, () => ({
      contents: 'export const createConfiguration = undefined, ServerConfiguration = undefined, setHeaderMiddleware = undefined',
    }))
  },
}

const { outputFiles, metafile } = await build({
  // The threads that read large reviews and look into images are started by their files.
  entryPoints: [...mains, join(root, 'cmd', 'reading.ts'), join(root, 'cmd', 'looking.ts')],
  plugins: [kubeconfigAlone],
  outdir: out,
  // The same bundle from wherever this is called.
  absWorkingDir: root,
  metafile: true,
  // Written below, once all of it has been built.
  write: false,
  bundle: true,
  // What is imported when it is needed stays a file of its own, which is not read before.
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22',
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'warning',
  // Dependencies in CommonJS call `require`, which an ES module lacks.
  banner: { js: "import{createRequire as createRequire_}from'node:module';const require=createRequire_(import.meta.url);" },
})
rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })
for (const { path, contents } of outputFiles)
  writeFileSync(path, contents, { mode: mains.some((main) => basename(main, '.ts') === basename(path, '.js')) ? 0o755 : 0o644 })
const packages = bundledPackages(metafile, root)
writeFileSync(join(out, 'THIRD-PARTY-NOTICES.txt'), notices(packages))
writeFileSync(join(out, 'sbom.cdx.json'),
  `${JSON.stringify(sbom(paddockComponent(manifest.version), packages.map(npmComponent)), null, 2)}\n`)
