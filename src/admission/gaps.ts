/**
 * What differs between reviews that are answered alike: the gaps in the text of one. Whether an answer depends on what stands in a
 * gap is found out for each answer that is kept (`traced.ts`), so that a gap may be anywhere: what is said here of a Deployment's
 * fields is where to look, and proves nothing.
 */
import { leftOut, type LeftOut } from './cut.ts'
import type { Range } from './range.ts'

/**
 * What stands in a gap: the identifier of the request; a string; a number; an object; a member that is not even parsed; a part of a
 * name, which may be any as long as it is the same in all such gaps.
 */
export type Filling = 'uid' | 'string' | 'number' | 'object' | 'managedFields' | 'oldObject' | 'part'

export interface Gap extends Range {
  readonly filling: Filling
}

/**
 * The gaps in a review as an API server writes it, in order; undefined where it is no such text.
 * @param body a character for each byte
 */
export function gapsIn(body: string, { managedFields, oldObject }: LeftOut = leftOut(body)): Gap[] | undefined {
  const uid = body.startsWith(beginning) ? plain(body, beginning.length) : undefined
  if (!uid || uid.start === uid.end) return undefined
  const gaps: Gap[] = [{ ...uid, filling: 'uid' }]
  const object = body.indexOf(',"object":{', uid.end)
  if (object < 0) return undefined
  // What is behind the object is as it is.
  const end = oldObject?.start ?? body.length
  const named = body.indexOf(requestName, uid.end)
  const name = named < 0 || named > object ? undefined : plain(body, named + requestName.length)
  if (name) gaps.push({ ...name, filling: 'string' })
  heading.lastIndex = object
  if (heading.test(body)) {
    const metadata = heading.lastIndex
    addMetadata(gaps, body, metadata)
    if (managedFields) gaps.push({ ...managedFields, filling: 'managedFields' })
    const from = managedFields?.end ?? metadata
    if (body.startsWith(podHeading, object)) addTokenVolume(gaps, body, from, end)
    else addReplicas(gaps, body, from, end)
    const status = statusIn(body, metadata, end)
    if (status) gaps.push({ ...status, filling: 'object' })
  } else if (managedFields) gaps.push({ ...managedFields, filling: 'managedFields' })
  if (oldObject) gaps.push({ ...oldObject, filling: 'oldObject' })
  return isInOrder(gaps) ? gaps : undefined
}

const beginning = '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"'
const requestName = ',"name":"'
const replicasKey = '},"spec":{"replicas":'
/** The beginning of an object of the API server's own kinds: those of definitions have their members in another order. */
const heading = /,"object":\{"kind":"[A-Za-z]+","apiVersion":"[a-z0-9./]+","metadata":\{/y
const podHeading = ',"object":{"kind":"Pod",'
/** The members that metadata begins with. Source: k8s.io/apimachinery/pkg/apis/meta/v1 `ObjectMeta`. */
const member = /"(name|generateName|namespace|uid|resourceVersion|generation|creationTimestamp)":/y

/** What a string may hold whatever stands around it, and as it is: printable ASCII but quotes and backslashes. At most 253 characters. */
const plainText = /[ !#-[\]-~]{0,253}"/y
/** As JSON has whole numbers, of such as Kubernetes counts by. */
const wholeNumber = /(?:0|[1-9]\d{0,14})(?=[,}])/y

/** The inside of a string, from its first character on. */
function plain(body: string, start: number): Range | undefined {
  plainText.lastIndex = start
  return plainText.test(body) ? { start, end: plainText.lastIndex - 1 } : undefined
}

function number(body: string, start: number): Range | undefined {
  wholeNumber.lastIndex = start
  return wholeNumber.test(body) ? { start, end: wholeNumber.lastIndex } : undefined
}

/** The first member of a spec, of the kinds that have it. Behind the fields' managers it follows at once. */
function addReplicas(gaps: Gap[], body: string, from: number, end: number): void {
  const at = body.startsWith(replicasKey, from) ? from : body.indexOf(replicasKey, from)
  const count = at < 0 || at >= end ? undefined : number(body, at + replicasKey.length)
  if (count) gaps.push({ ...count, filling: 'number' })
}

/** The members that an object has to itself. Its namespace says by which policies it is judged, and `generateName` is shared. */
function addMetadata(gaps: Gap[], body: string, start: number): void {
  for (let at = start;;) {
    member.lastIndex = at
    const name = member.exec(body)?.[1]
    if (name === undefined) return
    const value = member.lastIndex
    const text = body[value] === '"' ? plain(body, value + 1) : undefined
    const count = text ? undefined : number(body, value)
    const found = text ?? count
    if (!found) return
    if (name !== 'namespace' && name !== 'generateName') gaps.push({ ...found, filling: text ? 'string' : 'number' })
    at = found.end + (text ? 1 : 0)
    if (body[at] !== ',') return
    at++
  }
}

/** Where the volume with a token is that an API server gives each Pod, with a name of its own. Source: k8s.io/kubernetes/plugin/pkg/admission/serviceaccount. */
const tokenVolume = 'kube-api-access-'
const volumeName = /"name":"kube-api-access-([a-z0-9]{5})"/y
const beforeSuffix = `"name":"${tokenVolume}`.length
const suffixLength = 5

/** All gaps have the same name in them; where anything else is called so, there are none. */
function addTokenVolume(gaps: Gap[], body: string, from: number, end: number): void {
  const found: Gap[] = []
  let suffix: string | undefined
  for (let at = body.indexOf(tokenVolume, from); at >= 0 && at < end; at = body.indexOf(tokenVolume, at + 1)) {
    const start = at + tokenVolume.length
    volumeName.lastIndex = start - beforeSuffix
    const own = volumeName.exec(body)?.[1]
    if (own === undefined || (suffix !== undefined && own !== suffix)) return
    suffix = own
    found.push({ start, end: start + suffixLength, filling: 'part' })
  }
  gaps.push(...found)
}

/** Characters of a status that is looked at. */
const longestStatus = 8 * 1024

/** The status of an object, its last member, where it is an object. */
function statusIn(body: string, from: number, end: number): Range | undefined {
  const objectEnd = end < body.length ? end : body.lastIndexOf('},"oldObject":null') + 1
  const start = objectEnd <= 0 ? -1 : body.lastIndexOf(statusKey, objectEnd) + statusKey.length - 1
  if (start <= from || objectEnd - start > longestStatus || body[objectEnd - 1] !== '}') return undefined
  try {
    // What is parsed is whole, and ends what it is in with the next brace.
    JSON.parse(body.slice(start, objectEnd - 1))
  } catch {
    return undefined
  }
  return { start, end: objectEnd - 1 }
}

const statusKey = ',"status":{'

/** A text that is built to have one gap within another has none. */
function isInOrder(gaps: readonly Gap[]): boolean {
  let last = 0
  for (const { start, end } of gaps) {
    if (start < last || end < start) return false
    last = end
  }
  return true
}
