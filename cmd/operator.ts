#!/usr/bin/env node
/** The operator of a cluster; `operator.js cleanup` takes away what it has made. */
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { jsonLog } from '../src/log.ts'
import { operator } from '../src/operator/operator.ts'
import { errorLines, whenAsked } from './process.ts'
import { looking } from './threads.ts'
import { version } from './version.ts'

const log = jsonLog('info', errorLines(), Date.now)
const stopping = new AbortController()
whenAsked(() => stopping.abort())
const { argv, env } = process
try {
  await operator({ args: argv.slice(2), env, version, instance: env['POD_NAME'] ?? hostname(), log, now: Date.now, randomBytes, looking },
    stopping.signal)
  process.exit(0)
} catch (error) {
  log.error('stopped', { error: (error as Error).message })
  process.exit(1)
}
