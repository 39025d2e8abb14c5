import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { compareReleases, isRepackaged, newestRelease, releases, releasesFor, releasesWithin,
  versionIn } from '../../src/gunicorn/catalogue.ts'
import { firstReleaseWith, lastReleaseWith, neededDistribution, releasesWithout } from '../../src/gunicorn/worker-classes.ts'
import { wrongNames } from '../../src/gunicorn/wrong-names.ts'

const names = releases.map((release) => release.name)

test('every file of the catalogue is a release, in order', () => {
  const files = readdirSync(join(import.meta.dirname, '../../src/gunicorn/catalogue')).filter((name) => name.endsWith('.json')).map((
    name,
  ) => basename(name, '.json'))
  expect(names).toEqual(files.sort(compareReleases))
  expect(newestRelease.name).toBe(names.at(-1))
  expect(names).toEqual(expect.arrayContaining(['19.10.0', '20.1.0', '21.2.0', '22.0.0', '23.0.0', '25.3.0', '26.0.0']))
})

test.each([
  ['20.1.0', '20.1', 0],
  ['9.0', '19.0', -1],
  ['25.10.0', '25.9.0', 1],
  ['25.0.3', '25.1', -1],
])('%s against %s: %d', (a, b, sign) => {
  expect(Math.sign(compareReleases(a, b))).toBe(sign)
})

describe('the releases that a specifier stands for', () => {
  test.each([
    ['==23.0.0', ['23.0.0']],
    ['==20.1.0+corp.1', ['20.1.0']],
    ['==22.1', ['22.0.0', '23.0.0']],
    ['>=26', ['26.0.0', '26.2.0', '27.0.1']],
    // 20.0.0 may be like 19.10.0, and 24.0.0 like 23.0.0.
    ['~=20.0', ['19.10.0', '20.0.4', '20.1.0']],
    ['>=20.1,<22', ['20.1.0', '21.2.0']],
    ['>=24.0,<25', ['23.0.0', '24.1.1']],
    ['>=24.0,<24.1', ['23.0.0', '24.1.1']],
    ['>99', ['27.0.1']],
    ['<19', ['19.10.0']],
    ['', names],
    ['@ https://example.com/gunicorn.zip', names],
  ])('%s', (specifier, expected) => expect(releasesWithin(specifier).map(({ name }) => name)).toEqual(expected))
})

test.each([
  ['20.1.0-6+deb12u1', '20.1.0', true],
  ['20.1.0-3.el9', '20.1.0', true],
  ['1:20.1.0-2ubuntu1', '20.1.0', true],
  ['23.0.0-r2', '23.0.0', true],
  ['23.0.0', '23.0.0', false],
  ['latest', undefined, false],
  ['23.0.0 or so', undefined, false],
])('the version in %s', (text, version, repackaged) => {
  expect(versionIn(text)).toBe(version)
  expect(isRepackaged(text)).toBe(repackaged)
})

describe('the releases that a version stands for', () => {
  test.each([
    ['23.0.0', ['23.0.0']],
    ['20.1', ['20.1.0']],
    ['22.1.0', ['22.0.0', '23.0.0']],
    ['20.0.2', ['19.10.0', '20.0.4']],
    ['18.0', ['19.10.0']],
    ['99', [newestRelease.name]],
    [undefined, names],
    ['', names],
    ['latest', names],
    ['>=20', names],
  ])('%j', (version, expected) => {
    expect(releasesFor(version).map((release) => release.name)).toEqual(expected)
  })
})

describe('worker classes', () => {
  test.each([
    ['sync', undefined],
    ['gthread', undefined],
    ['asgi', undefined],
    ['gevent', 'gevent'],
    ['gevent_pywsgi', 'gevent'],
    ['eventlet', 'eventlet'],
    ['tornado', 'tornado'],
    ['gaiohttp', 'aiohttp'],
    ['gunicorn.workers.ggevent.GeventWorker', 'gevent'],
    ['gunicorn.workers.sync.SyncWorker', undefined],
    ['uvicorn.workers.UvicornWorker', 'uvicorn'],
    ['uvicorn_worker.UvicornH11Worker', 'uvicorn-worker'],
    ['aiohttp.GunicornWebWorker', 'aiohttp'],
    ['egg:meinheld#gunicorn_worker', 'meinheld'],
    ['geventwebsocket.gunicorn.workers.GeventWebSocketWorker', 'gevent-websocket'],
    ['shop.gevent.Worker', undefined],
    ['constructor', undefined],
  ])('%s needs %j', (workerClass, distribution) => {
    expect(neededDistribution(workerClass)).toBe(distribution)
  })

  test.each([
    ['sync', 'none', '19.10.0', newestRelease.name],
    ['asgi', '19.10.0 to 23.0.0', '24.1.1', newestRelease.name],
    ['eventlet', `26.0.0 to ${newestRelease.name}`, '19.10.0', '25.3.0'],
    ['gaiohttp', `20.0.4 to ${newestRelease.name}`, '19.10.0', '19.10.0'],
    ['uvicorn', `19.10.0 to ${newestRelease.name}`, undefined, undefined],
    ['Gevent', `19.10.0 to ${newestRelease.name}`, undefined, undefined],
    ['#gevent', 'none', '19.10.0', newestRelease.name],
    ['egg:gunicorn#gevent', `19.10.0 to ${newestRelease.name}`, undefined, undefined],
    ['egg:meinheld#gunicorn_worker', 'none', undefined, undefined],
    ['gunicorn.workers.geventlet.EventletWorker', `26.0.0 to ${newestRelease.name}`, '19.10.0', '25.3.0'],
    ['shop.workers.Worker', 'none', undefined, undefined],
    ['toString', `19.10.0 to ${newestRelease.name}`, undefined, undefined],
  ])('%s is missing in %s, there from %j to %j', (workerClass, without, first, last) => {
    const missing = releasesWithout(workerClass, releases).map((release) => release.name)
    expect(missing.length === 0 ? 'none' : `${missing[0]} to ${missing.at(-1)}`).toBe(without)
    expect([firstReleaseWith(workerClass)?.name, lastReleaseWith(workerClass)?.name]).toEqual([first, last])
  })
})

test.each(Object.entries(wrongNames))('no release has %s, and one has %s', (wrong, right) => {
  const name = right.split(' ')[0] ?? ''
  expect(releases.filter((release) => release.exact(wrong)).map((release) => release.name)).toEqual([])
  expect(releases.some((release) => release.exact(name))).toBe(true)
})
