/** The thread in which the webhook reads large reviews. */
import { parentPort, workerData } from 'node:worker_threads'
import { readReviews, type ThreadData } from '../src/admission/reading.ts'

if (parentPort) readReviews(parentPort, workerData as ThreadData)
