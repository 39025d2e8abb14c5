import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { dependents, harmless, harmlessExtras, undemanding, widelyRequired } from '../../src/python/dependents.ts'
import { normalise } from '../../src/python/distribution.ts'
import { installed, type Installation } from '../../src/python/installed.ts'
import { readMarker } from '../../src/python/marker.ts'
import { readRequirements } from '../../src/python/requirements.ts'
import { admits } from '../../src/python/version.ts'
import { amount } from '../amount.ts'

function ask(text: string, distribution: string, python: string | null = null): Installation {
  const file = readRequirements(text)
  return installed(file.requirements, file, python)(distribution)
}

test.each([
  ['gevent', 'gevent', null, 'Installed', '', 'line 1'],
  ['flask\ngevent==1.2.2 # why', 'gevent', null, 'Installed', '==1.2.2', 'line 2'],
  ['Flask_Sockets>=0.1', 'flask-sockets', null, 'Installed', '>=0.1', 'line 1'],
  ['gevent>=20\ngevent<25', 'gevent', null, 'Installed', '>=20,<25', 'lines 1 and 2'],
  ['-i https://a\ngevent @ https://me:secret@a/b.zip?t=1#x', 'gevent', null, 'Installed', '@ https://a/b.zip', 'line 2'],
  ['./gevent-1.2-py3-none-any.whl', 'gevent', null, 'Installed', '==1.2', 'line 1'],
  ['gevent', 'GEVENT', null, 'Installed', '', 'line 1'],
  ['gevent\n-r other.txt\n???', 'gevent', null, 'Installed', '', 'line 1'],

  ['flask==3.0\ngunicorn', 'gevent', null, 'Absent', '', 'not listed'],
  ['', 'gevent', null, 'Absent', '', 'not listed'],
  ['gevent-websocket-client', 'gevent', null, 'Unknown', '', 'perhaps through gevent-websocket-client, line 1'],
  // What a distribution of unknown requirements brings in is unknown.
  ['gunicorn\nshop-core==1.2', 'gevent', null, 'Unknown', '', 'perhaps through shop-core, line 2'],
  ['gunicorn\nshop-core; python_version < "3"', 'gevent', '3.11', 'Absent', '', 'not listed'],
  ['gunicorn\nshop-core[prod]', 'gevent', null, 'Unknown', '', 'perhaps through shop-core, line 2'],
  ['gunicorn\ndjango[mystery]', 'gevent', null, 'Unknown', '', 'perhaps through django, line 2'],
  ['gunicorn\ndjango[argon2]==5.2', 'gevent', null, 'Absent', '', 'not listed'],
  ['gunicorn\nflask @ git+https://a/flask.git', 'gevent', null, 'Unknown', '', 'perhaps through flask, line 2'],
  ['gunicorn\ntyping_extensions==4.16.0\nzope.event==6.2\nzope.interface==8.7', 'gevent', null, 'Absent', '', 'not listed'],
  ['gunicorn\nevent', 'gevent', null, 'Unknown', '', 'perhaps through event, line 2'],
  ['gipc\ngunicorn', 'gevent', null, 'Installed', '', 'through gipc, line 1'],
  ['gipc<1\ngunicorn', 'gevent', null, 'Unknown', '', 'through gipc, line 1'],
  // With hashes pip takes nothing that is not listed.
  ['gunicorn==23.0.0 --hash=sha256:00\nshop-core==1.2 --hash=sha256:11', 'gevent', null, 'Absent', '', 'not listed'],
  ['gunicorn\nshop-core\n--require-hashes', 'gevent', null, 'Absent', '', 'not listed'],
  ['-c constraints.txt\nflask', 'gevent', null, 'Absent', '', 'not listed'],
  ['flask\n-r other.txt', 'gevent', null, 'Unknown', '', 'the list is not complete'],
  ['flask\ngevent=1.2', 'gevent', null, 'Unknown', '', 'the list is not complete'],
  ['flask\n-e .', 'gevent', null, 'Unknown', '', 'line 2 does not tell what it installs'],
  ['git+https://a/gevent.git', 'gevent', null, 'Unknown', '', 'line 1 does not tell what it installs'],
  ['-e . ', 'gevent', null, 'Unknown', '', 'line 1 does not tell what it installs'],
  ['./lib ; python_version < "3"', 'gevent', '3.11', 'Absent', '', 'not listed'],
  ['flask', 'packaging', null, 'Absent', '', 'not listed'],
  ['flask\nredis', 'packaging', null, 'Unknown', '', 'perhaps through redis, line 2'],
  ['gunicorn==25.3.0\ngevent', 'packaging', null, 'Installed', '', 'through gunicorn, line 1'],
  ['gunicorn==27.0.1\ngevent', 'packaging', null, 'Absent', '', 'not listed'],
  ['gunicorn[gevent]==27.0.1', 'packaging', null, 'Installed', '', 'through gunicorn[gevent], line 1'],
  ['gunicorn[http2]==27.0.1', 'h2', null, 'Installed', '', 'through gunicorn[http2], line 1'],
  ['flask --hash=sha256:00', 'setuptools', null, 'Unknown', '', 'not listed, but part of many images'],

  ['gevent==1.2; python_version < "3"', 'gevent', '2.7', 'Installed', '==1.2', 'line 1'],
  ['gevent==1.2; python_version < "3"', 'gevent', '3.11', 'Absent', '', 'line 1 is only for python_version < "3"'],
  ['gevent==1.2; python_version < "3"', 'gevent', null, 'Unknown', '', 'line 1, if python_version < "3"'],
  ['gevent==1.2; python_version < "3"\ngevent==24; python_version >= "3"', 'gevent', '3.11', 'Installed', '==24', 'line 2'],
  ['gevent==1.2; python_version < "3"\ngevent==24; python_version >= "3"', 'gevent', '2.7', 'Installed', '==1.2', 'line 1'],
  ['gevent; sys_platform == "win32"', 'gevent', null, 'Absent', '', 'line 1 is only for sys_platform == "win32"'],

  ['flask\ngunicorn[gevent]', 'gevent', null, 'Installed', '', 'through gunicorn[gevent], line 2'],
  ['gunicorn[gevent,setproctitle]==20.1.0', 'gevent', null, 'Installed', '', 'through gunicorn[gevent], line 1'],
  ['gunicorn[gevent]==20.1.0\ngevent==22.10.2', 'gevent', null, 'Installed', '==22.10.2', 'line 2'],
  ['gunicorn[gevent]==20.1.0', 'greenlet', null, 'Installed', '', 'through gevent, through gunicorn[gevent], line 1'],
  ['gunicorn[gevent]==20.1.0', 'eventlet', null, 'Absent', '', 'not listed'],
  ['gunicorn[gevent]==19.7.1', 'gevent', null, 'Unknown', '', 'perhaps through gunicorn[gevent], line 1'],
  ['gunicorn[gevent]==${VERSION}', 'gevent', null, 'Unknown', '', 'through gunicorn[gevent], line 1'],
  ['gunicorn[gevent] @ git+https://a/gunicorn.git', 'gevent', null, 'Unknown', '', 'through gunicorn[gevent], line 1'],
  ['gunicorn[gevent]; python_version < "3"', 'gevent', null, 'Unknown', '', 'through gunicorn[gevent], line 1'],
  ['gunicorn[gevent]; python_version < "3"', 'gevent', '3.11', 'Absent', '', 'not listed'],
  ['gunicorn[eventlet]==25.3.0', 'eventlet', null, 'Installed', '', 'through gunicorn[eventlet], line 1'],
  ['gunicorn[eventlet]==26.0.0', 'eventlet', null, 'Unknown', '', 'perhaps through gunicorn[eventlet], line 1'],
  ['gunicorn[gthread]', 'gevent', null, 'Absent', '', 'not listed'],
  ['mystery[gevent]', 'gevent', null, 'Unknown', '', 'perhaps through mystery[gevent], line 1'],
  ['flask-sockets==0.2.1', 'gevent', null, 'Installed', '', 'through flask-sockets, line 1'],
  ['locust==0.9', 'gevent', null, 'Unknown', '', 'through locust, line 1'],
  ['streamlit', 'tornado', null, 'Absent', '', 'not listed'],
  ['streamlit==1.40', 'tornado', null, 'Installed', '', 'through streamlit, line 1'],
  ['streamlit==1.58', 'tornado', null, 'Unknown', '', 'through streamlit, line 1'],
  ['bokeh==1.0\npanel', 'tornado', null, 'Unknown', '', 'through bokeh, line 1'],
  ['panel', 'tornado', null, 'Installed', '', 'through bokeh, through panel, line 1'],
  ['fastapi', 'uvicorn', null, 'Absent', '', 'not listed'],
  ['fastapi==0.111.0', 'uvicorn', null, 'Installed', '', 'through fastapi, line 1'],
  ['fastapi[standard]', 'uvicorn', null, 'Installed', '', 'through fastapi[standard], line 1'],
  ['uvicorn-worker', 'uvicorn', null, 'Installed', '', 'through uvicorn-worker, line 1'],
  ['Flask-SocketIO', 'gevent', null, 'Absent', '', 'not listed'],
  ['celery[eventlet]', 'eventlet', '3.9', 'Installed', '', 'through celery[eventlet], line 1'],
  ['celery[eventlet]', 'eventlet', '3.12', 'Unknown', '', 'perhaps through celery[eventlet], line 1'],
  ['celery[eventlet]', 'eventlet', null, 'Unknown', '', 'through celery[eventlet], line 1'],
  ['sqlalchemy==2.0.30', 'greenlet', null, 'Unknown', '', 'through sqlalchemy, line 1'],
] as const)('of %j, %s for Python %s is %s (%j), %s', (text, distribution, python, state, specifier, evidence) => {
  expect(ask(text, distribution, python)).toEqual({ state, specifier, evidence })
})

