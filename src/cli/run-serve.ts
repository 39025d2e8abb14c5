/** `paddock serve`: the webhook, and what it makes of examples. */
import { request } from 'node:https'
import { dirname, join, relative } from 'node:path'
import { applyPatch } from '../edit.ts'
import type { Operation } from '../kubernetes/review.ts'
import { visible } from '../kubernetes/visible.ts'
import { readWorkload } from '../kubernetes/workload.ts'
import { exitStatus, UsageError } from './exit.ts'
import type { ServeOptions, Serving } from './skins.ts'
import { unifiedDiff } from './diff.ts'
import { painter, type Io } from './io.ts'
import { readManifests } from '../yaml/manifests.ts'

export interface ServeFlags extends ServeOptions {
  readonly examples: string | undefined
  readonly once: boolean
}

export async function runServe(flags: ServeFlags, start: (options: ServeOptions) => Promise<Serving>, io: Io): Promise<number> {
  const serving = await listen(flags, start)
  io.stderr.write(`paddock: serving on ${serving.url}\n`)
  if (flags.examples !== undefined) {
    try {
      await showExamples(flags.examples, serving, io)
    } catch (error) {
      await serving.stop(0)
      // Whom it cannot ask, it cannot show.
      throw error instanceof UsageError ? error
        : new UsageError(`${flags.examples}: the webhook could not be asked: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  if (flags.once) await serving.stop(0)
  else if (flags.examples !== undefined) io.stderr.write('paddock: serving until Ctrl-C\n')
  await serving.stopped
  return exitStatus.ok
}

async function listen(flags: ServeFlags, start: (options: ServeOptions) => Promise<Serving>): Promise<Serving> {
  try {
    return await start(flags)
  } catch (error) {
    // The same codes stand for a certificate's folder that cannot be made.
    const code = error instanceof Error && 'syscall' in error && error.syscall === 'listen' && 'code' in error ? error.code : undefined
    if (code === 'EADDRINUSE') throw new UsageError(`port ${flags.port} on ${flags.host} is taken: choose another with --port`)
    if (code === 'EACCES') throw new UsageError(`port ${flags.port} may not be opened by this user: choose another with --port`)
    if (code === 'EADDRNOTAVAIL') throw new UsageError(`${flags.host} is no address of this machine: choose another with --host`)
    if (error instanceof Error && 'code' in error && !String(error.code).startsWith('ERR_')) throw error
    // A certificate that cannot be served: the message names its file, or is OpenSSL's.
    const message = error instanceof Error ? error.message : String(error)
    const isTold = flags.certDir === undefined ||
      [join(flags.certDir, ''), flags.clientCa].some((path) => path !== undefined && message.startsWith(path))
    throw new UsageError(isTold ? message : `${join(flags.certDir ?? '', 'tls.crt')}: cannot be served: ${message}`)
  }
}

async function showExamples(folder: string, serving: Serving, io: Io): Promise<void> {
  // Folders within hold what is no example of its own: policies and their tests.
  for (const file of io.listFiles(folder).filter((path) => path === folder || relative(folder, dirname(path)) === ''))
    for (const { value, error } of readManifests(io.readFile(file))) {
      if (error) io.stdout.write(`${visible(`${file}:${error.line}:${error.column}: error: ${error.message}`)}\n`)
      else if (readWorkload(value)) await showExample(file, value, serving, io)
    }
}

/** What the API server does with a new object: first the mutating webhook, then the validating one. */
async function showExample(file: string, object: unknown, serving: Serving, io: Io): Promise<void> {
  const paint = painter(io.stdout, io.env)
  const mutated = await ask(serving, '/mutate', object)
  const patch = mutated.patch === undefined ? [] : (JSON.parse(Buffer.from(mutated.patch, 'base64').toString()) as Operation[])
  const after = applyPatch(object, patch)
  const validated = await ask(serving, '/validate', after)
  const outcome = !validated.allowed ? paint('red', 'denied') : patch.length > 0 ? paint('green', 'fixed') : paint('blue', 'allowed')
  io.stdout.write(`\n${paint('bold', file)}: ${outcome}\n`)
  const said = validated.allowed ? (validated.warnings ?? []).map((text) => `${paint('yellow', 'Warning:')} ${visible(text)}`)
    : [validated.status?.message ?? '']
  for (const text of said) io.stdout.write(`  ${text}\n`)
  if (validated.allowed && patch.length > 0) {
    const { dump } = await import('../yaml/print.ts')
    const text = (value: unknown): string => dump(value, { lineWidth: -1, noRefs: true })
    io.stdout.write(unifiedDiff(file, text(object), text(after), paint))
  }
}

interface Response {
  readonly allowed: boolean
  readonly patch?: string
  readonly warnings?: readonly string[]
  readonly status?: { readonly message: string }
}

/** Sends an AdmissionReview of the object's creation over HTTPS. */
function ask({ url, ca }: Serving, path: string, object: unknown): Promise<Response> {
  const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview',
    request: { uid: crypto.randomUUID(), operation: 'CREATE', namespace: 'default', object } }
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, url), { method: 'POST', ca, headers: { 'content-type': 'application/json' } }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('end', () => {
        const body = JSON.parse(Buffer.concat(chunks).toString()) as { response?: Response; message?: string }
        if (body.response) resolve(body.response)
        else reject(new Error(`${path}: ${body.message ?? answer.statusCode}`))
      })
    })
    sent.on('error', reject)
    sent.end(JSON.stringify(review))
  })
}
