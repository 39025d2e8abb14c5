/** A thread that does to a review what no review may do to it: what its object says. It is read as always where that is nothing. */
import { parentPort, workerData } from 'node:worker_threads'
import { readReviews, type Task, type ThreadData } from '../../src/admission/reading.ts'

parentPort?.on('message', ({ body }: Task) => {
  const text = Buffer.from(body).toString()
  if (text.includes('"do":"exit"')) process.exit(3)
  if (text.includes('"do":"loop"')) { for (;;); }
  if (text.includes('"do":"fill"')) {
    for (const all: string[][] = [];;) all.push(Array.from({ length: 10_000 }, (_, index) => `${index} ${all.length}`))
  }
})
if (parentPort) readReviews(parentPort, workerData as ThreadData)
