/** Images in a real registry, Debian's docker-registry, over TLS and with basic authentication; and registries that do not do as they should. */
import { afterAll, describe, expect, test } from '@jest/globals'
import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { layer, MadeLayout, pythonWithGunicorn } from '../oci/made-images.ts'
import { DockerRegistry, findRegistry } from './docker-registry.ts'
import { realTest } from './real.ts'

const found = await findRegistry().then((path) => ({ path }), (error: Error) => error.message)
const missing = typeof found === 'string' ? found : undefined
const registry = typeof found === 'object' ? await DockerRegistry.start(found.path) : undefined
const folder = mkdtempSync(join(tmpdir(), 'paddock-credentials-'))
afterAll(() => {
  registry?.stop()
  rmSync(folder, { recursive: true, force: true })
})

function file(name: string, content: string): string {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

interface Ran {
  readonly status: number | null
  readonly out: string
  readonly err: string
}

const image = (name: string, flags: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ran> =>
  paddock(['image', name, '--format', 'json', ...flags], env)

function paddock(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, '../../cmd/paddock.ts'), ...args], {
      env: { PATH: process.env['PATH'] ?? '', HOME: folder, ...env },
    })
    let [out, err] = ['', '']
    child.stdout.on('data', (text) => (out += text))
    child.stderr.on('data', (text) => (err += text))
    child.on('close', (status) => resolve({ status, out, err }))
  })
}

async function made(): Promise<{ layout: MadeLayout; image: { digest: string; mediaType: string; size: number } }> {
  const layout = new MadeLayout()
  const own = layout.image([await layer([
    ...pythonWithGunicorn,
  ])], { Entrypoint: ['gunicorn', 'app:app'] })
  return { layout, image: own }
}

const auth = (host: string, user = 'user:secret'): string =>
  JSON.stringify({ auths: { [host]: { auth: Buffer.from(user).toString('base64') } } })

