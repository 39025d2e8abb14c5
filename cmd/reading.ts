/** The thread in which the webhook reads large reviews. */
import { setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { readReviews, type ThreadData } from '../src/admission/reading.ts'

if (parentPort) {
  // Linux takes 0 for the thread that asks: the others of this process, which answer what is small, go first. Elsewhere it is the process.
  if (process.platform === 'linux') setPriority(0, 10)
  readReviews(parentPort, workerData as ThreadData)
}
