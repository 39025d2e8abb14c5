/**
 * Workload objects: their pod template, its containers, and what of them is malformed.
 *
 * Objects come from files and requests, so nothing of their shape is taken on trust.
 */
import type { Expanded } from './expansion.ts'
import type { Path, Shape } from './field.ts'
import { type WorkloadKind, workloadKind } from './kinds.ts'

export type Fields = Readonly<Record<string, unknown>>

/** A field whose value the API server would refuse. */
export interface FieldError {
  readonly path: Path
  readonly shape: Shape
  readonly value: unknown
  readonly detail: string
}

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
  readonly path: Path
}

/** A word of a command line before any shell. */
export interface Element {
  readonly path: Path
  /** As it is written. */
  readonly text: string
  /** What the program gets. */
  readonly expanded: Expanded
  /** Where it stands in the string at `path`, where that holds several words; `text` is that part of it. */
  readonly at?: { readonly start: number; readonly end: number }
  /** True for the text of a file that a shell runs by its name, for which no shell gives way to its last command. */
  readonly isFile?: boolean
}

/** What a platform says of its own file, whatever gunicorn says. */
export interface Remark extends FieldError {
  readonly rule: 'refused-description' | 'ignored-description' | 'unportable-description' | 'mangled-command' | 'unreachable-process' | 'unseen-script'
  readonly remedy: string
  /** Where it stands in the file: UTF-16 offsets, end exclusive. */
  readonly inFile: { readonly start: number; readonly end: number }
}

/** How what is put into a command line is written, where that is not what Kubernetes expects. */
export interface Spelling {
  /** Text that means itself, before a shell's quotes. */
  readonly literal: (text: string) => string
  /** A variable of the environment. */
  readonly variable: (name: string) => string
  /** True for an option that does not come through. */
  readonly swallows?: (flag: string) => boolean
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
  /** True where what would hold it is missing as well. */
  readonly lacksEnvParent?: boolean
  /** True where `$VAR` and `${VAR}` in `command` and `args` are rewritten to `$(VAR)` before the kubelet sees them. */
  readonly isRewritten?: boolean
  /** True where the port variable, which it shares with others, cannot be what each of them needs. */
  readonly hasPortConflict?: boolean
  /** True where the name of the process, which stands at `name`, says which command of the image is run, whatever is written beside it. */
  readonly isNamed?: boolean
  /** A field that reads like a command and is none. */
  readonly misnamed?: { readonly field: string; readonly text: string } | undefined
  readonly envFrom: readonly EnvFrom[]
  /** The first `containerPort`. */
  readonly port: number | undefined
  /** The words of its command line, where they are not those of `command` and `args`: what a platform makes of its own file. */
  readonly elements?: readonly Element[]
  /** Comes with `elements`. */
  readonly spelling?: Spelling
  /** The string that `elements` were made of, where that is one. */
  readonly text?: string
  /** The container as it is written: see pod-fields.ts, which reads what few rules ask for. Undefined for what is no container. */
  readonly written?: Fields
}

export interface Workload {
  readonly kind: WorkloadKind
  readonly apiVersion: string
  readonly name: string
  readonly namespace: string
  /** Annotations of the object, with those of its pod template on top. */
  readonly annotations: ReadonlyMap<string, { readonly value: string; readonly path: Path }>
  readonly enableServiceLinks: boolean
  /** The PodSpec as it is written, with its path. Undefined for what has none. */
  readonly pod?: { readonly spec: Fields; readonly path: Path }
  readonly containers: readonly Container[]
  /** The object as it is written. */
  readonly written: unknown
  readonly errors: readonly FieldError[]
  /** The gunicorn release that a requirements file beside it pins, where no annotation tells another. */
  readonly gunicorn?: string | undefined
  /** What the platform says of it; undefined for what comes from no file of a platform. */
  readonly remarks?: readonly Remark[]
}

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)

const own = (fields: Fields, key: string): unknown => (Object.hasOwn(fields, key) ? fields[key] : undefined)

/** The value at a path; undefined where something on the way is missing or of another type. */
export function valueAt(value: unknown, path: Path): unknown {
  let at = value
  for (const step of path) {
    if (typeof step === 'number') at = Array.isArray(at) ? at[step] : undefined
    else at = isObject(at) ? own(at, step) : undefined
  }
  return at
}

