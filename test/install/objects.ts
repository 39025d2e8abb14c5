import { succeed, type Kubectl } from '../e2e/kubectl.ts'

/** What comes and goes by itself, whoever is installed. */
const passing = /^(events|leases|endpointslices)\b/

/** Every object of the cluster, of every type that can be listed, as `TYPE NAMESPACE/NAME`. */
export async function allObjects(kubectl: Kubectl): Promise<Set<string>> {
  const types = (await succeed(kubectl(['api-resources', '--verbs=list', '--output=name']))).trim().split('\n')
  const columns = '--output=custom-columns=NAMESPACE:.metadata.namespace,NAME:.metadata.name'
  const objects = new Set<string>()
  for (const type of types.filter((type) => !passing.test(type))) {
    const { status, stdout, stderr } = await kubectl(['get', type, '--all-namespaces', '--no-headers', columns])
    // Some types can be listed by name only, and the list of types may be newer than what is served.
    if (status !== 0 && !/NotFound|MethodNotAllowed/.test(stderr)) throw new Error(`${type}: ${stderr}`)
    for (const line of stdout.split('\n').filter((line) => line !== ''))
      objects.add(`${type} ${line.trim().replace(/\s+/, '/').replace('<none>/', '')}`)
  }
  return objects
}

/** What is in the one and not in the other, in order. */
export function additions(after: ReadonlySet<string>, before: ReadonlySet<string>): string[] {
  return [...after].filter((object) => !before.has(object)).sort()
}
