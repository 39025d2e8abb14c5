/**
 * Start commands of gunicorn as people published them: real-commands/, a file for each kind of source. They are facts, not
 * copies: names of people, projects and hosts are replaced, messages and what has no part in the start are left out.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

export interface RealCommand {
  /** The file and the place in it, from 1: `dockerfiles 12`. */
  readonly name: string
  readonly command: readonly string[]
  /** What the source itself sets. */
  readonly env: Readonly<Record<string, string>>
}

type Env = Readonly<Record<string, string>>

/** How each file says what is started. */
const kinds: Readonly<Record<string, (entry: never) => { command: readonly string[]; env?: Env | undefined }>> = {
  dockerfiles: ({ run, env }: { run: string | string[]; env?: Env }) => ({ command: typeof run === 'string' ? ['/bin/sh', '-c', run] : run,
    env }),
  entrypoints: ({ sh, script, parameters = [], env }: { sh: string; script: string; parameters?: string[]; env?: Env }) => ({
    command: [sh, '-c', script, 'entrypoint.sh', ...parameters],
    env,
  }),
  kubernetes: ({ command = [], args = [], env }: { command?: string[]; args?: string[]; env?: Env }) => ({ command: [...command, ...args],
    env }),
  // As Heroku does: a shell with the line, and PORT.
  procfiles: (line: string) => ({ command: ['bash', '-c', line], env: { PORT: '5000' } }),
  systemd: (words: string[]) => ({ command: words }),
  compose: (words: string[]) => ({ command: words }),
}

/** All of them. */
export function realCommands(): RealCommand[] {
  return Object.entries(kinds).flatMap(([kind, read]) => {
    const entries = parse(readFileSync(join(import.meta.dirname, 'real-commands', `${kind}.yaml`), 'utf8')) as never[]
    return entries.map((entry, index) => {
      const { command, env = {} } = read(entry)
      return { name: `${kind} ${index + 1}`, command, env }
    })
  })
}
