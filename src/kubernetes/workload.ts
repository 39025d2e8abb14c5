/**
 * Workload objects: their pod template, its containers, and what of them is malformed.
 *
 * Objects come from files and requests, so nothing of their shape is taken on trust.
 */
import type { PlatformCommand } from '../platforms/platform-command.ts'
import type { Remark } from '../platforms/remarks.ts'
import { withField } from '../watched.ts'
import type { BkAppProcess } from './bkapp.ts'
import { isObject, type FieldError, type Fields, type Path } from './field.ts'
import { foreignKinds } from './foreign-kinds.ts'
import { filledIn } from './template-parameters.ts'
import { type WorkloadKind, workloadKind } from './kinds.ts'

export interface EnvVar {
  readonly name: string
  /** As written, before `$(VAR)` is expanded; undefined where it comes from elsewhere (`valueFrom`). */
  readonly value: string | undefined
  /** Which element of `env` it is. */
  readonly index: number
  /** Where its value stands, where that is not the `env` of the container. */
  readonly path?: Path
}

export interface EnvFrom {
  readonly prefix: string
  /** The ConfigMap that it is from; undefined for a Secret. */
  readonly configMap?: string
}

export interface Container {
  readonly name: string
  readonly path: Path
  readonly list: 'containers' | 'initContainers' | 'ephemeralContainers'
  /** As written; undefined where the image's own entry point or arguments hold. */
  readonly command: readonly string[] | undefined
  readonly args: readonly string[] | undefined
  readonly env: readonly EnvVar[]
  /** True where there is an `env` list, be it empty. */
  readonly hasEnv: boolean
  /** Where that list stands, or would; others may share it. */
  readonly envPath: Path
  /** What only a process of a BkApp has. */
  readonly process?: BkAppProcess
  readonly envFrom: readonly EnvFrom[]
  /** Variables that are put behind those of `env`, by whoever makes a Pod of the object: they can be neither set nor referred to there. */
  readonly assigned?: readonly EnvVar[]
  /** The first `containerPort`. */
  readonly port: number | undefined
  /** What a platform makes of its own file, where that is what starts it: `command` and `args` are undefined then. */
  readonly platform?: PlatformCommand
  /** The container as it is written: see pod-fields.ts, which reads what few rules ask for. Undefined for what is no container. */
  readonly written?: Fields
}

/** A container that may start gunicorn, and was not read to its end. */
export interface UnreadContainer {
  readonly container: Container
  /** What of it is read at most: `at most 40000 steps are taken`. */
  readonly reason: string
  /** How many other containers were not read either, of those that may start gunicorn. */
  readonly others: number
}

/** Annotations by their names. */
export type Annotations = Pick<ReadonlyMap<string, { readonly value: string; readonly path: Path }>, 'get' | 'has'>

export interface Workload {
  readonly kind: WorkloadKind
  readonly apiVersion: string
  readonly name: string
  readonly namespace: string
  /** Annotations of the object, with those of its pod template on top. */
  readonly annotations: Annotations
  readonly enableServiceLinks: boolean
  /** The PodSpec as it is written, with its path. Undefined for what has none. */
  readonly pod?: { readonly spec: Fields; readonly path: Path }
  readonly containers: readonly Container[]
  /** The containers that are too many, or too large, to be among them. */
  readonly unread?: UnreadContainer | undefined
  /** The object as it is written. */
  readonly written: unknown
  /** At most `mostErrors`, and one more that counts the others. */
  readonly errors: readonly FieldError[]
  /** A PEP 440 specifier of the gunicorn releases that are known to be in the image, where no annotation tells. */
  readonly gunicorn?: string | undefined
  /** What the platform says of it; undefined for what comes from no file of a platform. */
  readonly remarks?: readonly Remark[]
}

const own = (fields: Fields, key: string): unknown => (Object.hasOwn(fields, key) ? fields[key] : undefined)

