/** What `paddock image` says of real images, against the gunicorn that runs in them: it tells what it finds when it starts. */
import { afterAll, describe, expect } from '@jest/globals'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { normalise } from '../../src/python/distribution.ts'
import type { ImageReport } from '../../src/cli/image-report.ts'
import { MadeImage, prepare, type Config, type Tools } from './image-roots.ts'
import { realTest } from './real.ts'

const prepared: Tools | string = await prepare().catch((error: Error) => error.message)
const missing = typeof prepared === 'string' ? prepared : undefined
const out = mkdtempSync(join(tmpdir(), 'paddock-images-'))
afterAll(() => rmSync(out, { recursive: true, force: true }))
if (typeof prepared === 'object') copyFileSync(join(import.meta.dirname, 'image-oracle.py'), join(prepared.folder, 'oracle.py'))

/** What is asked of both. */
const names = ['gunicorn', 'gevent', 'greenlet', 'eventlet', 'tornado', 'packaging', 'setuptools', 'zope.event']

interface Case {
  readonly name: string
  readonly base?: 'local' | 'debian'
  readonly steps: readonly string[]
  readonly config?: Config
  /** Names of which it is right not to know. */
  readonly unknown?: readonly string[]
  /** True where gunicorn does not start in it: then it must not be said to be there. */
  readonly fails?: boolean
}

const venv = { Env: ['PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin'], WorkingDir: '/srv' }
const plain = { Env: ['PATH=/usr/local/bin:/usr/bin:/bin'], WorkingDir: '/srv' }
const pip = 'python3 -m pip install -q --no-compile'
const uv = '/tools/uv/bin/uv'
const debs = (...packages: string[]): string => packages.map((name) => `cp -a /tools/debs/${name}/. /`).join('; ')
const gunicornDebs = debs('gunicorn', 'python3-gunicorn', 'python3-pkg-resources')

