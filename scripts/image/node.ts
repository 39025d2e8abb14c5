/** Node itself, out of the npm package that npm-packages.json names for a platform. */
import { lockedPackage } from '../npm-package.js'
import type { Component } from '../sbom.ts'
import { npmComponent } from '../sbom.ts'
import type { Platform } from './platform.ts'

interface NodePackage {
  readonly name: string
  readonly version: string
  /** Of its archive: `sha512-` and base64. */
  readonly integrity: string
}

export function nodePackage(platform: Platform): NodePackage {
  const name = `node-linux-${platform.node}`
  return { name, ...lockedPackage(name) }
}

/** The package is Node's own release under another roof: what is known of Node is asked for by Node's name. */
export function nodeComponent(platform: Platform): Component {
  const locked = nodePackage(platform)
  const cpe = `cpe:2.3:a:nodejs:node.js:${locked.version}:*:*:*:*:*:*:*`
  return { ...npmComponent({ ...locked, licence: 'MIT' }), type: 'application', cpe }
}