/** The value at a path; undefined where something on the way is missing or of another type. */
export function valueAt(value: unknown, path: Path): unknown {
  let at = value
  for (let index = 0; index < path.length; index++) {
    const step = path[index]!
    if (typeof step === 'number') at = Array.isArray(at) ? at[step] : undefined
    else at = isObject(at) ? own(at, step) : undefined
  }
  return at
}

/** The field of a name; undefined where it is missing, and in what has no fields. As `valueAt` with a path of one step, without the path. */
export const fieldOf = (value: unknown, name: string): unknown => (isObject(value) ? own(value, name) : undefined)

/** Reads a workload; undefined where the object is of no kind that is known to hold a pod template. */
export function readWorkload(object: unknown): Workload | undefined {
  const kind = isObject(object) ? workloadKind(own(object, 'apiVersion'), own(object, 'kind')) : undefined
  return kind && readAs(object as Fields, kind)
}

/** The same for an object of any kind: it may hold several pod templates, each of which is a workload. */
export function readWorkloads(object: unknown): Workload[] {
  const workload = readWorkload(object)
  return workload ? [workload] : isObject(object) ? foreignKinds(object).map((kind) => readAs(object, kind)) : []
}

function readAs(object: Fields, kind: WorkloadKind): Workload {
  const apiVersion = own(object, 'apiVersion')
  const errors: FieldError[] = []
  const reader = new Reader(errors)
  const spec = reader.object(valueAt(object, kind.spec), kind.spec)
  const metadata = own(object, 'metadata')
  const annotations = new WrittenAnnotations()
  for (const path of [kind.metadata, ['metadata']]) {
    const at = [...path, 'annotations']
    annotations.add(reader.object(valueAt(object, at), at), at)
  }
  const containers = spec ? containersOf(reader, spec, kind, annotations) : []
  if (reader.unnamedErrors > 0)
    errors.push({ path: kind.spec, shape: 'Invalid value', value: undefined,
      detail: `holds ${reader.unnamedErrors} more fields of a wrong type` })
  const workload: { -readonly [Field in keyof Workload]: Workload[Field] } = {
    kind,
    apiVersion: String(apiVersion),
    name: '',
    namespace: textOf(metadata, 'namespace'),
    annotations,
    enableServiceLinks: spec ? own(spec, 'enableServiceLinks') !== false : true,
    ...(spec && kind.holds !== 'processes' ? { pod: { spec, path: kind.spec } } : {}),
    containers,
    ...(reader.unread ? { unread: reader.unread } : {}),
    written: object,
    errors,
  }
  return withField(workload, 'name', () => nameOf(metadata))
}

/** The annotations of objects, looked up where they stand: those of the first object that has one of the name. */
class WrittenAnnotations implements Annotations {
  readonly #sources: { readonly fields: Fields; readonly path: Path }[] = []
  /** What was asked for before. */
  readonly #known = new Map<string, { readonly value: string; readonly path: Path } | undefined>()

  add(fields: Fields | undefined, path: Path): void {
    if (fields) this.#sources.push({ fields, path })
  }

  get(name: string): { readonly value: string; readonly path: Path } | undefined {
    const known = this.#known.get(name)
    if (known || this.#known.has(name)) return known
    const found = this.#find(name)
    this.#known.set(name, found)
    return found
  }

  has(name: string): boolean {
    return this.get(name) !== undefined
  }

  #find(name: string): { readonly value: string; readonly path: Path } | undefined {
    for (const { fields, path } of this.#sources) {
      const value = own(fields, name)
      if (typeof value === 'string') return { value, path: [...path, name] }
    }
    return undefined
  }
}

function containersOf(reader: Reader, spec: Fields, kind: WorkloadKind, annotations: Workload['annotations']): Container[] {
  if (kind.holds !== 'processes') {
    const containers = reader.containers(spec, kind.spec)
    return kind.assigned ? withAssigned(containers, kind.assigned) : containers
  }
  const annotated = (name: string): string | undefined => annotations.get(`bkapp.paas.bk.tencent.com/${name}`)?.value
  return reader.processes(spec, kind.spec, { stage: annotated('environment'), namesProcess: annotated('use-cnb') === 'true' })
}

