/** From start to exit on one small file, beside a Node that does nothing. */
import { join } from 'node:path'
import { cores, measure } from './measure.ts'

const goal = 0.15
const root = join(import.meta.dirname, '..')
const bare = await measure([process.execPath, '-e', ''], 11)
const check = await measure([process.execPath, join(root, 'dist/paddock.js'), 'check', join(root, 'examples/fixed-defaults.yaml')], 11)
const ms = (seconds: number): string => `${Math.round(seconds * 1000)} ms`
console.log(`\npaddock check on one file, ${cores}
  node that does nothing  ${ms(bare.seconds)}
  paddock check           ${ms(check.seconds)}  (${(check.seconds / bare.seconds).toFixed(2)} times; to reach: under ${ms(goal)})`)
