/** The scripts of a repository, each with all processes that read it: what is found in it for each, and what is mended for all. */
import { judgeShared, type Sharing, type Verdict } from '../judge.ts'

/** A script as a process starts it. */
export interface Started {
  /** From the folder of the platform's file. */
  readonly name: string
  readonly text: string
  readonly sharing: Sharing
}

/** What is known of a process and of the scripts that it starts. */
export interface Starter {
  /** For messages: `process "web"`. */
  readonly name: string
  /** Where its repository begins. */
  readonly folder: string
  /** What may name a script: its command, and the scripts that it starts. */
  readonly texts: readonly string[]
  readonly started: readonly Started[]
}

export class SharedScripts {
  readonly #byName: ReadonlyMap<string, readonly Started[]>
  /** The processes that name a file without being seen to start it, by the file's own name and their folder. */
  readonly #naming = new Map<string, string>()
  readonly #verdicts = new Map<Started, Verdict>()

  constructor(starters: readonly Starter[]) {
    this.#byName = Map.groupBy(starters.flatMap(({ started }) => started), ({ name }) => name)
    const files = new Set([...this.#byName.keys()].map(fileName))
    for (const { name, folder, texts, started } of starters) {
      const own = new Set(started.map((one) => fileName(one.name)))
      for (const text of texts)
        for (const word of text.replaceAll(/^[ \t]*#.*/gm, '').split(/[^\w.+@%-]+/))
          if (files.has(word) && !own.has(word)) this.#naming.set(folder + word, name)
    }
  }

  /** What is found for one that starts a script. */
  verdict(started: Started, folder: string): Verdict | undefined {
    if (!this.#verdicts.has(started)) {
      const all = this.#byName.get(started.name) ?? []
      const verdicts = judgeShared(started.text, all.map(({ sharing }) => sharing), this.#naming.get(folder + fileName(started.name)))
      for (const [index, verdict] of verdicts.entries()) if (all[index]) this.#verdicts.set(all[index], verdict)
    }
    return this.#verdicts.get(started)
  }
}

const fileName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
