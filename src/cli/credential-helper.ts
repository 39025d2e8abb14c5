/** What asks the helpers that keep credentials for registries: programs of docker's. */
import { spawn } from 'node:child_process'
import type { AskHelper } from '../oci/credentials.ts'
import { ImageError } from '../oci/image-error.ts'

/** Milliseconds that a helper has, and bytes that it may answer. */
const patience = 4000
const largestAnswer = 64 * 1024

export const ask: AskHelper = (name, server) =>
  new Promise((resolve, reject) => {
    const failed = (why: string): void => reject(new ImageError(`docker-credential-${name} ${why}`))
    const helper = spawn(`docker-credential-${name}`, ['get'], { stdio: ['pipe', 'pipe', 'ignore'], timeout: patience })
    let answer = ''
    helper.stdout.setEncoding('utf8').on('data', (text: string) => {
      answer += text
      if (answer.length > largestAnswer) helper.kill()
    })
    helper.on('error', () => failed('is not installed'))
    helper.on('close', (status) => {
      if (status === null) failed('does not answer in time')
      // It says so where it knows nothing of a server.
      else resolve(status === 0 ? answer : undefined)
    })
    helper.stdin.on('error', () => {})
    helper.stdin.end(server)
  })
