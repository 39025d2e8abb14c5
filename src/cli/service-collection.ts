/** The Services among the manifests. */
import { readService, type Service, type Services } from '../kubernetes/services.ts'
import { readObjects } from '../kubernetes/workload.ts'
import { readManifests } from './manifests.ts'

export class ServiceCollection {
  readonly #found = new Map<string, Service[]>()

  readonly find: Services = (namespace) => this.#found.get(namespace) ?? none

  /** Takes in the Services of a text. */
  add(text: string): void {
    // Most files hold none, and are read once.
    if (!/\bkind["']?\s*:\s*["']?Service\b/.test(text)) return
    for (const { value } of readManifests(text))
      for (const { item } of readObjects(value)) {
        const service = readService(item)
        if (!service) continue
        const those = this.#found.get(service.namespace)
        if (those) those.push(service)
        else this.#found.set(service.namespace, [service])
      }
  }
}

const none: readonly Service[] = []
