/** How the image is started, and what it says of itself. The Dockerfile says the same; a test compares them. */
import type { ImageConfig } from './oci.ts'
import { timestamp } from './oci.ts'
import type { Source } from './source.ts'

interface Manifest {
  readonly version: string
  readonly description: string
  readonly license: string
}

export const imageConfig = ({ version, description, license }: Manifest, { revision, created }: Source): ImageConfig => ({
  // By number, which `runAsNonRoot: true` can check.
  User: '65532:65532',
  ExposedPorts: { '8443/tcp': {} },
  // Nothing is written to disk: not to /tmp either, where Node would keep compiled code for a next start that never comes.
  // Bodies of megabytes go back to the system when they are done with: else glibc keeps them, cut to pieces, and 64 at once take 80 MiB more.
  Env: ['PATH=/nodejs/bin', 'NODE_DISABLE_COMPILE_CACHE=1', 'MALLOC_MMAP_THRESHOLD_=262144'],
  Entrypoint: ['/nodejs/bin/node', '--max-semi-space-size=8', '/paddock/dist/paddock.js'],
  // In a container, 127.0.0.1 would be reached by nobody.
  Cmd: ['serve', '--host', '0.0.0.0', '--cert-dir', '/certificates'],
  WorkingDir: '/paddock',
  Labels: {
    'org.opencontainers.image.title': 'paddock',
    'org.opencontainers.image.description': description,
    'org.opencontainers.image.version': version,
    'org.opencontainers.image.licenses': license,
    'org.opencontainers.image.created': timestamp(created),
    ...(revision !== undefined && { 'org.opencontainers.image.revision': revision }),
  },
})
