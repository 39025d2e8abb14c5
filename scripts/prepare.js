/**
 * What `npm install` ends with: the Node that Paddock is developed with, for npm's scripts, and the bundle. In JavaScript, as an
 * older Node may run it.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeFolder } from './npm-package.js'

const scripts = dirname(fileURLToPath(import.meta.url))
const link = join(dirname(scripts), 'node_modules/.bin/node')

/** The pinned Node; where none is to be had, the one that runs this. */
function node() {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) return process.execPath
  try {
    const program = join(nodeFolder(process.arch), 'bin/node')
    mkdirSync(dirname(link), { recursive: true })
    rmSync(link, { force: true })
    symlinkSync(program, link)
    return program
  } catch (error) {
    process.stderr.write(`going on with Node ${process.versions.node}, as the one that Paddock is developed with could not be fetched: ${/** @type {Error} */ (error).message}\n`)
    return process.execPath
  }
}

process.exitCode = spawnSync(node(), [join(scripts, 'build.ts')], { stdio: 'inherit' }).status ?? 1
