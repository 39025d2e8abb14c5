/** The laws of reviews: what holds of the answers of `/mutate` and `/validate` to any object at all. */
import { isDeepStrictEqual } from 'node:util'
import { applyPatch as applyIndependently, type Operation } from 'rfc6902'
import { answerReview } from '../../src/admission/answer.ts'
import { responder } from '../../src/admission/respond.ts'
import type { Answer, Operation as Webhook } from '../../src/admission/responder.ts'
import { bringsObject, readReview } from '../../src/admission/review.ts'
import { mostTold } from '../../src/admission/wording.ts'
import { checkText } from '../../src/cli/check.ts'
import { controllerUsers } from '../../src/kubernetes/controllers.ts'
import type { AdmissionResponse, AdmissionReview } from '../../src/kubernetes/review.ts'
import { readWorkload, valueAt, type Workload } from '../../src/kubernetes/workload.ts'
import { judgeStored } from '../../src/judge.ts'
import { rules } from '../../src/rules/index.ts'
import { timed } from './cost.ts'
import { now, type Governing } from './policies.ts'
import type { Broken } from './target.ts'

// dprint-ignore: a list of words
export const reviewLaws = [
  'answered', 'valid', 'warnings', 'bounded', 'applies', 'scope', 'readable', 'idempotent', 'mended', 'never-denies', 'remedy', 'untouched', 'agree', 'time',
] as const

/** What the API server passes on of a warning, and of all of a request together. Source: k8s.io/apiserver, pkg/endpoints/filters/warning.go. */
const longestWarning = 256
const mostOfWarnings = 4096
/** What an answer may come to without its patch, in characters. */
const longestAnswer = 128 * 1024

const remedies = new Set(rules.map(({ remedy }) => remedy))

export interface Reviewed {
  readonly review: AdmissionReview
  readonly mutated: Answer
  readonly validated: Answer
  /** The object as `/mutate` leaves it. */
  readonly object: unknown
}

/**
 * Answers a review by both webhooks, and looks whether the laws hold. Undefined where there is no object to look at.
 * @param compared whether the other skins are asked as well, which takes as long again
 */
export function reviewed(text: string, governing: Governing, broken: Broken, compared = true): Reviewed | undefined {
  const review = readReview(text)
  if (!bringsObject(review.request)) return undefined
  const respond = responder(governing.policyFor)
  const answered = (webhook: Webhook, asked: AdmissionReview): Answer => {
    const answer = timed(() => respond(webhook, asked),
      (least) => broken('time', webhook, `${webhook} takes ${least.toFixed(0)} ms of processor time at least`))
    for (const [law, kind, detail] of faultsOf(webhook, asked, answer)) broken(law, `${webhook} ${kind}`, detail)
    return answer
  }
  const { object: before, oldObject } = review.request as { object: unknown; oldObject?: unknown }
  const mutated = answered('mutate', review)
  const object = patched(before, mutated, broken)
  const after = { ...review, request: { ...review.request, object } }
  const validated = answered('validate', after)
  const warnings = [...(mutated.response.response.warnings ?? []), ...(validated.response.response.warnings ?? [])]
  const total = warnings.reduce((sum, { length }) => sum + length, 0)
  if (total > mostOfWarnings) broken('warnings', 'together', `the warnings of both webhooks have ${total} characters together`)
  if (review.request.operation === 'UPDATE' && isDeepStrictEqual(oldObject, before)) {
    if (mutated.response.response.patch !== undefined) broken('untouched', 'mended', 'an update that changes nothing is mended')
    if (!answered('validate', review).response.response.allowed) broken('untouched', 'denied', 'an update that changes nothing is denied')
  }
  if (mutated.response.response.patch !== undefined) {
    const again = respond('mutate', after).response.response
    if (again.patch !== undefined) broken('idempotent', shapeOf(again.patch), `a second /mutate patches again: ${decoded(again.patch)}`)
  }
  const result = { review, mutated, validated, object }
  mended(result, governing, broken)
  if (compared) agree(text, result, governing, broken)
  return result
}

/** What a patch does, without what differs between inputs. */
function shapeOf(patch: string): string {
  const [first] = JSON.parse(decoded(patch)) as Operation[]
  return first ? `${first.op} ${first.path.replaceAll(/\/\d+(?=\/|$)/g, '/N')}` : 'empty'
}

const decoded = (patch: string): string => Buffer.from(patch, 'base64').toString()

