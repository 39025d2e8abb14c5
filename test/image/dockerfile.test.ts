/** The Dockerfile and `npm run image` make the same image. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import manifest from '../../package.json' with { type: 'json' }
import { imageConfig } from '../../scripts/image/config.ts'

const root = join(import.meta.dirname, '../..')
const text = readFileSync(join(root, 'Dockerfile'), 'utf8').replaceAll(/\\\n\s*/g, '')
const final = text.slice(text.indexOf('\nFROM scratch'))
const config = imageConfig(manifest, { revision: '$REVISION', created: new Date(0) })

const instruction = (name: string): string => new RegExp(`^${name} (.*)$`, 'm').exec(final)?.[1] ?? ''

test('it starts the same program as the same user in the same place', () => {
  expect(JSON.parse(instruction('ENTRYPOINT'))).toEqual(config.Entrypoint)
  expect(JSON.parse(instruction('CMD'))).toEqual(config.Cmd)
  expect(instruction('USER')).toBe(config.User)
  expect(instruction('WORKDIR')).toBe(config.WorkingDir)
  expect(instruction('ENV').split(' ')).toEqual(config.Env)
  expect(Object.keys(config.ExposedPorts)).toEqual([`${instruction('EXPOSE')}/tcp`])
})

test('it says the same of itself', () => {
  const pairs = [...instruction('LABEL').matchAll(/(\S+)="([^"]*)"/g)]
  const labels = Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, value]))
  expect(instruction('ARG')).toBe(`VERSION=${manifest.version}`)
  const created = 'org.opencontainers.image.created'
  expect(labels).toEqual({ ...config.Labels, 'org.opencontainers.image.version': '$VERSION', [created]: '$CREATED' })
})

test('it copies every layer', () => {
  const copied = [...final.matchAll(/^COPY --from=build \/image\/(\w+) \/$/gm)].map(([, name]) => name)
  expect(copied).toEqual(['system', 'node', 'paddock'])
})
