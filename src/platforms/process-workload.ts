/** A process of a platform's file → the workload that it is for the rules: what is started, with which environment. Pure. */
import type { Element } from '../kubernetes/element.ts'
import type { Container, EnvVar, Workload } from '../kubernetes/workload.ts'
import { commandLine, spellings } from './command-line.ts'
import type { Mode, Platform } from './platform.ts'
import type { Command, Process } from './process.ts'
import type { Remark } from './remarks.ts'

/** A process as a workload of a platform. */
export function workloadOf(process: Process, platform: Platform): Workload {
  const variables = environmentOf(process, platform)
  const { elements, remarks } = commandLine(process.command, modeOf(process.command, platform), variables)
  return workload(process, variables, elements, [...process.remarks, ...remarks], modeOf(process.command, platform),
    process.command.form === 'text' ? process.command.text.value : undefined)
}

/** The mode in which a platform reads a command. */
export const modeOf = ({ form }: Command, platform: Platform): Mode => (form === 'list' ? platform.listMode : platform.mode)

/** What the process finds in its environment, as far as the file and the platform tell. */
function environmentOf({ variables }: Pick<Process, 'variables'>, { environment }: Platform): EnvVar[] {
  const own = variables.filter(({ name }) => !Object.hasOwn(environment, name))
  const given = Object.entries(environment).map(([name, value], index): EnvVar => ({ name, value: value ?? undefined,
    index: own.length + index })
  )
  return [...own, ...given]
}

/** A workload of one container with the words that are given. */
export function workload({ kind, apiVersion, name, module = 'default', path }: Process, env: readonly EnvVar[],
  elements: readonly Element[], remarks: readonly Remark[], mode: Mode, text: string | undefined): Workload {
  const container: Container = {
    name,
    path,
    list: 'containers',
    command: undefined,
    args: undefined,
    platform: { elements, spelling: spellings[mode], text },
    env,
    hasEnv: true,
    envPath: [...path, 'env'],
    envFrom: [],
    port: undefined,
  }
  return {
    kind: { group: '', kind, spec: [], metadata: [] },
    apiVersion,
    name: module === 'default' ? name : `${module}/${name}`,
    namespace: '',
    annotations: new Map(),
    enableServiceLinks: false,
    containers: [container],
    written: undefined,
    errors: [],
    remarks,
  }
}
