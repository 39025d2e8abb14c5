/** What speaks to registries, and to the helpers that keep credentials. Loaded when it is asked for. */
import type { AskHelper } from '../src/oci/credentials.ts'
import type { Http } from '../src/oci/registry.ts'

export function http(authorities: string | undefined): Http {
  let made: Http | undefined
  return async (request) => (made ??= (await import('../src/dependencies/image/requests.ts')).requester(authorities))(request)
}

export const askHelper: AskHelper = async (name, server) => (await import('../src/cli/credential-helper.ts')).ask(name, server)
