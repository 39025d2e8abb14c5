/** Who a container runs as: the image's user, by its own list of users. Source: `user` in the OCI image specification, and what runc makes of it. */
import type { Files, Reader } from '../../oci/files.ts'

export interface User extends Reader {
  readonly home: string | undefined
}

/** @param written `name`, `1000`, `name:group`, `1000:1000`; empty for root */
export function userOf(files: Files, written: string, home: string | null | undefined): User {
  const [name = '', group] = (written === '' ? '0' : written).split(':')
  const users = rows(files, '/etc/passwd')
  const groups = rows(files, '/etc/group')
  const entry = users.find(([own]) => own === name) ?? users.find(([, , uid]) => uid === name)
  const uid = entry ? Number(entry[2]) : /^\d+$/.test(name) ? Number(name) : 0
  const gid = group === undefined ? Number(entry?.[3] ?? 0) : Number(groups.find(([own]) => own === group)?.[2] ?? group)
  const more = group === undefined && entry
    ? groups.filter(([, , , members = '']) => members.split(',').includes(entry[0]!)).map(([, , id]) => Number(id)) : []
  return { uid, gids: new Set([gid, ...more]), home: home ?? (entry ? entry[5] || '/' : '/') }
}

const rows = (files: Files, path: string): string[][] =>
  (files.text(path) ?? '').split('\n').filter((line) => line.includes(':')).map((line) => line.split(':'))
