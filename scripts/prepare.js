/**
 * What `npm install` ends with: the Node that Paddock is developed with, for npm's scripts, and the bundle. In JavaScript, as an
 * older Node may run it.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeFolder } from './npm-package.js'

const scripts = dirname(fileURLToPath(import.meta.url))
const link = join(dirname(scripts), 'node_modules/.bin/node')

/** The pinned Node; where none is to be had, or it does not start here, the one that runs this. */
function node() {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) return process.execPath
  try {
    const program = join(nodeFolder(process.arch), 'bin/node')
    // On a system with another C library it does not, and npm's scripts would be given it all the same.
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    mkdirSync(dirname(link), { recursive: true })
    rmSync(link, { force: true })
    symlinkSync(program, link)
    return program
  } catch (error) {
    rmSync(link, { force: true })
    process.stderr.write(
      `going on with Node ${process.versions.node}, as there is none of those that Paddock is developed with: ${
        /** @type {Error} */ (error).message
      }\n`,
    )
    return process.execPath
  }
}

/** Whether the Node that runs this reads TypeScript. */
function isNewEnough() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  return major > 22 || (major === 22 && minor >= 19)
}

const program = node()
if (program === process.execPath && !isNewEnough()) {
  process.stderr.write(
    `Paddock is built with Node 22.19 or newer, and this is ${process.versions.node}: its libraries are installed, dist/paddock.js is not made\n`,
  )
  process.exitCode = 1
} else {
  const { status, error } = spawnSync(program, [join(scripts, 'build.ts')], { stdio: 'inherit' })
  if (error) process.stderr.write(`${error.message}\n`)
  process.exitCode = status ?? 1
}
