import { cluster } from './start-cluster.ts'

/** Runs once after all e2e suites, whatever came of them. */
export default async function stopForAllSuites(): Promise<void> {
  await cluster?.stop()
}
