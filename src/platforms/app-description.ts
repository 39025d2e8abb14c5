/**
 * app_desc.yaml of BlueKing → its modules' processes, and what the platform refuses, passes over, or takes for something else.
 *
 * Sources are the platform's own validations (platform/declarative) and DeploymentDesc.use_procfile_procs, as main had them on
 * 2026-07-23. Its words stand in quotes where it has any.
 */
import { splitWords } from '../gunicorn/shlex.ts'
import type { Path, Shape } from '../kubernetes/field.ts'
import type { EnvVar } from '../kubernetes/workload.ts'
import type { Remark } from './remarks.ts'
import { descriptionFields } from './description-schema.ts'
import { isTrue, versionOf } from './description-version.ts'
import { FieldCheck, type Says } from './field-check.ts'
import type { Command, Process, WrittenText } from './process.ts'
import { mostProcesses, processName, typeName, type Fault, type ProcfileProcess } from './procfile.ts'
import { keyText, member, str, type Entry, type List, type Mapping, type Range, type Value } from '../yaml/python-value.ts'

/** One module of an app. */
export interface Module {
  /** `default` for one that has no name. */
  readonly name: string
  /** Where its repository begins, from the root; empty for the root. */
  readonly sourceDir: string
  readonly processes: readonly Process[]
  /** The variables that it sets. */
  readonly variables: readonly EnvVar[]
}

export interface AppDescription {
  readonly modules: readonly Module[]
  /** Why the platform refuses the file as a whole. */
  readonly faults: readonly Fault[]
  /** What it says of the file that is about no process. */
  readonly remarks: readonly Remark[]
}

/** What stands in a module's Procfile: undefined where there is none, null where it cannot be read. `sourceDir` is the module's. */
export type ProcfileOf = (sourceDir: string) => readonly ProcfileProcess[] | null | undefined

/** Reads a description; `procfile` gives what stands beside it. */
export function readAppDescription(document: Value, procfile: ProcfileOf): AppDescription {
  if (document.type !== 'map') return refusedFile(document, 'it must be a YAML mapping ("must be dict type")')
  const version = versionOf(document)
  if ('message' in version) {
    if (procfile('') === undefined)
      return refusedFile(version.at,
        `${version.message} ("the procfile data is empty and the app desc data is invalid"): ${version.remedy.slice(0, 1).toLowerCase()}${
          version.remedy.slice(1, -1)
        }`)
    const { path, at, message, remedy } = version
    return { modules: [], faults: [],
      remarks: [{ rule: 'ignored-description', path, inFile: at, shape: 'Invalid value', value: version.value,
        detail: `must be a version that the platform reads, else the platform reads the Procfile alone: ${message}`, remedy }] }
  }
  return new Reader(document, version.number, version.ignored, procfile).read()
}

function refusedFile({ start, end }: Range, message: string): AppDescription {
  return { modules: [], remarks: [], faults: [{ start, end, message: `BlueKing refuses the file: ${message}` }] }
}

// The body

const languages = ['Python', 'PHP', 'Go', 'NodeJS', 'Java']

/** Names that an app may not set, and how names may not begin. */
const reservedNames = new Set(['SLUG_URL', 'HOME', 'S3CMD_CONF', 'HOSTNAME'])
const reservedPrefixes = ['BKPAAS_', 'KUBERNETES_']

/** What the operator takes of one process. */
const mostReplicas = 5

/** The plans of version 2, and those of version 3 that every platform has. */
const plans2 = new Set(['default', 'Starter', '4C1G5R', '4C2G5R', '4C4G5R', '4C1G', '4C2G', '4C4G'])
const legacyPlan = /^(?:Starter|\d+C\d+G\d+R)$/

type Rule = Remark['rule']

class Reader {
  readonly #document: Mapping
  readonly #version: 2 | 3
  readonly #procfile: ProcfileOf
  readonly #remarks: Remark[] = []