describe('a registry over TLS with basic authentication', () => {
  const real = (name: string, body: (registry: DockerRegistry) => Promise<void>): void => realTest(name, missing, () => body(registry!))

  real('an image, by tag and by digest, and by an index', async (own) => {
    const { layout, image: manifest } = await made()
    const index = layout.json({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [{ ...manifest, platform: { os: 'linux', architecture: 'amd64' } }] }, 'application/vnd.oci.image.index.v1+json')
    await own.push('team/app', '1', layout, [manifest])
    await own.push('team/app', 'all', layout, [manifest, index])
    const flags = ['--registry-ca', own.ca, '--registry-config', file('config.json', auth(own.host))]
    for (const name of ['team/app:1', 'team/app:all', `team/app@${manifest.digest}`]) {
      const { status, out, err } = await image(`${own.host}/${name}`, flags)
      expect({ status, err }).toEqual({ status: 0, err: '' })
      expect(JSON.parse(out)).toMatchObject({ digest: manifest.digest, gunicorn: { version: '23.0.0' }, python: { version: '3.12' },
        complete: true, read: { layers: 1, of: 1 } })
    }
    expect(await image(`${own.host}/team/app:none`, flags)).toEqual({ status: 2, out: '',
      err: `paddock: ${own.host}/team/app:none: ${own.host} has no such image\n` })
  })

  real('credentials by DOCKER_CONFIG, by a helper, and wrong ones', async (own) => {
    const { layout, image: manifest } = await made()
    await own.push('app', '1', layout, [manifest])
    const name = `${own.host}/app:1`
    const ca = ['--registry-ca', own.ca]
    file('config.json', auth(`https://${own.host}/v2/`))
    expect(await image(name, ca, { DOCKER_CONFIG: folder })).toMatchObject({ status: 0, err: '' })
    chmodSync(
      file('docker-credential-kept',
        '#!/bin/sh\nread server; [ "$server" = "$EXPECTED" ] && echo \'{"Username":"user","Secret":"secret"}\'\n'),
      0o755,
    )
    const helped = { PATH: `${folder}${delimiter}${process.env['PATH']}`, EXPECTED: own.host }
    expect(
      await image(name, [...ca, '--registry-config', file('helper.json', JSON.stringify({ credHelpers: { [own.host]: 'kept' } }))], helped),
    ).toMatchObject({ status: 0, err: '' })
    expect(await image(name, [...ca, '--registry-config', file('no-helper.json', JSON.stringify({ credsStore: 'nowhere' }))]))
      .toMatchObject({ status: 2, err: `paddock: ${name}: docker-credential-nowhere is not installed\n` })
    expect(await image(name, [...ca, '--registry-config', file('empty.json', '{}')])).toMatchObject({ status: 2,
      err: `paddock: ${name}: ${own.host} wants credentials for it\n` })
    const wrong = await image(name, [...ca, '--registry-config', file('wrong.json', auth(own.host, 'user:hunter2'))])
    expect(wrong).toMatchObject({ status: 2, out: '' })
    expect(wrong.err).not.toMatch(/hunter2|dXNlc/)
  })

  real('an SBOM tells what a layer that cannot be read does not: by the tag of its digest, bare or signed, of image and index',
    async (own) => {
      const layout = new MadeLayout()
      const cut = await layer([...pythonWithGunicorn], (tar) => gzipSync(tar).subarray(0, 300))
      const manifest = layout.image([cut], { Entrypoint: ['gunicorn', '-k', 'gevent', '-b', ':8000', 'app:app'] })
      const type = 'application/vnd.oci.image.index.v1+json'
      const sbom = (name: string, from: string): string =>
        readFileSync(join(import.meta.dirname, '../dependencies/sboms', name), 'utf8').replaceAll(from, manifest.digest.slice(7))
      const bare = '5629196c22d805406586b58a0bd7536a2c73efba83d94c62a6febb9ca354418d'
      const artifact = (content: string, mediaType: string, subject: object): { mediaType: string; digest: string; size: number } =>
        layout.json({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', artifactType: mediaType, subject,
          config: layout.json({}, 'application/vnd.oci.empty.v1+json'), layers: [{ mediaType, ...layout.blob(content) }] },
          'application/vnd.oci.image.manifest.v1+json')
      const flags = ['--registry-ca', own.ca, '--registry-config', file('config.json', auth(own.host))]
      const text = async (tag: string): Promise<string> => (await paddock(['image', `${own.host}/attached:${tag}`, ...flags])).out
      await own.push('attached', '1', layout, [manifest])
      expect(await text('1')).toMatch(/gevent +unknown \(needed\)/)

      // As `oras attach` leaves it where there is no referrers API.
      const attached = artifact(sbom('syft-bare.cdx.json', bare), 'application/vnd.cyclonedx+json', manifest)
      const list = layout.json({ schemaVersion: 2, mediaType: type, manifests: [attached] }, type)
      await own.push('attached', manifest.digest.replace(':', '-'), layout, [attached, list])
      expect(await text('1')).toMatch(
        /gevent +not installed \(needed\) +SBOM sha256:\w{8}… \(CycloneDX by syft 1\.18\.1\), as layer \S+ cannot be read/,
      )
      const pod = file('attached.yaml', JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec: {
        containers: [{ name: 'web', image: `${own.host}/attached:1`, command: ['gunicorn', '-k', 'gevent', '-b', ':8000', 'app:app'] }],
      } }))
      expect(await paddock(['check', pod, '--images', ...flags])).toMatchObject({ status: 1,
        out: expect.stringMatching(/which is not in image "\S+" \(SBOM sha256:\w{8}… \(CycloneDX by syft 1\.18\.1\), as layer/) })

      // Attached to an index, in an envelope; it names the image.
      const index = layout.json({ schemaVersion: 2, mediaType: type,
        manifests: [{ ...manifest, platform: { os: 'linux', architecture: 'amd64' } }] }, type)
      const statement = JSON.stringify({ _type: 'https://in-toto.io/Statement/v1', predicateType: 'https://spdx.dev/Document',
        subject: [{ name: 'a', digest: { sha256: index.digest.slice(7) } }],
        predicate: JSON.parse(sbom('syft-whole.spdx.json', '8f722785337f8695e6ddd8f600595c40566a9b5ab2d0ecf9c7e7b20b5a6c908f')) as object })
      const signed = artifact(
        JSON.stringify({ payloadType: 'application/vnd.in-toto+json', payload: Buffer.from(statement).toString('base64'), signatures: [] }),
        'application/vnd.dsse.envelope.v1+json',
        index,
      )
      const signedList = layout.json({ schemaVersion: 2, mediaType: type, manifests: [signed] }, type)
      await own.push('signed', '1', layout, [manifest, index])
      await own.push('signed', index.digest.replace(':', '-'), layout, [signed, signedList])
      expect((await paddock(['image', `${own.host}/signed:1`, ...flags])).out)
        .toMatch(/gevent +24\.11\.1 \(needed\) +SBOM sha256:\w{8}… \(SPDX by syft 1\.18\.1\), as layer/)
    })

  real('check --images: what is absent is denied, what cannot be looked into is unknown', async (own) => {
    const { layout, image: manifest } = await made()
    await own.push('checked', '1', layout, [manifest])
    const pod = (name: string, requirements = ''): string =>
      file(`pod-${requirements.length}-${name.length}.yaml`, JSON.stringify({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'a', ...(requirements === '' ? {} : { annotations: { 'paddock.dev/requirements': requirements } }) },
        spec: { containers: [{ name: 'web', image: name, command: ['gunicorn', '-k', 'gevent', '-b', ':8000', 'app:app'] }] },
      }))
    const flags = ['--format', 'github', '--registry-ca', own.ca, '--registry-config', file('config.json', auth(own.host))]
    const name = `${own.host}/checked:1`
    const denied = await paddock(['check', pod(name), '--images', ...flags])
    expect(denied).toMatchObject({ status: 1, out: expect.stringContaining(`needs gevent, which is not in image "${name}"`) })
    expect(await paddock(['check', pod(name, 'gevent==24.11.1'), '--images', ...flags])).toMatchObject({ status: 1,
      out: expect.stringContaining(
        `which is not in image "${name}", although line 1 of annotation paddock.dev/requirements asks for it (==24.11.1)`,
      ) })
    for (const offline of [[], ['--images', '--offline']]) {
      const { status, out } = await paddock(['check', pod(name), ...offline, ...flags])
      expect({ status, out }).toEqual({ status: 0, out: expect.stringContaining('nothing tells whether it is installed') })
    }
    const none = `${own.host}/none:1`
    expect(await paddock(['check', pod(none), '--images', ...flags])).toMatchObject({ status: 0,
      out: expect.stringContaining(`and its image (${own.host} has no such image) does not tell whether it is installed`) })
  })

  real('a certificate that nobody vouches for, unless that is said', async (own) => {
    const { layout, image: manifest } = await made()
    await own.push('app', '2', layout, [manifest])
    const flags = ['--registry-config', file('config.json', auth(own.host))]
    expect(await image(`${own.host}/app:2`, flags)).toMatchObject({ status: 2,
      err: expect.stringContaining('its certificate is not trusted') })
    expect(await image(`${own.host}/app:2`, [...flags, '--insecure-registry', own.host])).toMatchObject({ status: 0 })
    expect(await image(`${own.host}/app:2`, flags, { NODE_EXTRA_CA_CERTS: own.ca })).toMatchObject({ status: 0 })
  })
})

