import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { link, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { capture } from './program.ts'

/** What an image says of the processes that are to run in it. */
export type ImageConfig = { Entrypoint?: string[]; Cmd?: string[]; Env?: string[]; WorkingDir?: string; User?: string }

/** Packs the content of a folder as an image of one layer, in the archive format of `docker save`. */
export async function packImage(root: string, name: string, config: ImageConfig, archive: string): Promise<void> {
  const folder = await mkdtemp(join(dirname(archive), '.archive-'))
  const tar = (...args: string[]) => capture('tar', args, { seconds: 300 })
  try {
    const layer = join(folder, 'layer.tar')
    await tar('-cf', layer, '--mode=a+rX', '--numeric-owner', '--owner=0', '--group=0', '-C', root, '.')
    const digest = await sha256(layer)
    await mkdir(join(folder, digest))
    await link(layer, join(folder, digest, 'layer.tar'))
    const architecture = process.arch === 'x64' ? 'amd64' : process.arch
    const rootfs = { type: 'layers', diff_ids: [`sha256:${digest}`] }
    await writeFile(join(folder, 'config.json'), JSON.stringify({ architecture, os: 'linux', config, rootfs }))
    const manifest = [{ Config: 'config.json', RepoTags: [name], Layers: [`${digest}/layer.tar`] }]
    await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest))
    await tar('-cf', archive, '-C', folder, 'manifest.json', 'config.json', `${digest}/layer.tar`)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
