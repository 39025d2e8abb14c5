import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Cluster } from '../cluster/cluster.ts'

/** The cluster that the run brought up; without `stop`, which is not a suite's business. */
export type SharedCluster = Omit<Cluster, 'stop'>

export type Answer = { status: number; stdout: string; stderr: string }

/** Runs kubectl; `input` is what `-f -` reads, an object or its text. */
export type Kubectl = (args: string[], input?: object | string) => Promise<Answer>

/** The cluster of this run, or undefined where none could be had. */
export function sharedCluster(): SharedCluster | undefined {
  const given = process.env['PADDOCK_E2E_CLUSTER']
  return given === undefined ? undefined : (JSON.parse(given) as SharedCluster)
}

/** A kubectl for one namespace, which keeps what it caches in `folder`. */
export function kubectlFor(cluster: SharedCluster, namespace: string, folder: string): Kubectl {
  const environment = { ...process.env, KUBECONFIG: cluster.kubeconfig, KUBECACHEDIR: join(folder, 'kubectl') }
  return (args, input) =>
    new Promise((resolve, reject) => {
      const child = spawn(cluster.kubectl, ['--namespace', namespace, ...args], { env: environment })
      const answer: Answer = { status: 0, stdout: '', stderr: '' }
      child.stdout.setEncoding('utf8').on('data', (text: string) => (answer.stdout += text))
      child.stderr.setEncoding('utf8').on('data', (text: string) => (answer.stderr += text))
      child.on('error', reject)
      child.on('close', (status) => resolve({ ...answer, status: status ?? 1 }))
      // One that needs no input may be gone before there is any; what became of it tells its status.
      child.stdin.on('error', () => {})
      child.stdin.end(typeof input === 'object' ? JSON.stringify(input) : (input ?? ''))
    })
}

/** What it wrote to standard output. @throws where it failed */
export async function succeed(answer: Promise<Answer>): Promise<string> {
  const { status, stdout, stderr } = await answer
  if (status !== 0) throw new Error(`kubectl ended with status ${status}: ${stderr}`)
  return stdout
}