const cases: readonly Case[] = [
  { name: 'pip into the system', steps: [`${pip} gunicorn==23.0.0 gevent==24.11.1`], config: plain },
  { name: 'pip without gevent', steps: [`${pip} gunicorn==23.0.0`], config: plain },
  { name: 'pip with all but packaging', steps: [`${pip} --no-deps gunicorn==23.0.0 gevent==24.11.1 greenlet zope.event zope.interface`],
    config: plain },
  { name: 'a virtual environment',
    steps: ['python3 -m venv --without-pip /opt/venv', `/opt/venv/bin/python -m pip install -q gunicorn==23.0.0 gevent==24.11.1`],
    config: venv },
  { name: 'a virtual environment, gevent outside it',
    steps: ['python3 -m venv --without-pip /opt/venv', '/opt/venv/bin/python -m pip install -q gunicorn==23.0.0',
      `${pip.replace('python3', '/usr/local/bin/python3')} gevent==24.11.1`], config: venv },
  { name: 'a virtual environment that sees the system',
    steps: ['python3 -m venv --system-site-packages --without-pip /opt/venv', '/opt/venv/bin/python -m pip install -q gunicorn==23.0.0',
      `${pip.replace('python3', '/usr/local/bin/python3')} gevent==24.11.1`], config: venv },
  { name: 'gunicorn of the system, although a virtual environment is there',
    steps: [`${pip} gunicorn==20.1.0 setuptools==75.8.0`, 'python3 -m venv --without-pip /opt/venv',
      '/opt/venv/bin/python -m pip install -q gunicorn==23.0.0 gevent==24.11.1'], config: plain },
  { name: 'by its path',
    steps: [`${pip} gunicorn==20.1.0 setuptools==75.8.0`, 'python3 -m venv --without-pip /opt/venv',
      '/opt/venv/bin/python -m pip install -q gunicorn==23.0.0 gevent==24.11.1'],
    config: { ...plain, Entrypoint: ['/opt/venv/bin/gunicorn'] } },
  { name: 'as a module',
    steps: ['python3 -m venv --without-pip /opt/venv', '/opt/venv/bin/python -m pip install -q gunicorn==23.0.0 gevent==24.11.1'],
    config: { ...plain, Entrypoint: ['/opt/venv/bin/python', '-m', 'gunicorn'] } },
  { name: 'a moved virtual environment, by its script',
    steps: ['python3 -m venv --without-pip /opt/first', '/opt/first/bin/python -m pip install -q gunicorn==23.0.0',
      'mv /opt/first /opt/venv'], config: venv, fails: true },
  { name: 'a moved virtual environment, as a module',
    steps: ['python3 -m venv --without-pip /opt/first', '/opt/first/bin/python -m pip install -q gunicorn==23.0.0 gevent==24.11.1',
      'mv /opt/first /opt/venv'], config: { ...venv, Entrypoint: ['python', '-m', 'gunicorn'] } },
  { name: 'uninstalled in a later layer', steps: [`${pip} gunicorn==23.0.0 gevent==24.11.1`, 'python3 -m pip uninstall -q -y gevent'],
    config: plain },
  { name: 'updated in a later layer',
    steps: [`${pip} gunicorn==20.1.0 setuptools gevent==24.2.1`, `${pip} -U gunicorn==23.0.0 gevent==24.11.1`], config: plain },
  { name: 'a folder removed and made anew',
    steps: [`${pip} gunicorn==23.0.0 gevent==24.11.1`, 'cd /usr/local/lib/python3*/site-packages; rm -rf gevent gevent-*; mkdir gevent'],
    config: plain },
  { name: '--target, twice, without --upgrade',
    steps: [`${pip} gunicorn==23.0.0`, `${pip} --target /app gevent==24.2.1`, `${pip} --target /app gevent==24.11.1`],
    config: { ...plain, Env: [...plain.Env, 'PYTHONPATH=/app'] } },
  { name: '--target, twice, with --upgrade',
    steps: [`${pip} gunicorn==23.0.0`, `${pip} --target /app gevent==24.2.1`, `${pip} --upgrade --target /app gevent==24.11.1`],
    config: { ...plain, Env: [...plain.Env, 'PYTHONPATH=/app'] } },
  { name: '--target, into the working directory', steps: [`${pip} gunicorn==23.0.0`, `${pip} --target /srv gevent==24.11.1`],
    config: plain },
  { name: 'an emptied dist-info',
    steps: [`${pip} gunicorn==23.0.0 gevent==24.11.1`, 'cd /usr/local/lib/python3*/site-packages; rm -rf gevent gevent-*/*'],
    config: plain },
  { name: 'code that is gone', steps: [`${pip} gunicorn==23.0.0 gevent==24.11.1`, 'rm -rf /usr/local/lib/python3*/site-packages/gevent'],
    config: plain },
  { name: 'code without a dist-info',
    steps: [`${pip} gunicorn==23.0.0 gevent==24.11.1`, 'rm -rf /usr/local/lib/python3*/site-packages/gevent-*'], config: plain },
  { name: '--user, by root', steps: [`${pip} --user gunicorn==23.0.0 gevent==24.11.1`],
    config: { Env: ['PATH=/root/.local/bin:/usr/local/bin:/usr/bin:/bin'], WorkingDir: '/srv' } },
  { name: '--user, with PYTHONNOUSERSITE', steps: [`${pip} gunicorn==23.0.0`, `${pip} --user gevent==24.11.1`],
    config: { ...plain, Env: [...plain.Env, 'PYTHONNOUSERSITE=1'] } },
  { name: '--user by root, run by another user',
    steps: [`${pip} gunicorn==23.0.0`, `${pip} --user gevent==24.11.1; chmod 700 /root; mkdir -p /home/app; chown 1000:1000 /home/app`],
    config: { ...plain, User: 'app' } },
  { name: '--user, by that user',
    steps: [`${pip} gunicorn==23.0.0`, `mkdir -p /home/app; HOME=/home/app ${pip} --user gevent==24.11.1; chown -R 1000:1000 /home/app`],
    config: { ...plain, User: 'app' } },
  { name: 'PYTHONPATH that another user may not read',
    steps: [`${pip} gunicorn==23.0.0`, `${pip} --target /secret gevent==24.11.1; chmod 700 /secret`],
    config: { ...plain, User: '1000', Env: [...plain.Env, 'PYTHONPATH=/secret'] } },
  { name: 'a .pth file',
    steps: [`${pip} gunicorn==23.0.0`,
      `${pip} --target /more gevent==24.11.1; echo /more > $(echo /usr/local/lib/python3*/site-packages)/more.pth`], config: plain },
  { name: 'namespace packages and their .pth',
    steps: [`${pip} gunicorn==23.0.0 gevent==24.11.1 zope.event==5.0 zope.interface==7.2 setuptools==75.8.0`], config: plain },
  { name: 'a .pth file with a line that is not known',
    steps: [`${pip} gunicorn==23.0.0`,
      'echo "import sys; sys.path.append(chr(47) + chr(120))" > $(echo /usr/local/lib/python3*/site-packages)/odd.pth'], config: plain,
    unknown: names },
  { name: 'uv, its cache in an earlier layer',
    steps: ['python3 -m venv --without-pip /opt/venv',
      `${uv} pip install -q --python /opt/venv/bin/python gunicorn==23.0.0 gevent==24.11.1`], config: venv },
  { name: 'uv, its cache in another image layer than the code',
    steps: [`${uv} venv -q /opt/first; ${uv} pip install -q --python /opt/first/bin/python gevent==24.11.1`,
      'python3 -m venv --without-pip /opt/venv',
      `${uv} pip install -q --python /opt/venv/bin/python gunicorn==23.0.0; rm -rf /root/.cache`], config: venv },
  { name: 'uv with links into its cache',
    steps: ['python3 -m venv --without-pip /opt/venv',
      `${uv} pip install -q --link-mode symlink --python /opt/venv/bin/python gunicorn==23.0.0 gevent==24.11.1`], config: venv },
  { name: 'uv with links into a cache that is gone',
    steps: ['python3 -m venv --without-pip /opt/venv',
      `${uv} pip install -q --link-mode symlink --python /opt/venv/bin/python gevent==24.11.1; ${uv} pip install -q --link-mode copy --python /opt/venv/bin/python gunicorn==23.0.0`,
      'rm -rf /root/.cache'], config: venv },
  { name: 'uv venv',
    steps: [`${uv} venv -q /opt/venv; ${uv} pip install -q --python /opt/venv/bin/python gunicorn==23.0.0 gevent==24.11.1`], config: venv },
  { name: 'virtualenv',
    steps: [`${pip} --target /ve virtualenv; PYTHONPATH=/ve python3 -m virtualenv -q --no-download --no-seed /opt/venv`,
      '/opt/venv/bin/python -m pip install -q gunicorn==23.0.0 gevent==24.11.1'], config: venv },
  { name: 'a link to a virtual environment',
    steps: ['python3 -m venv --without-pip /opt/real', '/opt/real/bin/python -m pip install -q gunicorn==23.0.0 gevent==24.11.1',
      'ln -s /opt/real/bin/gunicorn /usr/local/bin/gunicorn'], config: plain },
  { name: 'a virtual environment of another Python version',
    steps: ['python3 -m venv --without-pip /opt/venv', '/opt/venv/bin/python -m pip install -q gunicorn==23.0.0 gevent==24.11.1',
      'cd /opt/venv/lib; mv python3* python3.9'], config: { ...venv, Entrypoint: ['python', '-m', 'gunicorn'] }, fails: true },
  {
    name: 'code that is built for another Python',
    steps: [`${pip} gunicorn==23.0.0 gevent==24.11.1`,
      'cd /usr/local/lib/python3*/site-packages/gevent; for f in *.so libev/*.so resolver/*.so; do if [ -e "$f" ]; then mv "$f" "${f%%.*}.cpython-39-x86_64-linux-gnu.so"; fi; done; sed -i "s/cpython-311-/cpython-39-/" ../gevent-*/RECORD'],
    config: plain,
  },
  { name: 'a script that starts it',
    steps: [`${pip} gunicorn==23.0.0 gevent==24.11.1`,
      'mkdir -p /srv; printf \'#!/bin/sh\\nset -e\\nexec gunicorn "$@"\\n\' > /srv/start.sh; chmod +x /srv/start.sh'],
    config: { ...plain, Entrypoint: ['/srv/start.sh'] } },
  {
    name: 'a script that activates an environment',
    steps: ['python3 -m venv --without-pip /opt/app', '/opt/app/bin/python -m pip install -q gunicorn==23.0.0 gevent==24.11.1',
      'mkdir -p /srv; printf \'#!/bin/sh\\n. /opt/app/bin/activate\\nexec gunicorn "$@"\\n\' > /srv/start.sh; chmod +x /srv/start.sh'],
    config: { ...plain, Entrypoint: ['/srv/start.sh'] },
  },
  {
    name: 'setuptools, editable, in a flat layout',
    steps: [`${pip} gunicorn==23.0.0 setuptools wheel`,
      'mkdir -p /src/tornado; printf \'__version__ = "9.0"\\n\' > /src/tornado/__init__.py; printf \'[build-system]\\nrequires=["setuptools"]\\nbuild-backend="setuptools.build_meta"\\n[project]\\nname="tornado"\\nversion="9.0"\\n\' > /src/pyproject.toml',
      `${pip} --no-build-isolation -e /src`],
    config: plain,
  },
  {
    name: 'setuptools, editable, in a src layout',
    steps: [`${pip} gunicorn==23.0.0 setuptools wheel`,
      'mkdir -p /src/src/tornado; printf \'__version__ = "9.0"\\n\' > /src/src/tornado/__init__.py; printf \'[build-system]\\nrequires=["setuptools"]\\nbuild-backend="setuptools.build_meta"\\n[project]\\nname="tornado"\\nversion="9.0"\\n\' > /src/pyproject.toml',
      `${pip} --no-build-isolation -e /src`],
    config: plain,
  },
  {
    name: 'hatchling, editable',
    steps: [`${pip} gunicorn==23.0.0 hatchling editables`,
      'mkdir -p /src/tornado; printf \'__version__ = "9.0"\\n\' > /src/tornado/__init__.py; printf \'[build-system]\\nrequires=["hatchling"]\\nbuild-backend="hatchling.build"\\n[project]\\nname="tornado"\\nversion="9.0"\\n\' > /src/pyproject.toml',
      `${pip} --no-build-isolation -e /src`],
    config: plain,
  },
  {
    name: 'poetry, editable',
    steps: [`${pip} gunicorn==23.0.0 poetry-core`,
      'mkdir -p /src/tornado; printf \'__version__ = "9.0"\\n\' > /src/tornado/__init__.py; printf \'[build-system]\\nrequires=["poetry-core"]\\nbuild-backend="poetry.core.masonry.api"\\n[tool.poetry]\\nname="tornado"\\nversion="9.0"\\ndescription=""\\nauthors=[]\\n\' > /src/pyproject.toml',
      `${pip} --no-build-isolation -e /src`],
    config: plain,
  },
  {
    name: 'editable, and its source is gone',
    steps: [`${pip} gunicorn==23.0.0 setuptools wheel`,
      'mkdir -p /src/tornado; printf \'__version__ = "9.0"\\n\' > /src/tornado/__init__.py; printf \'[build-system]\\nrequires=["setuptools"]\\nbuild-backend="setuptools.build_meta"\\n[project]\\nname="tornado"\\nversion="9.0"\\n\' > /src/pyproject.toml',
      `${pip} --no-build-isolation -e /src`, 'rm -rf /src'],
    config: plain,
  },
  { name: "Debian's own", base: 'debian', steps: [
    `${gunicornDebs}; ${
      debs('python3-gevent', 'python3-greenlet', 'python3-zope.event', 'python3-zope.interface', 'python3-packaging', 'libev4', 'libuv1',
        'libc-ares2')
    }`,
  ], config: { WorkingDir: '/srv' } },
  { name: "Debian's own, without gevent", base: 'debian', steps: [gunicornDebs], config: { WorkingDir: '/srv' } },
  { name: "Debian's gunicorn, gevent by pip below /usr/local", base: 'debian',
    steps: [gunicornDebs, `${pip} --break-system-packages gevent==24.11.1`], config: { WorkingDir: '/srv' } },
  { name: "Debian's gunicorn, gevent in site-packages", base: 'debian',
    steps: [gunicornDebs, `${pip} --break-system-packages --target /usr/local/lib/python3.11/site-packages gevent==24.11.1`],
    config: { WorkingDir: '/srv' } },
  { name: "a virtual environment of Debian's Python", base: 'debian',
    steps: ['python3 -m venv --without-pip /opt/venv', '/opt/venv/bin/python -m pip install -q gunicorn==23.0.0 gevent==24.11.1'],
    config: venv },
]

