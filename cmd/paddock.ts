#!/usr/bin/env node
import module from 'node:module'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`paddock: needs Node.js 22.19 or newer, and this is ${process.versions.node}\n`)
  process.exit(2)
}
// What was compiled once is not compiled again: a third of the time from start to exit.
module.enableCompileCache()
const { main } = await import('./command-line.ts')
process.exitCode = await main()
