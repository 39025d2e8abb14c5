/** The Services among the manifests. */
import { readService, type Service, type Services } from '../kubernetes/services.ts'
import type { Learner } from './learn.ts'

export class ServiceCollection implements Learner {
  readonly trace = /\bkind["']?\s*:\s*["']?Service\b/
  readonly #found = new Map<string, Service[]>()

  readonly find: Services = (namespace) => this.#found.get(namespace) ?? none

  learn(object: unknown): void {
    const service = readService(object)
    if (!service) return
    const those = this.#found.get(service.namespace)
    if (those) those.push(service)
    else this.#found.set(service.namespace, [service])
  }
}

const none: readonly Service[] = []