function paddock(reference: string): { status: number | null; report: ImageReport; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, '../../cmd/paddock.ts'), 'image', reference,
    '--format', 'json'], { encoding: 'utf8', maxBuffer: 2 ** 28 })
  return { status, stderr, report: stdout === '' ? ({} as ImageReport) : (JSON.parse(stdout) as ImageReport) }
}

interface Oracle {
  readonly python: string
  readonly gunicorn: string
  readonly found: Readonly<Record<string, string | null>>
  readonly code: Readonly<Record<string, string | null>>
}

describe('an image is judged as its own Python judges it', () => {
  for (const [index, { name, base = 'local', steps, config = {}, unknown = [], fails = false }] of cases.entries())
    realTest(name, missing, async () => {
      const image = new MadeImage(prepared as Tools, base)
      try {
        await image.step('mkdir -p /srv; echo "def app(environ, start_response): pass" > /srv/app.py')
        for (const step of steps) await image.step(step)
        const own: Config = { ...config, Entrypoint: config.Entrypoint ?? ['gunicorn'], Cmd: ['app:app'] }
        const folder = join(out, String(index))
        image.write(folder, own)
        const { status, report, stderr } = paddock(`oci:${folder}`)
        expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
        const ran = await image.start(own, { GUNICORN_CMD_ARGS: '-c /tools/oracle.py -b unix:/tmp/oracle.sock',
          ORACLE_NAMES: names.join(' ') })
        const oracle = ran.out === undefined ? undefined : (JSON.parse(ran.out) as Oracle)
        const said = Object.fromEntries(
          names.map((
            one,
          ) => [one, report.distributions.find((entry) =>
            entry.onPath === true && normalise(entry.name) === normalise(one)
          )?.version ?? (report.complete ? null : 'unknown')]),
        )
        if (!oracle) {
          expect({ fails, said: fails ? '' : ran.stderr }).toEqual({ fails: true, said: '' })
          expect(report.gunicorn === null || report.problems.length > 0 || said['packaging'] === null).toBe(true)
          return
        }
        expect(fails).toBe(false)
        // Of what has no list of its own, no version is told.
        const truth = Object.fromEntries(
          names.map((
            one,
          ) => [one, oracle.found[one] === null ? (unknown.includes(one) ? 'unknown' : null) : oracle.code[one] ?? oracle.found[one]]),
        )
        const told = Object.fromEntries(names.map((one) => [one, said[one] === null && oracle.found[one] === '' ? truth[one] : said[one]]))
        expect({ python: report.python?.version, gunicorn: report.gunicorn?.version, ...told }).toEqual({ python: oracle.python,
          gunicorn: oracle.gunicorn, ...truth })
        expect(report.invocations).toHaveLength(1)
      } finally {
        image.remove()
      }
    })
})
