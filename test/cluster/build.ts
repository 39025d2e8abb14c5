/**
 * Sees to it that the tests find a control plane: `npm run cluster`. Where envtest cannot be fetched, it is built with Go, which
 * takes some ten minutes, once. With `--all`, the parts of a node are built as well, in some ten more; with `--fetch`, nothing is
 * built.
 */
import { downloadEnvtest, findEnvtest } from './envtest.ts'
import { buildPause, buildProgram, builtPath, type BuiltProgram } from './go.ts'
import { nodePrograms } from './node.ts'
import { isExecutable, onPath } from './program.ts'

const environment = { ...process.env, PADDOCK_REQUIRE_CLUSTER: '1' }
const log = (line: string): void => void process.stderr.write(`${line}\n`)
const isMissing = async (command: string): Promise<boolean> => (await onPath(command, environment)) === undefined

// kind brings a node along; a node of our own has the etcd and the API server of the modules.
const withNode = process.argv.includes('--all') && (await isMissing('docker'))
const isBuilt = withNode || (await isExecutable(builtPath('kube-apiserver', environment)))
const envtest = isBuilt ? undefined
  : ((await findEnvtest(environment)) ?? (await downloadEnvtest(environment, log).catch((error: Error) => log(error.message))))
const wanted: BuiltProgram[] = process.argv.includes('--fetch') ? [] : [
  ...(envtest === undefined ? (['etcd', 'kube-apiserver'] as const) : []),
  ...(withNode || (envtest === undefined && (await isMissing('kubectl'))) ? (['kubectl'] as const) : []),
  'kube-controller-manager',
  ...(withNode ? (['kube-scheduler', ...nodePrograms] as const) : []),
]
for (const name of wanted) await buildProgram(name, environment, log)
if (withNode) await buildPause(environment)
