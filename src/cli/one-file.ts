/** `check` and `explain` of one file that is held in memory: no folder beside it, and no network. */
import { FileError } from './exit.ts'
import { governing } from './governing.ts'
import { guarded, type Outside } from './io.ts'
import { runCheck } from './run-check.ts'
import { runExplain } from './run-explain.ts'

interface OneFile {
  readonly name: string
  readonly text: string
}

/** What both say of it, in their own JSON, and the file with what is mended in it. */
interface Said {
  readonly checked: unknown
  readonly explained: unknown
  readonly mended: string
}

/** A command's outside: what it writes to standard output is what comes of it. */
function outsideOf(files: Map<string, string>, write: (text: string) => void): Outside {
  const absent = (path: string): never => {
    throw new FileError(path, 'no such file', true)
  }
  const read = (path: string): string => files.get(path) ?? absent(path)
  return {
    stdout: { write, isTTY: false },
    stderr: { write: () => {}, isTTY: false },
    env: {},
    readInput: () => Promise.resolve(''),
    inputLines: async function*() {},
    readFile: read,
    openLog: absent,
    readWithin: (_, path) => read(path),
    writeFile: (path, text) => void files.set(path, text),
    writeWithin: (_, path, text) => void files.set(path, text),
    listFiles: (path) => (files.has(path) ? [path] : absent(path)),
    openFile: () => undefined,
    http: () => () => Promise.reject(new Error('no registry is asked from here')),
    askHelper: () => Promise.resolve(undefined),
    now: () => performance.now(),
    time: () => Date.now(),
  }
}

/** @param preset a policy that ships with Paddock @param version Paddock's own */
export async function sayOf({ name, text }: OneFile, preset: string, version: string): Promise<Said> {
  const run = async (command: (io: ReturnType<typeof guarded>) => Promise<number>, files = new Map([[name, text]])): Promise<string> => {
    let out = ''
    await command(guarded(outsideOf(files, (written) => void (out += written))))
    return out
  }
  const check = (fix: boolean, files?: Map<string, string>): Promise<string> =>
    run(
      async (io) =>
        runCheck([name], { governing: await governing({ preset }, io), failOn: 'never', format: [{ format: 'json' }], version, fix }, io),
      files,
    )
  const files = new Map([[name, text]])
  const checked: unknown = JSON.parse(await check(false))
  await check(true, files)
  // What cannot be read is in the report of the other one.
  const explained = await run((io) => runExplain([name], { env: {}, format: 'json', isCommand: false }, io)).catch((error: unknown) => {
    if (error instanceof FileError) return ''
    throw error
  })
  return { checked, explained: explained === '' ? null : JSON.parse(explained), mended: files.get(name) ?? text }
}