/** The object with the patch of an answer made, by a library that is not ours. */
function patched(object: unknown, { response: { response: { patch } } }: Answer, broken: Broken): unknown {
  if (patch === undefined) return object
  const operations = JSON.parse(decoded(patch)) as Operation[]
  const result = structuredClone(object)
  const failed = applyIndependently(result, operations).find((error) => error !== null)
  if (failed) broken('applies', failed.name, `${failed.message}: ${decoded(patch)}`)
  const workload = readWorkload(object)
  const scope = workload && scopeOf(workload)
  for (const { path } of operations) if (!scope?.test(path)) broken('scope', path.replaceAll(/\d+/g, 'N'), `the patch touches ${path}`)
  const known = new Set(workload?.errors.map(({ path, detail }) => `${path.join('/')} ${detail}`))
  const anew = readWorkload(result)?.errors.find(({ path, detail }) => !known.has(`${path.join('/')} ${detail}`))
  if (anew) broken('readable', anew.detail, `what the patch leaves cannot be read: ${anew.path.join('/')} ${anew.detail}`)
  return result
}

/** What a patch may touch: the commands and variables of containers. */
function scopeOf({ kind }: Workload): RegExp {
  const spec = `/${kind.spec.join('/')}`
  return kind.holds === 'processes'
    ? new RegExp(`^${spec}/(processes/\\d+/(command|args)(/|$)|configuration($|/env(/|$)))`)
    : new RegExp(`^${spec}/(containers|initContainers|ephemeralContainers)/\\d+/(command|args|env)(/|$)`)
}

type Fault = readonly [law: (typeof reviewLaws)[number], kind: string, detail: string]

/** What is wrong with an answer, whatever was asked. */
function* faultsOf(webhook: Webhook, { request: { uid } }: AdmissionReview, { response: answer }: Answer): Generator<Fault> {
  const { response } = answer
  if (response.uid !== uid) yield ['answered', 'uid', `the uid is ${JSON.stringify(response.uid)}, not ${JSON.stringify(uid)}`]
  for (const wrong of invalid(webhook, answer)) yield ['valid', wrong, wrong]
  for (const warning of response.warnings ?? []) {
    if (warning.length > longestWarning) yield ['warnings', 'length', `a warning has ${warning.length} characters`]
    if (warning === '' || /\p{Cc}/u.test(warning))
      yield ['warnings', 'control character', `an API server drops the warning ${JSON.stringify(warning)}`]
  }
  const told = Math.max(response.status?.details?.causes.length ?? 0, response.warnings?.length ?? 0)
  if (told > mostTold + 1) yield ['bounded', 'findings', `${told} findings are told`]
  const { patch: _patch, ...rest } = response
  const length = JSON.stringify(rest).length
  if (length > longestAnswer) yield ['bounded', 'length', `the answer has ${length} characters`]
  if (response.allowed) return
  if (webhook === 'mutate') yield ['never-denies', String(response.status?.code), `/mutate denies: ${response.status?.message}`]
  else if (response.status?.code === 403 && !namesRemedy(response))
    yield ['remedy', 'none', `the denial names no remedy: ${response.status.message}`]
}

function namesRemedy({ status }: AdmissionResponse): boolean {
  const message = status?.message ?? ''
  return [...remedies].some((remedy) => message.includes(remedy)) || /\[[\w-]+\] [A-Z][^\n]*\.( |$)/m.test(message)
}

/** What is no AdmissionReview of admission.k8s.io/v1. Source: k8s.io/apiserver/pkg/admission/plugin/webhook/request, VerifyAdmissionResponse. */
function* invalid(webhook: Webhook, { apiVersion, kind, response }: Answer['response']): Generator<string> {
  if (apiVersion !== 'admission.k8s.io/v1' || kind !== 'AdmissionReview') yield `${apiVersion} ${kind}`
  const { uid, allowed, status, patch, patchType, warnings = [], auditAnnotations = {}, ...more } = response
  if (typeof uid !== 'string' || uid === '') yield 'no uid'
  if (typeof allowed !== 'boolean') yield 'allowed is no boolean'
  if (Object.keys(more).length > 0) yield `unknown fields: ${Object.keys(more).join(', ')}`
  if (patch !== undefined && webhook === 'validate') yield 'a validating webhook patches'
  if ((patch === undefined) !== (patchType === undefined) || (patchType ?? 'JSONPatch') !== 'JSONPatch')
    yield 'patch and patchType do not go together'
  if (patch !== undefined && !(Array.isArray(JSON.parse(decoded(patch))) && decoded(patch) !== '[]'))
    yield 'the patch is no list of operations'
  if (!warnings.every((warning) => typeof warning === 'string')) yield 'a warning is no text'
  for (const [name, value] of Object.entries(auditAnnotations))
    if (!/^[A-Za-z0-9][-\w.]*$/.test(name) || typeof value !== 'string') yield `the audit annotation ${name}`
  if (!allowed &&
    !(typeof status?.message === 'string' && status.message !== '' && status.status === 'Failure' && Number.isInteger(status.code) &&
      status.code >= 400)) yield 'a denial without a status'
}

