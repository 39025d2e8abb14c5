/**
 * What a fix puts in changes what a real gunicorn goes by: commands are read by a real gunicorn before and after each is mended, by the
 * presets that do not want spelt out what gunicorn does by itself.
 */
import { expect } from '@jest/globals'
import { applyEdits } from '../../src/edit.ts'
import { readWorkload, valueAt } from '../../src/kubernetes/workload.ts'
import { judge } from '../../src/judge.ts'
import { presetNamed } from '../../src/policy/read.ts'
import { installGunicorn } from '../../scripts/gunicorn-release.ts'
import { amount } from '../amount.ts'
import type { Container } from './containers.ts'
import { Oracle, type Answer, type CommandLine } from './gunicorn.ts'
import { environmentOf } from './pods.ts'
import { Random } from './random.ts'
import { realTest, seed } from './real.ts'

const releases = ['20.1.0', '23.0.0', '27.0.1']
const presets = ['kubernetes', 'heroku', 'cloud-run']
const missing = await Promise.all(releases.map((release) => installGunicorn(release))).then(() => undefined,
  (error: Error) => error.message)

const options: readonly (readonly string[])[] = [
  ['-b', ':8000'],
  ['-b', ':$(PORT)'],
  ['-b', '0.0.0.0:$PORT'],
  ['-w', '1'],
  ['-w', '4'],
  ['--threads', '8'],
  ['--threads=1'],
  ['-t', '0'],
  ['-t', '30'],
  ['--access-logfile', '-'],
  ['--error-logfile', '-'],
  ['--log-file=/tmp/x'],
  ['-k', 'gthread'],
  ['--forwarded-allow-ips=*'],
  ['--reload'],
  ['--daemon'],
  ['-c', '/dev/null'],
  ['--preload'],
  ['--log-level', 'debug'],
]
const variables: Readonly<Record<string, readonly string[]>> = {
  PORT: ['8000', '8080'],
  WEB_CONCURRENCY: ['1', '3'],
  GUNICORN_CMD_ARGS: ['--access-logfile -', '-w 1', '--threads 8 --timeout 0', '--error-logfile=-', ''],
  FORWARDED_ALLOW_IPS: ['*', '127.0.0.1'],
}

function containerFor(random: Random): Container {
  const env = Object.entries(variables).flatMap(([name, values]) => (random.chance(0.35) ? [{ name, value: random.pick(values) }] : []))
  return {
    name: 'web',
    command: ['gunicorn', 'shop:app', ...random.some(options, random.below(5)).flat()],
    ...(env.length > 0 ? { env } : {}),
    ...(random.chance(0.3) ? { ports: [{ containerPort: random.pick([8000, 8080]) }] } : {}),
  }
}

const expanded = (text: string, env: ReadonlyMap<string, string>): string =>
  text.replaceAll(/\$\(([^)]*)\)/g, (written, name: string) => env.get(name) ?? written)

function lineOf(container: Container): CommandLine {
  const env = environmentOf({ container, hidden: new Map(), sh: 'dash' })
  return { argv: [...(container.command ?? []), ...(container.args ?? [])].map((text) => expanded(text, env)),
    env: Object.fromEntries(env) }
}

/** A setting as it counts: of an address without a host, all of them. */
function effective({ settings }: Answer, name: string): string {
  const value = settings?.[name]
  return JSON.stringify(name === 'bind' && Array.isArray(value) ? value.map((address) => String(address).replace(/^:/, '0.0.0.0:')) : value)
}

realTest('each fix changes what gunicorn goes by', missing, async () => {
  const random = new Random(seed)
  const cases = Array.from({ length: amount(1500) },
    (_, index) => ({ container: containerFor(random), preset: presets[index % presets.length] ?? '',
      release: releases[index % releases.length] ?? '' })).flatMap((one) => {
      const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'shop', annotations: { 'paddock.dev/gunicorn': one.release } },
        spec: { containers: [one.container] } }
      const [workload, policy] = [readWorkload(object), presetNamed(one.preset)]
      if (!workload) throw new Error('a Pod was not read')
      const fixed = judge({ object, workload, policy })
      const after = valueAt(fixed.rounds.reduce<unknown>(applyEdits, object), ['spec', 'containers', 0]) as Container
      const settings = [...fixed.mended].flatMap((
        { fix: made, message },
      ) => (made && 'setting' in made && !made.entry ? [{ setting: made.setting, message }] : []))
      return [{ ...one, after, settings }]
    })
  const wrong: string[] = []
  let put = 0
  for (const release of releases) {
    const mine = cases.filter((one) => one.release === release && one.settings.length > 0)
    const oracle = await Oracle.start(release)
    const answers = await oracle.ask(mine.flatMap(({ container, after }) => [lineOf(container), lineOf(after)])).finally(() =>
      oracle.close()
    )
    for (const [index, { container, after, settings, preset }] of mine.entries()) {
      const [before, then] = [answers[index * 2] as Answer, answers[index * 2 + 1] as Answer]
      // What does not start has no settings to compare.
      if (before.settings === null || before.bind_error !== null) continue
      for (const { setting, message } of settings) {
        put++
        if (effective(before, setting) === effective(then, setting))
          wrong.push([preset, release, JSON.stringify(container), JSON.stringify(after.command), message].join('\n'))
      }
    }
  }
  console.log(`no change, seed ${seed}: ${cases.length} commands, ${put} settings put in, ${wrong.length} of them as they were`)
  expect(wrong.slice(0, 10).join('\n---\n')).toBe('')
  expect(put).toBeGreaterThan(cases.length / 3)
})
