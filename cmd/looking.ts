/** The thread in which the webhook looks into images. */
import { setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { look, type LookingOptions } from '../src/dependencies/image/looking.ts'

if (parentPort) {
  // Linux takes 0 for the thread that asks: the others of this process, which answer reviews, go first. Elsewhere it is the process.
  if (process.platform === 'linux') setPriority(0, 10)
  look(parentPort, workerData as LookingOptions)
}