/** Reads a workload; undefined where the object is of no kind that holds a pod template. */
export function readWorkload(object: unknown): Workload | undefined {
  if (!isObject(object)) return undefined
  const apiVersion = own(object, 'apiVersion')
  const kind = workloadKind(apiVersion, own(object, 'kind'))
  if (!kind) return undefined
  const errors: FieldError[] = []
  const reader = new Reader(errors)
  const spec = reader.object(valueAt(object, kind.spec), kind.spec)
  const metadata = own(object, 'metadata')
  const annotations = new Map<string, { value: string; path: Path }>()
  for (const path of [['metadata'], kind.metadata]) {
    const at = [...path, 'annotations']
    for (const [name, value] of Object.entries(reader.object(valueAt(object, at), at) ?? {}))
      if (typeof value === 'string') annotations.set(name, { value, path: [...at, name] })
  }
  return {
    kind,
    apiVersion: String(apiVersion),
    name: nameOf(metadata),
    namespace: textOf(metadata, 'namespace'),
    annotations,
    enableServiceLinks: spec ? own(spec, 'enableServiceLinks') !== false : true,
    ...(spec && kind.holds !== 'processes' ? { pod: { spec, path: kind.spec } } : {}),
    containers: spec ? containersOf(reader, spec, kind, annotations) : [],
    written: object,
    errors,
  }
}

function containersOf(reader: Reader, spec: Fields, kind: WorkloadKind, annotations: Workload['annotations']): Container[] {
  if (kind.holds !== 'processes') return reader.containers(spec, kind.spec)
  const annotated = (name: string): string | undefined => annotations.get(`bkapp.paas.bk.tencent.com/${name}`)?.value
  return reader.processes(spec, kind.spec, { stage: annotated('environment'), namesProcess: annotated('use-cnb') === 'true' })
}

/**
 * The objects that a value holds, each with its path: the items of a `List` (`v1 List`, `apps/v1 DeploymentList`), of lists
 * within lists too; the value itself where it is no list.
 */
export function* readObjects(value: unknown, path: Path = []): Generator<{ readonly item: unknown; readonly path: Path }> {
  const kind = isObject(value) ? own(value, 'kind') : undefined
  const items = typeof kind === 'string' && kind.endsWith('List') ? valueAt(value, ['items']) : undefined
  if (!Array.isArray(items)) yield { item: value, path }
  else for (const [index, item] of items.entries()) yield* readObjects(item, [...path, 'items', index])
}

/** Kinds whose schema does not say what a port is may hold any number. */
const isPortNumber = (value: unknown): value is number => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 65535

function textOf(fields: unknown, key: string): string {
  const value = isObject(fields) ? own(fields, key) : undefined
  return typeof value === 'string' ? value : ''
}

/** `generateName` stands in for a name that the API server has yet to make. */
const nameOf = (metadata: unknown): string => textOf(metadata, 'name') || textOf(metadata, 'generateName')

/** Reads the fields of a PodSpec, and notes those of a wrong type. */
class Reader {
  readonly #errors: FieldError[]

  constructor(errors: FieldError[]) {
    this.#errors = errors
  }