/** A registry without TLS that does as a function says. */
async function served<T>(answer: (request: IncomingMessage, response: ServerResponse) => void,
  use: (host: string) => Promise<T>): Promise<T> {
  const server: Server = createServer(answer)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  try {
    return await use(`127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

describe('a registry that does not do as it should', () => {
  const said = (answer: (request: IncomingMessage, response: ServerResponse, host: string) => void, config = '{}'): Promise<Ran> => {
    let own = ''
    return served((request, response) => answer(request, response, own), (host) => {
      own = host
      return image(`${host}/app:1`, ['--insecure-registry', host, '--registry-config',
        file('served.json', config.replaceAll('HOST', host))])
    })
  }

  test.each([
    [500, /answers with 500$/],
    [429, /has been asked too often \(429\)$/],
    [403, /does not let it be read \(403\)$/],
    [204, /answers with 204$/],
  ])('%i', async (status, message) => {
    const { err, status: exit } = await said((_, response) => void response.writeHead(status).end())
    expect({ exit, err: err.trim() }).toEqual({ exit: 2, err: expect.stringMatching(message) })
  })

  test('garbage, an endless manifest, an endless redirect, one to a file', async () => {
    expect((await said((_, response) => void response.end('<html>'))).err).toMatch(/the manifest is no JSON$/m)
    expect((await said((_, response) => void response.end(Buffer.alloc(5_000_000, 32)))).err).toMatch(/it has more than 4194304 bytes$/m)
    expect((await said((request, response, host) => void response.writeHead(307, { location: `http://${host}${request.url}` }).end())).err)
      .toMatch(/sends on more than 5 times$/m)
    expect((await said((_, response) => void response.writeHead(307, { location: 'file:///etc/passwd' }).end())).err).toMatch(
      /sends on to an address without TLS$/m,
    )
  })

  test('what does not answer, or a byte a second, costs some seconds', async () => {
    for (const answer of [() => {},
      (_: IncomingMessage, response: ServerResponse) => void setInterval(() => response.write(' '), 1000).unref()]) {
      const { status, err } = await said(answer)
      expect({ status, err }).toEqual({ status: 2, err: expect.stringMatching(/does not answer in time\n$/) })
    }
  })

  test('a token for those who ask, and no credentials for where one is sent on to', async () => {
    const { layout, image: manifest } = await made()
    const asked: string[] = []
    const content = (path: string): Buffer | undefined => layout.files.get(`blobs/${path.split('/').at(-1)?.replace(':', '/')}`)
    const { status, err } = await served((request, response) => {
      asked.push(`elsewhere ${request.headers.authorization}`)
      response.end(content((request.url ?? '').replace(/[?].*/, '')))
    }, (elsewhere) =>
      said((request, response, host) => {
        const { url = '', headers } = request
        if (url.startsWith('/token')) {
          asked.push(`token ${headers.authorization} ${url}`)
          return void response.end('{"token": "abc"}')
        }
        if (headers.authorization !== 'Bearer abc')
          return void response.writeHead(401, {
            'www-authenticate': `Bearer realm="http://${host}/token",service="s",scope="repository:other:push"`,
          }).end()
        if (url.includes('/blobs/'))
          return void response.writeHead(307, {
            location: `http://${elsewhere}/x/${url.split('/').at(-1)}?signature=secret`,
          }).end()
        response.writeHead(200, { 'content-type': manifest.mediaType }).end(content(manifest.digest))
      }, auth('HOST')))
    expect({ status, err }).toEqual({ status: 0, err: '' })
    expect(asked).toEqual([`token Basic ${Buffer.from('user:secret').toString('base64')} /token?service=s&scope=repository%3Aapp%3Apull`,
      'elsewhere undefined', 'elsewhere undefined'])
  })
})