interface Line {
  readonly rule: string
  readonly container: string
  readonly action: string
}

/** What was told as mended is not found any more: of each rule and container no more than what could not be mended. */
function mended({ review, mutated, validated }: Reviewed, { policies }: Governing, broken: Broken): void {
  const keyOf = ({ rule, container }: Line): string => `${rule} in ${JSON.stringify(container)}`
  const after = (validated.findings as readonly Line[]).map(keyOf)
  const suspects = new Set((mutated.findings as readonly Line[]).map(keyOf).filter((key) => after.includes(key)))
  if (suspects.size === 0) return
  const names = readWorkload(review.request.object)?.containers.map(({ name }) => name) ?? []
  // Containers of one name, which an API server refuses, cannot be told from one another.
  if (new Set(names).size < names.length) return
  const scanned = judgeStored(review.request.object as Parameters<typeof judgeStored>[0], policies, undefined, now)?.findings ?? []
  for (const key of suspects) {
    const left = scanned.filter((finding) => finding.action !== 'Fix' && keyOf(finding) === key).length
    const again = after.filter((other) => other === key).length
    if (again <= left) continue
    broken('mended', key.split(' ')[0] ?? '',
      `${key} is told as mended, and /validate finds it ${again} times, where ${left} could not be mended`)
    // What is behind it is as a rule behind the others, too.
    return
  }
}

/** One engine: the scan, `check` and `review` say what the webhooks say. */
function agree(text: string, { review, mutated, validated }: Reviewed, { policies, policyFor }: Governing, broken: Broken): void {
  const { object, operation, namespace, userInfo } = review.request
  const both = answerReview('both', text, policyFor).response
  const { response: first } = mutated.response
  const { response: second } = validated.response
  if (both.allowed !== (first.allowed && second.allowed)) broken('agree', 'review', '`paddock review` decides otherwise than the webhooks')
  if (both.allowed && both.patch !== first.patch) broken('agree', 'review patch', '`paddock review` patches otherwise than /mutate')
  const workload = readWorkload(object)
  if (!workload || workload.errors.length > 0) return
  const scanned = judgeStored(object as Parameters<typeof judgeStored>[0], policies, undefined, now)
  // What no policy governs is checked by one that says nothing, but for the platform's own rules.
  if (!scanned) return
  const [checked] = checkText(JSON.stringify(object), { policyFor }, () => {})
  const lines = (findings: readonly { readonly action: string; readonly message: string }[]): string =>
    findings.map(({ action, message }) => `${action}: ${message}`).join(' | ')
  const [here, there] = [
    checked && 'workload' in checked ? lines(checked.workload.findings.map(({ finding }) => finding)) : 'that it cannot be read',
    lines(scanned.findings),
  ]
  if (here !== there) broken('agree', 'check', `check says ${here}, the scan ${there}`)
  if (operation !== 'CREATE' || isExempt(namespace, object)) return
  // What controllers make is let be, and who makes an owner up is not believed: the scan cannot tell who wrote it.
  if (controllerUsers.includes(userInfo?.username ?? '') || (userInfo && valueAt(object, ['metadata', 'ownerReferences']) !== undefined))
    return
  // What is in a cluster says itself which namespace it is in.
  const { metadata } = object as { metadata?: { namespace?: unknown } }
  if (namespace !== undefined && metadata?.namespace !== namespace) return
  const patch = JSON.stringify(scanned.patch())
  if (patch !== (first.patch === undefined ? '[]' : decoded(first.patch)))
    broken('agree', 'patch', `the scan would patch ${patch}, /mutate patches ${first.patch && decoded(first.patch)}`)
}

const exempt = new Set(['kube-system', 'kube-node-lease'])
const isExempt = (namespace: string | undefined, object: unknown): boolean =>
  exempt.has(namespace ?? '') || typeof (object as { metadata?: { deletionTimestamp?: unknown } }).metadata?.deletionTimestamp === 'string'
