/** Node itself, out of the npm package that the lock file names for a platform. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Component } from '../sbom.ts'
import { npmComponent } from '../sbom.ts'
import type { Platform } from './platform.ts'

interface NodePackage {
  readonly name: string
  readonly version: string
  /** Of its archive: `sha512-` and base64. */
  readonly integrity: string
}

interface Lock {
  readonly packages: Readonly<Record<string, Omit<NodePackage, 'name'> | undefined>>
}

export function nodePackage(root: string, platform: Platform): NodePackage {
  const name = `node-linux-${platform.node}`
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock
  const locked = lock.packages[`node_modules/${name}`]
  if (locked === undefined) throw new Error(`${name}: the lock file does not know it`)
  return { name, version: locked.version, integrity: locked.integrity }
}

/** As npm has installed it; for another processor, downloaded into `cache` and compared with the lock file. */
export function nodeFolder(root: string, cache: string, platform: Platform): string {
  const { name, version, integrity } = nodePackage(root, platform)
  const installed = join(root, 'node_modules', name)
  if (existsSync(join(installed, 'bin/node'))) return installed
  const folder = join(cache, `${name}-${version}`)
  if (existsSync(folder)) return folder
  mkdirSync(cache, { recursive: true })
  const temporary = mkdtempSync(join(cache, 'download-'))
  try {
    execFileSync('npm', ['pack', '--silent', `${name}@${version}`, '--pack-destination', temporary], { cwd: root })
    const archive = join(temporary, `${name}-${version}.tgz`)
    const digest = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`
    if (digest !== integrity) throw new Error(`${name} ${version}: its digest is ${digest}, and ${integrity} is locked`)
    execFileSync('tar', ['-xzf', archive, '-C', temporary])
    renameSync(join(temporary, 'package'), folder)
    return folder
  } finally {
    rmSync(temporary, { recursive: true })
  }
}

/** The package is Node's own release under another roof: what is known of Node is asked for by Node's name. */
export function nodeComponent(root: string, platform: Platform): Component {
  const locked = nodePackage(root, platform)
  const cpe = `cpe:2.3:a:nodejs:node.js:${locked.version}:*:*:*:*:*:*:*`
  return { ...npmComponent({ ...locked, licence: 'MIT' }), type: 'application', cpe }
}