describe('the table of dependents', () => {
  test.each(dependents)('$distribution[$extra] requires $requires', (dependent) => {
    const { distribution, extra, requires, releases, unchecked, marker } = dependent
    const names = [distribution, requires, ...(extra === undefined ? [] : [extra])]
    expect(names.map(normalise)).toEqual(names)
    const ranges = [releases, unchecked].filter((range) => range !== undefined)
    expect(ranges.length).toBeGreaterThan(0)
    expect(ranges.map((range) => admits('', range))).toEqual(ranges.map(() => 'some'))
    // Where both are there, they have no release in common.
    expect(admits(ranges.join(','), '')).toBe(ranges.length === 2 ? 'unknown' : 'all')
    expect(() => readMarker(marker ?? 'os_name == "posix"')).not.toThrow()
  })

  test('all names are whole, as pip compares them', () => {
    const names = [...harmless, ...undemanding, ...widelyRequired, ...harmlessExtras,
      ...dependents.flatMap(({ distribution, requires }) => [distribution, requires])]
    expect(names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) || normalise(name) !== name)).toEqual([])
  })

  test('what requires nothing requires nothing of worker classes either', () => {
    const known = new Set([...harmless, ...dependents.map(({ distribution }) => distribution)])
    expect([...undemanding].filter((name) => !known.has(name))).toEqual([])
  })

  test('no distribution requires itself, however far around', () => {
    const reach = (name: string, path: readonly string[]): boolean =>
      path.includes(name) || dependents.some(
        ({ distribution, requires }) => distribution === name && reach(requires, [...path, name]),
      )
    expect(dependents.filter(({ distribution }) => reach(distribution, []))).toEqual([])
  })
})

describe('any list', () => {
  const line = fc.constantFrom(
    'gevent',
    'gevent==1.2; python_version < "3"',
    'flask',
    'gunicorn[gevent]==20.1',
    'gunicorn',
    './lib',
    '-r x',
    'a b',
    'locust',
  )
  const list = fc.array(line, { maxLength: 5 })
  const python = fc.constantFrom('2.7', '3.11', null)

  test('lacks nothing where not all of it is known', () => {
    const unclear = ['-r x', 'a b', './lib']
    const property = fc.property(list, fc.constantFrom(...unclear), list, python,
      (before, middle, after, version) => ask([...before, middle, ...after].join('\n'), 'gevent', version).state !== 'Absent')
    expect(fc.check(property, { numRuns: amount(500) }).counterexample).toBeNull()
  })

  test('never installs less for being longer', () => {
    const property = fc.property(list, list, python, (some, more, version) => {
      const short = ask(some.join('\n'), 'gevent', version).state
      const long = ask([...some, ...more].join('\n'), 'gevent', version).state
      return (short !== 'Installed' || long === 'Installed') && (long !== 'Absent' || short === 'Absent')
    })
    expect(fc.check(property, { numRuns: amount(500) }).counterexample).toBeNull()
  })
})