/** The variables that a kind's controller puts in go to the container that serves: the only one, or the one that names a port. */
function withAssigned(containers: readonly Container[], assigned: NonNullable<WorkloadKind['assigned']>): Container[] {
  const beside = containers.filter(({ list }) => list === 'containers')
  return containers.map((container) => {
    if (container.list !== 'containers' || (beside.length > 1 && valueAt(container.written, ['ports', 0]) === undefined)) return container
    const variables = Object.entries(assigned).map(([name, value], index): EnvVar => ({
      name,
      value: value ? String(container.port ?? value.port) : undefined,
      index: container.env.length + index,
      path: container.path,
    }))
    return { ...container, assigned: variables }
  })
}

/**
 * The objects that a value holds (`isFilled`: with the parameters of a template filled in, so that its texts are not those that stand there), each with its path: the items of a `List` (`v1 List`, `apps/v1 DeploymentList`), of lists
 * within lists too; the value itself where it is no list.
 */
export function* readObjects(value: unknown,
  path: Path = []): Generator<{ readonly item: unknown; readonly path: Path; readonly isFilled?: boolean }> {
  const kind = isObject(value) ? own(value, 'kind') : undefined
  // OpenShift's Template keeps its objects elsewhere.
  const field = typeof kind === 'string' && kind.endsWith('List') ? 'items' : kind === 'Template' ? 'objects' : undefined
  const items = field === undefined ? undefined : valueAt(value, [field])
  if (field === undefined || !Array.isArray(items)) yield { item: value, path }
  else if (field === 'items') { for (const [index, item] of items.entries()) yield* readObjects(item, [...path, field, index]) }
  else
    for (const [index, item] of items.entries()) {
      const filled = filledIn(item, value)
      for (const one of readObjects(filled, [...path, field, index])) yield filled === item ? one : { ...one, isFilled: true }
    }
}

/** Kinds whose schema does not say what a port is may hold any number. */
const isPortNumber = (value: unknown): value is number => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 65535

/** What is read of a container that is not read. */
const nothingIn = { command: undefined, args: undefined, env: [], hasEnv: false, envFrom: [], port: undefined }

function textOf(fields: unknown, key: string): string {
  const value = fieldOf(fields, key)
  return typeof value === 'string' ? value : ''
}

/** `generateName` stands in for a name that the API server has yet to make. */
const nameOf = (metadata: unknown): string => textOf(metadata, 'name') || textOf(metadata, 'generateName')

/** So many fields of a wrong type are told; the others are counted. */
const mostErrors = 20

/**
 * So many elements are read of the lists of all containers, a container counted as ten: some milliseconds. No program can be given
 * as many variables (execve(2)).
 */
const mostElements = 40_000

/** Reads the fields of a PodSpec, and notes those of a wrong type. */
class Reader {
  /** What was not read, as it is too much. */
  unread: UnreadContainer | undefined
  /** How many fields of a wrong type there are beside the errors. */
  unnamedErrors = 0
  #left = mostElements
  readonly #errors: FieldError[]

  constructor(errors: FieldError[]) {
    this.#errors = errors
  }

  /** `steps` lead from the path to the value: they are put together for an error only. */
  #invalid(path: Path, value: unknown, detail: string, ...steps: Path): undefined {
    if (this.#errors.length < mostErrors) this.#errors.push({ path: [...path, ...steps], shape: 'Invalid value', value, detail })
    else this.unnamedErrors += 1
    return undefined
  }

  object(value: unknown, path: Path, ...steps: Path): Fields | undefined {
    if (value === undefined || value === null) return undefined
    return isObject(value) ? value : this.#invalid(path, value, 'must be an object', ...steps)
  }

  #list(value: unknown, path: Path, ...steps: Path): readonly unknown[] {
    if (value === undefined || value === null) return []
    return Array.isArray(value) ? value : (this.#invalid(path, value, 'must be a list', ...steps) ?? [])
  }

