/** The platforms that the image is built for, as Debian, Node and the OCI call their processors. */

export const platforms = {
  'linux/amd64': { oci: 'amd64', debian: 'amd64', node: 'x64' },
  'linux/arm64': { oci: 'arm64', debian: 'arm64', node: 'arm64' },
} as const

export type PlatformName = keyof typeof platforms
export type Platform = (typeof platforms)[PlatformName]

export const isPlatform = (name: string): name is PlatformName => Object.hasOwn(platforms, name)