  constructor(document: Mapping, version: 2 | 3, ignored: Entry | undefined, procfile: ProcfileOf) {
    this.#document = document
    this.#version = version
    this.#procfile = procfile
    if (ignored)
      this.#say('ignored-description', [keyText(ignored.key)], ignored.key, str(ignored.value),
        `must not stand beside \`${
          ignored.key.type === 'string' && ignored.key.value === 'specVersion' ? 'spec_version' : 'specVersion'
        }\`, which holds`, 'Keep one of the two.')
  }

  read(): AppDescription {
    const says: Says = { say: (...words) => this.#say(...words), refuse: (...words) => this.#refuse(...words) }
    new FieldCheck(this.#version, says).object(this.#document, descriptionFields[this.#version], [])
    const modules = this.#modules()
    const owned = new Set(modules.flatMap(({ processes }) => processes.flatMap(({ remarks }) => remarks)))
    return { modules, faults: [], remarks: this.#remarks.filter((remark) => !owned.has(remark)) }
  }

  #say(rule: Rule, path: Path, inFile: Range, value: unknown, detail: string, remedy: string, shape: Shape = 'Invalid value'): void {
    this.#remarks.push({ rule, path, inFile: { start: inFile.start, end: inFile.end }, shape, value, detail, remedy })
  }

  #refuse(path: Path, value: Value, detail: string, remedy: string): void {
    this.#say('refused-description', path, value, value.type === 'list' || value.type === 'map' ? undefined : str(value), detail, remedy)
  }

  // Modules

  #modules(): Module[] {
    const several = member(this.#document, 'modules')
    const one = member(this.#document, 'module')
    const modules: Module[] = []
    if (several && isTrue(several)) {
      if (several.type === 'map' && this.#version === 2) {
        for (const { key, value } of several.entries) modules.push(...this.#module(value, keyText(key), ['modules', keyText(key)]))
      } else if (several.type === 'list' && this.#version === 3) {
        for (const [index, item] of several.items.entries()) modules.push(...this.#listed(item, ['modules', index]))
      }
      if (several.type === 'map' || several.type === 'list') this.#mainModule(several)
    }
    if (one && isTrue(one)) modules.push(...this.#module(one, 'default', ['module']))
    if (!(several && isTrue(several)) && !(one && isTrue(one)))
      this.#say('refused-description', ['modules'], { start: this.#document.start, end: this.#document.start + 1 }, undefined,
        'a module must be set, in `modules` or `module`', 'Describe the module.', 'Required value')
    return modules
  }

  #listed(item: Value, path: Path): Module[] {
    const name = member(item, 'name')
    if (item.type === 'map' && name === undefined)
      this.#say('refused-description', [...path, 'name'], { start: item.start, end: item.start + 1 }, undefined,
        'must be set: the platform fails on a module without a name ("KeyError")', 'Name the module.', 'Required value')
    return this.#module(item, name ? str(name).trim() : 'default', path)
  }

  /** An app that is made from the file has one main module. */
  #mainModule(modules: Mapping | List): void {
    if (member(this.#document, 'app') === undefined) return
    const items = modules.type === 'map' ? modules.entries.map(({ value }) => value) : modules.items
    const key = this.#version === 2 ? 'is_default' : 'isDefault'
    const main = items.filter((item) => isTrue(member(item, key) ?? { type: 'null', text: 'None', start: 0, end: 0 }))
    if (main.length === 1) return
    this.#say('refused-description', ['modules'], { start: modules.start, end: modules.start + 1 }, undefined,
      `one module must have \`${key}: true\`, and ${main.length === 0 ? 'none' : String(main.length)} has ("一个应用${
        main.length === 0 ? '必须有' : '只能有'
      }一个主模块")`, `Set \`${key}: true\` in one of them.`, 'Forbidden')
  }

  #module(value: Value, name: string, path: Path): Module[] {
    if (value.type !== 'map') {
      // Where it is no mapping at all has been said.
      if (path[0] === 'module') this.#refuse(path, value, `must be a mapping, not ${typeName(value)}`, 'Write it as a mapping.')
      return []
    }
    this.#language(member(value, 'language'), [...path, 'language'])
    const source = this.#version === 2 ? 'source_dir' : 'sourceDir'
    const sourceDir = this.#sourceDir(member(value, source), [...path, source])
    const variables = this.#version === 2 ? this.#variables2(value, path) : this.#variables3(value, path)
    const spec = this.#version === 2 ? value : member(value, 'spec')
    const at = this.#version === 2 ? path : [...path, 'spec']
    const found = member(spec, 'processes')
    const processes = this.#version === 2 ? this.#processes2(found, name, [...at, 'processes'])
      : this.#processes3(spec, found, name, [...at, 'processes'])
    this.#conflict(processes, found, sourceDir)
    // What is said of a process, here or before, goes with it.
    const owned = processes.map((process) => ({
      ...process,
      variables,
      folder: sourceDir,
      remarks: this.#remarks.filter((remark) => process.path.every((step, index) => remark.path[index] === step)),
    }))
    return [{ name, sourceDir, variables, processes: owned }]
  }

  #language(value: Value | undefined, path: Path): void {
    if (value?.type === 'string' && value.value.trim() !== '' &&
      !languages.some((known) => known.toLowerCase() === value.value.trim().toLowerCase()))
      this.#say('refused-description', path, value, value.value, `supported values: ${languages.map((known) => `"${known}"`).join(', ')}`,
        'Write one of these.', 'Unsupported value')
  }

  #sourceDir(value: Value | undefined, path: Path): string {
    if (value?.type !== 'string' || value.value.trim() === '') return ''
    const folder = value.value.trim()
    if (folder.startsWith('/') || folder.split('/').includes('..'))
      this.#refuse(path, value, 'must be a folder of the repository, without `..` ("构建目录存在逃逸风险")',
        'Write a path from the root of the repository.')
    else if (!/^[a-zA-Z0-9_\-./]+$/.test(folder))
      this.#refuse(path, value, 'must match the pattern ^[a-zA-Z0-9_\\-./]+$', 'Rename the folder.')
    else return folder.split('/').filter((step) => step !== '' && step !== '.').join('/')
    return ''
  }

  // Variables

  #variables2(module: Mapping, path: Path): EnvVar[] {
    const list = member(module, 'env_variables')
    const given = itemsOf(list).map((item, index) => ({ item, name: 'key', environment: textIn(item, 'environment_name') ?? '_global_',
      path: [...path, 'env_variables', index] })
    )
    return this.#variables(given)
  }

  #variables3(module: Mapping, path: Path): EnvVar[] {
    const spec = member(module, 'spec')
    const at = [...path, 'spec']
    const global = itemsOf(member(member(spec, 'configuration'), 'env')).map((item, index) => ({ item, name: 'name',
      environment: '_global_', path: [...at, 'configuration', 'env', index] })
    )
    const overlaid = itemsOf(member(member(spec, 'envOverlay'), 'envVariables')).map((item, index) => ({ item, name: 'name',
      environment: textIn(item, 'envName') ?? '', path: [...at, 'envOverlay', 'envVariables', index] })
    )
    return this.#variables([...global, ...overlaid])
  }

  /** One that differs between the environments has no value that is known. */
  #variables(
    given: readonly { readonly item: Value; readonly name: string; readonly environment: string; readonly path: Path }[],
  ): EnvVar[] {
    const byName = new Map<string, { values: Map<string, string>; path: Path }>()
    for (const { item, name: key, environment, path } of given) {
      const name = member(item, key)
      const value = member(item, 'value')
      if (name?.type !== 'string') continue
      this.#variableName(name.value.trim(), name, [...path, key])
      const known = byName.get(name.value.trim()) ?? { values: new Map<string, string>(), path: [...path, 'value'] }
      known.values.set(environment, value ? str(value).trim() : '')
      byName.set(name.value.trim(), known)
    }
    return [...byName].map(([name, { values, path }], index) => {
      const everywhere = values.get('_global_')
      const same = new Set(['stag', 'prod'].map((environment) => values.get(environment) ?? everywhere))
      return { name, value: same.size === 1 ? [...same][0] : undefined, index, path }
    })
  }

  #variableName(name: string, at: Value, path: Path): void {
    if (!/^[A-Z][A-Z0-9_]*$/.test(name))
      this.#refuse(path, at, 'must match the pattern ^[A-Z][A-Z0-9_]*$ ("格式错误，只能以大写字母开头，由大写字母、数字与下划线组成。")',
        'Name the variable in upper case.')
    else if (reservedNames.has(name))
      this.#refuse(path, at, `must not be a name of the platform's own ("保留关键字: ${name}")`, 'Rename the variable.')
    const prefix = reservedPrefixes.find((one) => name.startsWith(one))
    if (prefix !== undefined)
      this.#refuse(path, at, `must not begin with ${prefix} ("保留前缀: ${prefix}，请尝试其他前缀")`, 'Rename the variable.')
    if (name === 'PORT')
      this.#say('ignored-description', path, at, name, 'must not be set: the platform sets PORT to 5000 itself', 'Remove it.', 'Forbidden')
  }

  // Processes

  #processes2(value: Value | undefined, module: string, path: Path): Process[] {
    if (value?.type !== 'map') return []
    this.#count(value.entries.length, value, path)
    return value.entries.map(({ key, value: process }) => {
      const name = keyText(key)
      const at = [...path, name]
      this.#name(name, key, at)
      const replicas = member(process, 'replicas')
      const count = replicas ? integerOf(replicas) : undefined
      // The serializer takes any number here.
      if (replicas && count !== undefined && count < 0)
        this.#refuse([...at, 'replicas'], replicas, 'must be greater than or equal to 0', 'Raise it.')
      this.#replicas(replicas, count, [...at, 'replicas'])
      const plan = member(process, 'plan')
      if (plan?.type === 'string' && plan.value.trim() !== '' && !plans2.has(plan.value.trim()))
        this.#say('ignored-description', [...at, 'plan'], plan, plan.value,
          'must be a plan of the platform, else `default` is taken without a word', 'Write one of the plans, such as `4C1G5R`.')
      this.#probes2(member(process, 'probes'), [...at, 'probes'])
      const command = this.#text(member(process, 'command'), [...at, 'command'])
      return this.#process(name, module, at, command ?? { form: 'none' })
    })
  }

  #processes3(spec: Value | undefined, value: Value | undefined, module: string, path: Path): Process[] {
    const items = itemsOf(value)
    if (value) this.#count(items.length, value, path)
    const names = items.map((item) => textIn(item, 'name'))
    const processes = items.flatMap((process, index): Process[] => {
      if (process.type !== 'map') return []
      const at = [...path, index]
      const key = member(process, 'name')
      const name = names[index] ?? ''
      if (key) this.#name(name, key, [...at, 'name'])
      if (key && names.indexOf(name) !== names.lastIndexOf(name) && names.lastIndexOf(name) !== index)
        this.#say('ignored-description', [...at, 'name'], key, name, 'must not be used twice: a later process of that name takes its place',
          'Rename one of them.', 'Duplicate value')
      const replicas = member(process, 'replicas')
      this.#replicas(replicas, replicas ? integerOf(replicas) : undefined, [...at, 'replicas'])
      this.#limits3(process, name, at)
      return [this.#process(name, module, at, this.#command3(process, at))]
    })
    this.#references3(spec, new Set(names), path.slice(0, -1))
    return processes
  }

  #process(name: string, module: string, path: Path, command: Command): Process {
    return { kind: 'AppDescription', apiVersion: String(this.#version), name, module, path, command, variables: [], remarks: [] }
  }

  #count(count: number, value: Value, path: Path): void {
    if (count > mostProcesses)
      this.#say('refused-description', path, { start: value.start, end: value.start + 1 }, count,
        `must not hold more than ${mostProcesses} processes`, 'Remove processes, or split the module.')
  }

  #name(name: string, key: Value, path: Path): void {
    if (key.type === 'null' || key.type === 'bool' || name.trim() === '') {
      if (key.type === 'bool') this.#refuse(path, key, `must be a string, and YAML reads it as ${typeName(key)}`, 'Rename the process.')
      return
    }
    if (!processName.pattern.test(name))
      this.#refuse(path, key, `must match the pattern ${processName.written}`,
        'Name the process with lower-case letters, digits and hyphens.')
    else if (name.length > processName.longest)
      this.#refuse(path, key, `must not be longer than ${processName.longest} characters`, 'Shorten the name.')
    else if (name.length < processName.shortest)
      this.#refuse(path, key, `must have at least ${processName.shortest} characters in a cloud-native app`, 'Lengthen the name.')
  }

  #replicas(value: Value | undefined, count: number | undefined, path: Path): void {
    if (value && count !== undefined && count > mostReplicas)
      this.#refuse(path, value,
        `must be less than or equal to ${mostReplicas}: the operator refuses more ("at most support ${mostReplicas} replicas")`,
        `Lower it to ${mostReplicas}.`)
  }

  /** A command in one string, which is taken apart as Python's shlex does, whatever runs it. */
  #text(value: Value | undefined, path: Path): Command | undefined {
    if (value === undefined || value.type === 'null' || value.type === 'bool' || value.type === 'list' || value.type === 'map')
      return undefined
    const text = writtenText(value, path)
    const words = splitWords(text.value)
    if (!Array.isArray(words))
      this.#refuse(path, value, `must be words as a shell quotes them: the platform fails on it ("${words.error}")`, 'Close the quotation.')
    return { form: 'text', text }
  }

  #command3(process: Mapping, path: Path): Command {
    const text = this.#text(member(process, 'procCommand'), [...path, 'procCommand'])
    const lists = (['command', 'args'] as const).map((name) => ({ name, value: member(process, name), path: [...path, name] })).filter((
      { value },
    ) => value?.type === 'list')
    if (text) {
      for (const { name, value, path: at } of lists)
        if (value)
          this.#say('ignored-description', at, value, name, 'must not stand beside `procCommand`, which holds', 'Remove it.', 'Forbidden')
      return text
    }
    const words = lists.flatMap(({ value, path: at }) => itemsOf(value).map((word, index) => writtenText(word, [...at, index])))
    if (words.length > 0) return { form: 'list', lists: lists.map((list) => list.path), words }
    this.#say('unportable-description', [...path, 'procCommand'], { start: process.start, end: process.start + 1 }, undefined,
      'must be set where buildpacks build the app: there is no command then but this', 'Write the command, as `procCommand`.',
      'Required value')
    return { form: 'none' }
  }

  #probes2(probes: Value | undefined, path: Path): void {
    if (probes?.type !== 'map') return
    for (const { key, value } of probes.entries) {
      if (value.type !== 'map') continue
      const handlers = ['exec', 'http_get', 'tcp_socket'].filter((name) => member(value, name) !== undefined)
      const at = [...path, keyText(key)]
      if (handlers.length === 0)
        this.#refuse(at, value, 'must have one of `exec`, `http_get` and `tcp_socket` ("至少设置一个探活配置")', 'Say what is probed.')
      if (handlers.length > 1)
        this.#refuse(at, value, `must have one of ${handlers.map((name) => `\`${name}\``).join(' and ')} ("至多设置一个探活配置")`,
          'Keep one of them.')
    }
  }

  #limits3(process: Mapping, name: string, path: Path): void {
    const grace = member(process, 'gracefulShutdownSeconds')
    if (grace && integerOf(grace) === 0)
      this.#refuse([...path, 'gracefulShutdownSeconds'], grace, 'must be greater than or equal to 1: the operator refuses it',
        'Raise it, or leave it out.')
    const plan = member(process, 'resQuotaPlan')
    if (plan?.type === 'string' && legacyPlan.test(plan.value.trim()))
      this.#refuse([...path, 'resQuotaPlan'], plan,
        `must be a plan of version 3 ("Resource quota plan '${plan.value.trim()}' does not exist or is inactive.")`,
        `Write \`${plan.value.trim().replace(/(?<!\d)\d+R$/, '')}\`.`)
    const services = member(process, 'services')
    if (name === 'web' && itemsOf(services).length === 0)
      this.#say('unreachable-process', [...path, 'services'], { start: process.start, end: process.start + 1 }, undefined,
        'must be set: version 3 makes no Service of itself, and nothing reaches the process',
        'Add `services: [{name: web, port: 80, targetPort: ${PORT}, exposedType: {name: bk/http}}]`.', 'Required value')
    const seen: Record<string, Set<string>> = { name: new Set(), targetPort: new Set(), port: new Set() }
    for (const [index, service] of itemsOf(services).entries()) {
      const at = [...path, 'services', index]
      const target = member(service, 'targetPort')
      const port = target && integerOf(target)
      if (target && str(target) !== '${PORT}' && !(port !== undefined && port >= 1 && port <= 65535))
        this.#refuse([...at, 'targetPort'], target, `must be a port, or \${PORT} ("Invalid targetPort: ${str(target)}")`,
          'Write `${PORT}`.')
      for (const [field, values] of Object.entries(seen)) {
        const value = member(service, field)
        if (!value || value.type === 'null') continue
        if (values.has(str(value)))
          this.#say('refused-description', [...at, field], value, str(value),
            `must not be used twice in a process ("has duplicate ${field === 'name' ? 'service name' : field}")`, 'Change one of them.',
            'Duplicate value')
        values.add(str(value))
      }
    }
  }

  /** Names of processes elsewhere in the module. */
  #references3(spec: Value | undefined, names: ReadonlySet<string | undefined>, path: Path): void {
    const refer = (item: Value, at: Path, detail: string): void => {
      const value = member(item, 'process')
      if (value?.type === 'string' && !names.has(value.value.trim()))
        this.#say('refused-description', [...at, 'process'], value, value.value, detail, 'Name a process of the module.', 'Not found')
    }
    for (const field of ['replicas', 'resQuotas', 'autoscaling'])
      for (const [index, item] of itemsOf(member(member(spec, 'envOverlay'), field)).entries())
        refer(item, [...path, 'envOverlay', field, index],
          'must be a process of the module: the operator refuses it ("process name is invalid")')
    const metrics = member(member(member(spec, 'observability'), 'monitoring'), 'metrics')
    for (const [index, item] of itemsOf(metrics).entries())
      refer(item, [...path, 'observability', 'monitoring', 'metrics', index],
        `must be a process of the module ("metric process(${textIn(item, 'process') ?? ''}) not match any process")`)
  }

  // The Procfile beside it

  /** The platform compares names and commands, letter by letter. */
  #conflict(processes: readonly Process[], value: Value | undefined, sourceDir: string): void {
    const beside = this.#procfile(sourceDir)
    if (!beside || processes.length === 0 || !value) return
    const said = conflictSaid
    const remedy = 'Remove the Procfile, or the processes here.'
    for (const process of processes) {
      const other = beside.findLast(({ name }) => name === process.name)
      const { command } = process
      const at = command.form === 'text' ? command.text.path : process.path
      const range = command.form === 'text' ? command.text.range : command.form === 'list' ? (command.words[0]?.range ?? value) : value
      const shown = command.form === 'text' ? command.text.value : process.name
      if (!other)
        return this.#say('refused-description', process.path, range, process.name, `must be in the Procfile too, as it is ${said}`, remedy,
          'Forbidden')
      if (command.form !== 'text')
        return this.#say('refused-description', at, range, process.name,
          `must not stand beside a Procfile: \`command\` and \`args\` are never the same as what stands there ${said}`, remedy, 'Forbidden')
      if (other.command !== command.text.value.trim())
        return this.#say('refused-description', at, range, shown,
          `must be the same as in the Procfile, ${JSON.stringify(other.command)} ${said}`, remedy)
    }
    const more = beside.find(({ name }) => !processes.some((process) => process.name === name))
    const first = processes[0]
    if (more && first)
      this.#say('refused-description', first.path, { start: value.start, end: value.start + 1 }, undefined,
        `the Procfile may not have a process more, ${JSON.stringify(more.name)} ${said}`, remedy, 'Forbidden')
  }
}

/** What the platform says of two files that differ. */
export const conflictSaid =
  '("Process definitions conflict between Procfile and app description file. Please remove the Procfile to resolve this conflict.")'

const itemsOf = (value: Value | undefined): readonly Value[] => (value?.type === 'list' ? value.items : [])

function textIn(value: Value, name: string): string | undefined {
  const found = member(value, name)
  return found && found.type !== 'list' && found.type !== 'map' && found.type !== 'null' ? str(found).trim() : undefined
}

function integerOf(value: Value): number | undefined {
  const text = value.type === 'int' || value.type === 'float' || value.type === 'string' ? str(value).trim() : ''
  return /^[-+]?\d+(?:\.0+)?$/.test(text) ? Number(text) : undefined
}

function writtenText(value: Value, path: Path): WrittenText {
  const range = { start: value.start, end: value.end }
  return value.type === 'string' ? { path, value: value.value, range, offset: value.offset }
    : { path, value: str(value), range, offset: undefined }
}