  #invalid(path: Path, value: unknown, detail: string): undefined {
    this.#errors.push({ path, shape: 'Invalid value', value, detail })
    return undefined
  }

  object(value: unknown, path: Path): Fields | undefined {
    if (value === undefined || value === null) return undefined
    return isObject(value) ? value : this.#invalid(path, value, 'must be an object')
  }

  #list(value: unknown, path: Path): readonly unknown[] {
    if (value === undefined || value === null) return []
    return Array.isArray(value) ? value : (this.#invalid(path, value, 'must be a list') ?? [])
  }

  #strings(value: unknown, path: Path): readonly string[] | undefined {
    if (value === undefined || value === null) return undefined
    if (!Array.isArray(value)) return this.#invalid(path, value, 'must be a list of strings')
    const wrong = value.findIndex((item) => typeof item !== 'string')
    if (wrong >= 0) return this.#invalid([...path, wrong], value[wrong], 'must be a string')
    return value as readonly string[]
  }

  containers(spec: Fields, path: Path): Container[] {
    const containers: Container[] = []
    for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
      const at = [...path, list]
      for (const [index, item] of this.#list(own(spec, list), at).entries()) {
        const fields = this.object(item, [...at, index])
        if (fields) containers.push(this.#container(fields, [...at, index], list))
      }
    }
    return containers
  }

  /**
   * The processes of a BkApp, each of which becomes a container of its own.
   * Source: TencentBlueKing/blueking-paas, operator/pkg/controllers/bkapp/processes/resources and pkg/kubeutil/misc.go.
   *
   * @param stage `stag` or `prod`, where it is known: variables may be other ones there
   * @param namesProcess true where the operator puts the name of the process in place of its command: the image knows what that runs
   */
  processes(spec: Fields, path: Path, { stage, namesProcess }: { readonly stage: string | undefined; readonly namesProcess: boolean }): Container[] {
    const configuration = this.object(own(spec, 'configuration'), [...path, 'configuration'])
    const envPath = [...path, 'configuration', 'env']
    const written = configuration && own(configuration, 'env')
    const env = this.#overlaid(this.#env(written, envPath), own(spec, 'envOverlay'), [...path, 'envOverlay', 'envVariables'], stage)
    const processes = this.#list(own(spec, 'processes'), [...path, 'processes']).flatMap((item, index): Container[] => {
      const at = [...path, 'processes', index]
      const fields = this.object(item, at)
      if (!fields) return []
      const name = textOf(fields, 'name')
      const text = own(fields, 'procCommand')
      const command = this.#strings(own(fields, 'command'), [...at, 'command'])
      const args = this.#strings(own(fields, 'args'), [...at, 'args'])
      return [{
        name,
        path: at,
        list: 'containers',
        command: namesProcess ? undefined : command,
        args: namesProcess ? undefined : args,
        ...(namesProcess ? { isNamed: true } : {}),
        env,
        hasEnv: Array.isArray(written),
        envPath,
        lacksEnvParent: configuration === undefined,
        isRewritten: true,
        misnamed: typeof text === 'string' && !namesProcess && command === undefined && args === undefined ? { field: 'procCommand', text } : undefined,
        envFrom: [],
        port: this.#targetPort(fields),
      }]
    })
    const serving = processes.filter(({ command = [], args = [] }) => [...command, ...args].some((text) => text.includes('gunicorn')))
    return new Set(serving.map(({ port }) => port)).size > 1 ? processes.map((process) => ({ ...process, hasPortConflict: true })) : processes
  }

  /** Variables with those of a stage on top; one that only may be another is unknown. */
  #overlaid(env: readonly EnvVar[], overlay: unknown, path: Path, stage: string | undefined): EnvVar[] {
    const result = [...env]
    const list = isObject(overlay) ? own(overlay, 'envVariables') : undefined
    for (const [index, item] of this.#list(list, path).entries()) {
      if (!isObject(item) || (stage !== undefined && textOf(item, 'envName') !== stage)) continue
      const name = textOf(item, 'name')
      const at = result.findIndex((variable) => variable.name === name)
      const variable = { name, value: stage === undefined ? undefined : textOf(item, 'value'), index: at < 0 ? result.length : at, path: [...path, index, 'value'] }
      if (at < 0) result.push(variable)
      else result[at] = variable
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
      command: this.#strings(own(fields, 'command'), [...path, 'command']),
      args: this.#strings(own(fields, 'args'), [...path, 'args']),
      env: this.#env(own(fields, 'env'), [...path, 'env']),
      hasEnv: Array.isArray(own(fields, 'env')),
      envPath: [...path, 'env'],
      envFrom: this.#envFrom(own(fields, 'envFrom'), [...path, 'envFrom']),
      port: this.#port(own(fields, 'ports'), [...path, 'ports']),
      written: fields,
    }
  }

  #env(value: unknown, path: Path): EnvVar[] {
    const env: EnvVar[] = []
    const list = this.#list(value, path)
    for (let index = 0; index < list.length; index++) {
      const item = list[index]
      // An element of null is an empty object, which names nothing.
      const name = isObject(item) ? own(item, 'name') : undefined
      const text = isObject(item) ? (own(item, 'value') ?? undefined) : undefined
      if (!isObject(item)) this.object(item, [...path, index])
      else if (typeof name !== 'string') this.#invalid([...path, index, 'name'], name ?? null, 'must be a string')
      else if (text !== undefined && typeof text !== 'string') this.#invalid([...path, index, 'value'], text, 'must be a string')
      // A variable with neither `value` nor `valueFrom` is the empty string.
      else env.push({ name, value: text ?? (own(item, 'valueFrom') ? undefined : ''), index })
    }
    return env
  }

  #envFrom(value: unknown, path: Path): EnvFrom[] {
    return this.#list(value, path).flatMap((item, index) => {
      const fields = this.object(item, [...path, index])
      return fields ? [{ prefix: textOf(fields, 'prefix'), path: [...path, index] }] : []
    })
  }

  #port(value: unknown, path: Path): number | undefined {
    const first = this.#list(value, path)[0]
    const port = isObject(first) ? own(first, 'containerPort') : undefined
    return isPortNumber(port) ? port : undefined
  }
}
