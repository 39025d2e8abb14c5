#!/usr/bin/env node
import module from 'node:module'
import { setFlagsFromString } from 'node:v8'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`paddock: needs Node.js 22.19 or newer, and this is ${process.versions.node}\n`)
  process.exit(2)
}
// A log, or an image, of gigabytes is thrown away as it is read: room for it that grows is memory for nothing.
if (process.argv[2] === 'diagnose' || process.argv[2] === 'image') {
  for (const flag of ['--semi-space-growth-factor=1', '--optimize-for-size']) setFlagsFromString(flag)
}
// What was compiled once is not compiled again: a third of the time from start to exit.
module.enableCompileCache()
const { main } = await import('./command-line.ts')
process.exitCode = await main()