  #strings(value: unknown, path: Path, key: string): readonly string[] | undefined {
    if (value === undefined || value === null) return undefined
    if (!Array.isArray(value)) return this.#invalid(path, value, 'must be a list of strings', key)
    const wrong = value.findIndex((item) => typeof item !== 'string')
    if (wrong >= 0) return this.#invalid(path, value[wrong], 'must be a string', key, wrong)
    return value as readonly string[]
  }

  containers(spec: Fields, path: Path): Container[] {
    const containers: Container[] = []
    for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
      const at = [...path, list]
      const items = this.#list(own(spec, list), at)
      for (let index = 0; index < items.length; index++) {
        const item = items[index]
        const fields = isObject(item) ? item : this.object(item, at, index)
        if (this.#has(fields, ['env', 'envFrom'])) {
          if (fields) containers.push(this.#container(fields, [...at, index], list))
        } else this.#leave({ ...nothingIn, name: textOf(fields, 'name'), path: [...at, index], list, envPath: [...at, index, 'env'] })
        if (this.#left < 0) {
          this.#count(items.length - index - 1)
          break
        }
      }
    }
    return containers
  }

  /** Takes what is to be read off what is left: false where that is too much. */
  #has(fields: Fields | undefined, lists: readonly string[]): boolean {
    let elements = 10
    for (const list of lists) {
      const value = fields && own(fields, list)
      if (Array.isArray(value)) elements += value.length
    }
    const fits = elements <= this.#left
    this.#left -= fits ? elements : 10
    return fits
  }

  #leave(container: Container): void {
    if (this.unread) this.#count(1)
    else this.unread = { container, reason: `at most ${mostElements} variables and containers are read`, others: 0 }
  }

  #count(others: number): void {
    if (this.unread) this.unread = { ...this.unread, others: this.unread.others + others }
  }

  /**
   * The processes of a BkApp, each of which becomes a container of its own.
   * Source: TencentBlueKing/blueking-paas, operator/pkg/controllers/bkapp/processes/resources and pkg/kubeutil/misc.go.
   *
   * @param stage `stag` or `prod`, where it is known: variables may be other ones there
   * @param namesProcess true where the operator puts the name of the process in place of its command: the image knows what that runs
   */
  processes(spec: Fields, path: Path,
    { stage, namesProcess }: { readonly stage: string | undefined; readonly namesProcess: boolean }): Container[] {
    const configuration = this.object(own(spec, 'configuration'), [...path, 'configuration'])
    const envPath = [...path, 'configuration', 'env']
    const written = configuration && own(configuration, 'env')
    const overlay = own(spec, 'envOverlay')
    const fits = this.#has(configuration, ['env']) && this.#has(isObject(overlay) ? overlay : undefined, ['envVariables'])
    const env = fits
      ? this.#overlaid(this.#env(written, configuration ? [...path, 'configuration'] : path), overlay, [...path, 'envOverlay',
        'envVariables'], stage) : []
    const processes = this.#list(own(spec, 'processes'), [...path, 'processes']).flatMap((item, index): Container[] => {
      if (this.#left < 0) {
        this.#count(1)
        return []
      }
      const at = [...path, 'processes', index]
      const fields = this.object(item, at)
      if (!fields) return []
      if (!this.#has(fields, []) || !fits) {
        this.#leave({ ...nothingIn, name: textOf(fields, 'name'), path: at, list: 'containers', envPath })
        return []
      }
      const name = textOf(fields, 'name')
      const text = own(fields, 'procCommand')
      const command = this.#strings(own(fields, 'command'), at, 'command')
      const args = this.#strings(own(fields, 'args'), at, 'args')
      return [{
        name,
        path: at,
        list: 'containers',
        command: namesProcess ? undefined : command,
        args: namesProcess ? undefined : args,
        env,
        hasEnv: Array.isArray(written),
        envPath,
        process: {
          isNamed: namesProcess,
          lacksEnvParent: configuration === undefined,
          misnamed: typeof text === 'string' && !namesProcess && command === undefined && args === undefined
            ? { field: 'procCommand', text } : undefined,
          hasPortConflict: false,
        },
        envFrom: [],
        port: this.#targetPort(fields),
      }]
    })
    const isGunicorn = (text: string): boolean => text.includes('gunicorn')
    const serving = processes.filter(({ command = [], args = [] }) => command.some(isGunicorn) || args.some(isGunicorn))
    return new Set(serving.map(({ port }) => port)).size > 1
      ? processes.map((one) => (one.process ? { ...one, process: { ...one.process, hasPortConflict: true } } : one)) : processes
  }

  /** Variables with those of a stage on top; one that only may be another is unknown. */
  #overlaid(env: readonly EnvVar[], overlay: unknown, path: Path, stage: string | undefined): EnvVar[] {
    const result = [...env]
    const places = new Map<string, number>()
    for (const [at, { name }] of env.entries()) if (!places.has(name)) places.set(name, at)
    const list = isObject(overlay) ? own(overlay, 'envVariables') : undefined
    for (const [index, item] of this.#list(list, path).entries()) {
      if (!isObject(item) || (stage !== undefined && textOf(item, 'envName') !== stage)) continue
      const name = textOf(item, 'name')
      const at = places.get(name) ?? result.length
      places.set(name, at)
      result[at] = { name, value: stage === undefined ? undefined : textOf(item, 'value'), index: at, path: [...path, index, 'value'] }
    }
    return result
  }

  /** The port of the first Service of a process, else that of the process; 5000 where it names none. */
  #targetPort(fields: Fields): number {
    const services = own(fields, 'services')
    const ports = (Array.isArray(services) ? services : []).map((service: unknown) => valueAt(service, ['targetPort']))
    return [...ports, own(fields, 'targetPort')].find(isPortNumber) ?? 5000
  }

  #container(fields: Fields, path: Path, list: Container['list']): Container {
    return {
      name: textOf(fields, 'name'),
      path,
      list,
      command: this.#strings(own(fields, 'command'), path, 'command'),
      args: this.#strings(own(fields, 'args'), path, 'args'),
      env: this.#env(own(fields, 'env'), path),
      hasEnv: Array.isArray(own(fields, 'env')),
      envPath: [...path, 'env'],
      envFrom: this.#envFrom(own(fields, 'envFrom'), path),
      port: this.#port(own(fields, 'ports'), path),
      written: fields,
    }
  }

  #env(value: unknown, path: Path): EnvVar[] {
    const env: EnvVar[] = []
    const list = this.#list(value, path, 'env')
    for (let index = 0; index < list.length; index++) {
      const item = list[index]
      // An element of null is an empty object, which names nothing.
      const name = isObject(item) ? own(item, 'name') : undefined
      const text = isObject(item) ? (own(item, 'value') ?? undefined) : undefined
      if (!isObject(item)) this.object(item, path, 'env', index)
      else if (typeof name !== 'string') this.#invalid(path, name ?? null, 'must be a string', 'env', index, 'name')
      else if (text !== undefined && typeof text !== 'string') this.#invalid(path, text, 'must be a string', 'env', index, 'value')
      // A variable with neither `value` nor `valueFrom` is the empty string.
      else env.push({ name, value: text ?? (own(item, 'valueFrom') ? undefined : ''), index })
    }
    return env
  }

  #envFrom(value: unknown, path: Path): EnvFrom[] {
    const sources: EnvFrom[] = []
    for (const [index, item] of this.#list(value, path, 'envFrom').entries()) {
      const fields = isObject(item) ? item : this.object(item, path, 'envFrom', index)
      const configMap = fields && textOf(own(fields, 'configMapRef'), 'name')
      if (fields) sources.push({ prefix: textOf(fields, 'prefix'), ...(configMap ? { configMap } : {}) })
    }
    return sources
  }

  #port(value: unknown, path: Path): number | undefined {
    const first = this.#list(value, path, 'ports')[0]
    const port = isObject(first) ? own(first, 'containerPort') : undefined
    return isPortNumber(port) ? port : undefined
  }
}
