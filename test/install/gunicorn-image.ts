import { chmod, copyFile, cp, mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { installGunicorn } from '../../scripts/gunicorn-release.ts'
import { packImage } from '../cluster/archive.ts'
import { capture } from '../cluster/program.ts'

/** What of the standard library no web application needs. */
const unneeded = /^(__pycache__|config-.*|dist-packages|ensurepip|idlelib|lib2to3|pydoc_data|site-packages|test|tests|tkinter|turtledemo)$/

const saddled = `def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'saddled\\n']
`

/**
 * Makes an image with a real gunicorn out of what this machine has: its Python with the standard library and the
 * libraries that it is linked with, its shell, and the gunicorn release from the package index; and an application,
 * `wsgi`, that answers `saddled`. Nothing is in it that a fault of Paddock could lean on.
 */
export async function makeGunicornImage(release: string, name: string, archive: string, application = saddled): Promise<void> {
  const { folder: packages, python } = await installGunicorn(release)
  const describe = 'import json, sys, sysconfig; print(json.dumps([sys.executable, sysconfig.get_path("stdlib")]))'
  const [executable, library] = JSON.parse(await capture(python, ['-c', describe], { seconds: 30 })) as [string, string]
  const version = basename(library)

  const root = await mkdtemp(join(dirname(archive), 'gunicorn-image-'))
  try {
    for (const path of ['usr/bin', 'usr/lib', 'app', 'tmp']) await mkdir(join(root, path), { recursive: true })
    await chmod(join(root, 'tmp'), 0o1777)
    const interpreter = await realpath(executable)
    const shell = await realpath('/bin/sh')
    await copyFile(interpreter, join(root, 'usr/bin/python3'))
    await copyFile(shell, join(root, 'usr/bin/sh'))
    await cp(library, join(root, 'usr/lib', version), {
      recursive: true,
      dereference: true,
      filter: (path) => !unneeded.test(basename(path)),
    })
    const extensions = join(root, 'usr/lib', version, 'lib-dynload')
    const linked = [interpreter, shell, ...(await readdir(extensions)).map((file) => join(extensions, file))]
    for (const [needed, file] of await libraries(linked)) {
      // The loader is called by its path; all others are looked up by their name.
      const target = join(root, needed.startsWith('/') ? needed : join('usr/lib', needed))
      await mkdir(dirname(target), { recursive: true })
      await copyFile(file, target)
    }
    await cp(packages, join(root, 'packages'), { recursive: true })
    await writeFile(join(root, 'app/wsgi.py'), application)
    const start = '#!/usr/bin/python3\nimport sys\nfrom gunicorn.app.wsgiapp import run\nsys.exit(run())\n'
    await writeFile(join(root, 'usr/bin/gunicorn'), start, { mode: 0o755 })
    await packImage(
      root,
      name,
      {
        Env: ['PATH=/usr/bin', 'LD_LIBRARY_PATH=/usr/lib', 'PYTHONPATH=/packages', 'PYTHONUNBUFFERED=1'],
        WorkingDir: '/app',
        User: '65532:65532',
      },
      archive,
    )
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

/** What programs and libraries are linked with: the name they ask for, to the file that this machine gives them. */
async function libraries(files: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  const output = await capture('ldd', [...files], { seconds: 60 })
  for (const line of output.split('\n')) {
    const [, name, path] = /^\s+(?:(\S+) => )?(\/\S+) \(0x/.exec(line) ?? []
    if (path !== undefined) found.set(name ?? path, path)
  }
  return found
}
