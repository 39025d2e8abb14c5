/**
 * Command line → the invocations of gunicorn that it comes to, through shells and wrappers. Pure.
 */
import type { Found, Shell } from './command-line/found.ts'
import type { CommandLine, Inspected, Misstart, Unread } from './command-line/inspected.ts'
import { starterIn, type Way } from './command-line/way.ts'
import { scriptIn, wrappersOf, type FoundScript } from './command-line/found-script.ts'
import { othersOf, spansOf } from './command-line/neighbours.ts'
import { embedded, hasSeparator, hereDocument, insertionIn, isWhole, withinScript, type Insertion, type Place,
  type ScriptPlace } from './command-line/script-place.ts'
import { alternativesOf, indexIn, partOf, wordOf } from './command-line/words.ts'
import { folderOf, unsure, type Folder } from './command-line/working-folder.ts'
import { nothingBeside } from './shell/beside.ts'
import { spend } from './budget.ts'
import { isGunicorn } from './gunicorn-name.ts'
import { AgreedSettings } from './gunicorn/agreed-settings.ts'
import type { ConfigSource } from './gunicorn/config-file.ts'
import { changedEnvironment, changedVariables, unfolded, type Change, type Passed, type Started } from './gunicorn/invocation.ts'
import { read, type Variables } from './gunicorn/settings.ts'
import type { Parent } from './gunicorn/termination.ts'
import { escape } from './kubernetes/expansion.ts'
import type { Path } from './kubernetes/field.ts'
import type { Element } from './kubernetes/element.ts'
import type { Environment } from './shell/environment.ts'
import { cutOff, joinedIn, isUnseen, likeBlanks, lostWords, readsParameters, remedyFor, windowsLines } from './misstart.ts'
import { insetOf } from './shell/inset.ts'
import { isShell } from './shell/invocation.ts'
import { readScript, type Command, type Script, type ScriptError } from './shell/script.ts'
import type { Word } from './shell/word.ts'

export type { CommandLine, Inspected, Misstart, Unread } from './command-line/inspected.ts'
export type { Found, Shell } from './command-line/found.ts'
export { noParents } from './command-line/found-script.ts'
export type { Insertion, Place, ScriptPlace } from './command-line/script-place.ts'
export { wordOf } from './command-line/words.ts'

/** The longest a chain of shells within shells may get before it is left alone. */
const deepestShell = 8

/** The most words of one command that are read. Nobody writes as many, and it takes as long as they are many. */
export const mostWords = 20_000

/** The invocations of gunicorn that a command line comes to, and what is wrong with its scripts. */
export function inspectCommandLine(line: CommandLine): Inspected {
  return new Inspector(line).run()
}

const inheritsAll = (changes: readonly Change[]): boolean => changes.every(({ change }) => change === 'sets')

const wordsBefore = (words: readonly Word[], started: Started): readonly Word[] =>
  words.slice(0, started.kind === 'unknown' ? 0 : started.index)

/** Whether none of a wrapper's words is an option: one may name another folder, or take variables away. */
const isPlain = (words: readonly Word[]): boolean =>
  words.every(({ value }) => value !== null && (!value.startsWith('-') || value === '--' || value === '-m' || value === '-u'))

/** Builtins of a shell that start nothing, whatever their words speak of. */
const startNothing = new Set(['echo', 'printf', 'set', 'export', 'readonly', 'local', 'declare', 'test', '[', ':', 'true', 'cd', 'unset',
  'trap'])

const splitByEnv = 'it stands in a string that `env -S` takes apart'

class Inspector {
  readonly #line: CommandLine
  readonly #found: Found[] = []
  readonly #errors: ScriptError[] = []
  readonly #unread: Unread[] = []
  readonly #misstarts: Misstart[] = []
  #mayStartMore = false

  constructor(line: CommandLine) {
    this.#line = line
  }

  run(): Inspected {
    const { environment, variables } = this.#line
    const given = this.#line.elements.map(wordOf)
    const { words, origins, started } = unfolded(given, () => variables)
    const elements = origins === undefined ? this.#line.elements
      : origins.map((index,
        at) => (given[index] === words[at] ? this.#line.elements[index]! : partOf(this.#line.elements[index]!, words[at]!))
      )
    if (started.kind === 'gunicorn') this.#execForm(words, elements, started, origins && splitByEnv)
    else {
      const found = scriptIn(words, started)
      const element = found && elements[found.index]
      const script = found && element && this.#elementScript(element, found.offset)
      if (found && script) this.#windowsLines(script, found, element?.isExecuted === true)
      if (found && script && !(words[found.index]?.value === null && found.reader === 'words'))
        this.#script(script, found, () => changedEnvironment(found.changes, environment()), {
          // What stands between the quotes of a longer string is a script within it.
          parents: found.parents,
          depth: 0,
          isFile: element.isFile === true,
          closed: (origins && splitByEnv) ?? (element.at && withinScript),
          inherits: inheritsAll(found.changes),
          runs: 'surely',
          folder: () => (isPlain(wordsBefore(words, started)) ? '' : null),
          beside: nothingBeside,
          starter: starterIn(words, started),
        }, this.#unreadParameters(script, found, words, (index) =>
          elements[index] && { path: elements[index].path, ...elements[index].at }))
      else if (origins !== undefined || !this.#joined(words, elements, started)) this.#overlook(words, started)
    }
    return { invocations: this.#found, errors: this.#errors, unread: this.#unread, misstarts: this.#misstarts,
      mayStartMore: this.#mayStartMore }
  }

  /** Notes an element that holds the program with words of it, or an option of a shell with its script; false where none does. */
  #joined(words: readonly Word[], elements: readonly Element[], started: Started): boolean {
    const joined = joinedIn(words, started)
    const element = joined && elements[joined.index]
    const word = joined && words[joined.index]
    if (!element || !word || element.at) return false
    const { into, isScript } = joined
    const path = { path: element.path }
    if (into)
      this.#misstarts.push({ kind: 'joined', place: path, text: element.text,
        detail: isScript ? 'must be two elements, the option and the script, as no shell has such an option'
          : 'must be an element for each word, as no program has such a name', split: { word, into },
        ...(isScript ? { remedy: 'Make two elements of it: the option, and the script.' } : {}) })
    else this.#misstarts.push({ kind: 'script', place: path, text: element.text,
        detail: 'must be the name of a program, as no shell reads it', remedy: 'Write `[sh, -c, SCRIPT]`, with it as the script.' })
    return true
  }

  /** Notes a program behind which gunicorn is spoken of. */
  #overlook(words: readonly Word[], started: Started): void {
    const index = started.kind === 'unknown' ? 0 : started.index
    const first = words[index]
    if (first && started.kind !== 'unknown') this.#line.program?.({ name: first.value ?? first.text, words: words.slice(index) })
    if (first && !startNothing.has(first.value ?? '') && words.some(({ text }, at) => at > index && text.includes('gunicorn')))
      this.#unread.push({ name: first.value ?? first.text, words: words.slice(index) })
  }

  #variables(changes: readonly Change[], shell?: Environment): Variables {
    const { variables } = this.#line
    if (changes.length === 0 && !shell) return variables
    // A script that runs what cannot be seen may have set anything.
    return changedVariables(changes,
      shell ? (name) => (shell.has(name) || shell.tampered || shell.closed ? shell.get(name) : variables(name)) : variables)
  }

  #execForm(words: readonly Word[], elements: readonly Element[], { index, changes, passed }: Extract<Started, { kind: 'gunicorn' }>,
    closed: string | undefined): void {
    const { path } = this.#line
    const own = words.slice(index)
    const indexOf = indexIn(words)
    const named = elements[index]
    if (named?.at && closed === undefined) return this.#splitForm(words, { kind: 'gunicorn', index, changes, passed }, named.path)
    const last = elements.at(-1)?.path ?? path
    const at = hasSeparator(own) ? elements[index + 1]?.path : undefined
    const position = at?.at(-1)
    this.#add(own, this.#variables(changes), this.#configFiles(words.slice(0, index), changes, () => this.#line.environment(), () => ''), {
      form: 'exec',
      command: undefined,
      script: undefined,
      parents: wrappersOf(passed),
      shell: undefined,
      beside: nothingBeside,
      runs: 'surely',
      place: { path: elements[index]?.path.slice(0, -1) ?? path },
      insertion: closed === undefined
        ? grabbed(passed) ?? { kind: 'list', path: (at ?? last).slice(0, -1), before: typeof position === 'number' ? position : undefined }
        : { kind: 'none', reason: closed },
      placeOf: (word) => ({ path: elements[indexOf(word) ?? -1]?.path ?? path }),
    })
  }

  /** The script that an element holds, from one of its characters on. */
  #elementScript({ path, expanded, at }: Element, offset: number): ScriptPlace {
    const { escaped = escape } = this.#line
    const source = (position: number): number => expanded.source(offset + position)
    // Within what a variable stands for there is no place in the text: what is put there would take the place of all of it.
    const isApart = (position: number): boolean => position === 0 || source(position - 1) !== source(position)
    return {
      text: expanded.text.slice(offset),
      path,
      place: (start, end) => at ?? { start: source(start), end: source(end) },
      splice: (
        { start, end, text },
      ) => (at || !isApart(start) || !isApart(end) ? undefined : { start: source(start), end: source(end), text: escaped(text) }),
    }
  }

  /** The words of a string that is split at blanks, as a shell quotes and as no shell expands: written like those of a script. */
  #splitForm(words: readonly Word[], { index, changes, passed }: Extract<Started, { kind: 'gunicorn' }>, path: Path): void {
    const own = words.slice(index)
    const end = own.at(-1)?.end ?? 0
    const next = own[1]
    const inherits = inheritsAll(changes)
    this.#add(own, this.#variables(changes), this.#configFiles(words.slice(0, index), changes, () => this.#line.environment(), () => ''), {
      form: 'shell',
      command: undefined,
      script: { text: this.#line.text ?? '', path, place: (start, end) => ({ start, end }), splice: (splice) => splice },
      parents: wrappersOf(passed),
      shell: undefined,
      beside: nothingBeside,
      runs: 'surely',
      place: { path, start: own[0]?.start ?? 0, end },
      insertion: grabbed(passed) ??
        (hasSeparator(own) && next ? { kind: 'text', offset: next.start, before: true, between: ' ', inherits }
          : { kind: 'text', offset: end, before: false, between: ' ', inherits }),
      placeOf: ({ start, end }) => ({ path, start, end }),
    })
  }

  #script(place: ScriptPlace, found: FoundScript, environment: () => Environment, way: Way, lost?: string): void {
    const { dialect, parameters, options } = found
    const { text } = place
    if (found.reader === 'words' && /[$`;&|<>()*?[\]{}~#!\\\n]/.test(text.replaceAll(/'[^']*'/g, ''))) {
      this.#mayStartMore = true
      return
    }
    const script = readScript(text, { dialect, parameters, ...(options ? { options } : {}), environment: environment() })
    this.#errors.push(...script.errors)
    if (script.unread) this.#mayStartMore = true
    const refusedFrom = this.#refused(place, script, way)
    const closed = way.closed ?? lost ??
      (found.reader === 'words' ? 'it stands in a string that no shell reads'
        : script.errors.length > 0 ? 'the script cannot be read to its end' : undefined)
    const jobs = script.commands.some((command) => command.background)
    const isMade = spansOf(script.commands.filter((command) => command.embedded))
    const others = othersOf(script.commands)
    for (const [index, command] of script.commands.entries()) {
      spend(1 + command.words.length / 10)
      if (command.start >= refusedFrom) continue
      const { words, origins, started } = unfolded(command.words, () => (name) => command.environment.get(name))
      if (started.kind === 'unknown' && words.length > 0) this.#mayStartMore = true
      if (started.kind === 'program' && words.length - started.index < 2 && command.input === undefined) {
        this.#blanks(place, command.words)
        this.#line.program?.({ name: words[started.index]?.value ?? '', words: words.slice(started.index) })
        if (isShell(words.slice(started.index))) this.#mayStartMore = true
        continue
      }
      // What runs before may read the rest of a script that is the standard input.
      const runs = way.runs === 'maybe' || (found.isInput && index > 0) ? 'maybe' : command.runs
      const parents = (): readonly Parent[] => (found.program === undefined ? way.parents : [...way.parents, {
        kind: 'shell',
        name: found.name,
        program: found.program,
        script: text,
        isInput: found.isInput,
        isFile: way.isFile,
        command,
        traps: script.traps,
        jobs,
      }])
      const beside = way.beside.within(script.commands, command)
      const folder = (): Folder =>
        folderOf(command, { text, commands: script.commands, name: parameters[0]?.value ?? undefined }, way.folder)
      if (started.kind === 'gunicorn') {
        const shell = way.starter && { ...way.starter, isFile: way.isFile, traps: script.traps, others: () => others(command) }
        const isBroken = !command.embedded && this.#escaped(place, words.slice(started.index + 1))
        const cut = command.embedded || isBroken ? undefined : this.#blanks(place, command.words) ?? this.#cut(place, command)
        this.#shellForm(place, command, words, started, [...parents(), ...wrappersOf(started.passed)], { ...way,
          closed: closed ?? cut ?? (origins && splitByEnv), runs, folder, beside, isCut: (cut ?? lost) !== undefined, isBroken }, shell)
        continue
      }
      const inner = way.depth < deepestShell ? scriptIn(words, started, command.input !== undefined) : undefined
      const word = inner?.isInput === true ? command.input : inner && words[inner.index]
      const nested = inner && word &&
        (inner.isInput || origins !== undefined ? hereDocument(place, word) : this.#nested(place, word, inner.offset))
      if (inner && nested && !(word?.value === null && (inner.reader === 'words' || inner.isInput)))
        this.#script(nested, inner, () => changedEnvironment(inner.changes, command.environment), {
          parents: [...parents(), ...inner.parents],
          depth: way.depth + 1,
          isFile: false,
          closed: closed ?? (origins && splitByEnv) ??
            (command.embedded ? embedded : inner.isInput ? 'it stands in a here-document' : undefined),
          inherits: way.inherits && inheritsAll(inner.changes),
          runs,
          folder: () => (isPlain(wordsBefore(words, started)) ? folder() : unsure(folder())),
          beside,
          starter: undefined,
        })
      else {
        if (started.kind === 'string' || (started.kind === 'program' && isShell(words.slice(started.index)))) this.#mayStartMore = true
        if (!isMade(command) && !this.#blanks(place, command.words)) this.#overlook(words, started)
      }
    }
  }

  /** From where on a script is never run, as no shell takes it. */
  #refused(place: ScriptPlace, { refusal, commands, unread }: Script, { runs }: Pick<Way, 'runs'>): number {
    const { text } = place
    if (!refusal || !text.slice(refusal.from).includes('gunicorn')) return Infinity
    const { from, at, message } = refusal
    const end = text.indexOf('\n', Math.max(at, from))
    const before = commands.filter((command) => command.start < from)
    const mayEnd = text.slice(0, from).trim() !== '' &&
      (unread || before.some(({ exec, words }) => exec || words[0]?.value == null || isGunicorn(words[0].value)))
    const doubt = runs === 'maybe' ? 'if that script runs' : mayEnd ? 'unless what stands before it does not end' : undefined
    this.#misstarts.push({
      kind: 'script',
      text: text.slice(from, end < 0 ? text.length : end).trim(),
      detail: `must be a script that a shell takes, and none does: ${message}`,
      remedy: remedyFor(refusal, text),
      place: { path: place.path, ...place.place(Math.min(at, Math.max(0, text.length - 1)), Math.min(at + 1, text.length)) },
      ...(doubt === undefined ? {} : { doubt }),
    })
    return from
  }

  /** Notes a `\\` that was to continue a line and stands in front of a blank, as the lines are folded to one: whether one does. */
  #escaped({ text, path, place, splice }: ScriptPlace, words: readonly Word[]): boolean {
    const [first] = words.filter((word) => /^\\ +--?[A-Za-z]/.test(word.text))
    if (!first) return false
    const splices = words.flatMap((word) => (word.text.startsWith('\\ ') ? [{ start: word.start, end: word.start + 2, text: '' }] : []))
      .map(splice)
    this.#misstarts.push({
      kind: 'cut',
      place: { path, ...place(first.start, first.end) },
      text: text.slice(first.start, first.end),
      ...(isWhole(splices) ? { splices } : {}),
      detail:
        'must stand without a `\\` in front of it: the lines are read as one, as in a Procfile, where a `\\` at the end of a line makes the blank behind it part of the next word',
      remedy: 'Write the command on one line, without a `\\`.',
    })
    return true
  }

  /** Notes characters that look like blanks, or cannot be seen, and are part of a word: why nothing is put in beside them. */
  #blanks({ text, path, place, splice }: ScriptPlace, words: readonly Word[]): string | undefined {
    const found = likeBlanks(words)
    const [first] = found
    if (!first || text.slice(first.start, first.end) !== first.character) return undefined
    const splices = found.map(({ start, end, character }) => ({ start, end, text: isUnseen(character) ? '' : ' ' })).map(splice)
    this.#misstarts.push({
      kind: 'cut',
      place: { path, ...place(first.start, first.end) },
      text: first.word,
      ...(isWhole(splices) ? { splices } : {}),
      detail: `must be written with blanks that a shell knows: the character U+${
        first.character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
      } is part of the word to it`,
      remedy: 'Write a plain blank in its place: pages and chats put others in.',
    })
    return 'a character that looks like a blank is part of one of its words'
  }

  /** Notes the options that a line of their own parts from a command: why nothing is put into it then. */
  #cut({ text, path, place, splice }: ScriptPlace, command: Command): string | undefined {
    const cut = cutOff(text, command.end)
    if (!cut) return undefined
    const splices = cut.joining.map(splice)
    this.#misstarts.push({
      kind: 'cut',
      place: { path, ...place(cut.start, cut.end) },
      text: text.slice(cut.start, cut.end),
      ...(isWhole(splices) ? { splices } : {}),
      detail:
        'must stand on the line of its command, or behind a `\\` that is the last character of the line before it: it is a command of its own, and gunicorn does not get it',
      remedy: 'Put a `\\` at the end of each line but the last, and no comment between them.',
    })
    return 'the options on the line behind it, which it does not get, may be meant for it'
  }

  /** Notes the line ends of Windows, of which a shell takes one character for part of a word. */
  #windowsLines({ text, path, place }: ScriptPlace, { dialect }: FoundScript, isExecuted: boolean): void {
    const fault = text.includes('\r\n') && text.includes('gunicorn') ? windowsLines(text, dialect, isExecuted) : undefined
    if (!fault) return
    const { start, end, detail, doubt } = fault
    this.#misstarts.push({
      kind: 'script',
      place: { path, ...place(start, end) },
      text: text.slice(start, end),
      detail,
      remedy: 'Save the file with the line ends of Unix; `*.sh text eol=lf` in .gitattributes keeps them.',
      ...(doubt === undefined ? {} : { doubt }),
    })
  }

  /** Notes the words behind a script that does not read them: why nothing is put into it then. */
  #unreadParameters({ text }: ScriptPlace, { parameters, index }: FoundScript, words: readonly Word[],
    placeOf: (index: number) => Place | undefined): string | undefined {
    const lost = lostWords(parameters)
    if (lost.length === 0 || readsParameters(text) || !(text.includes('gunicorn') || lost.some(({ value }) => value?.includes('gunicorn'))))
      return undefined
    const at = words.indexOf(lost[0]!)
    const place = placeOf(at < 0 ? index : at)
    if (!place) return undefined
    const isCommand = !text.includes('gunicorn')
    const spoken = lost.map((word) => word.text).join(' ')
    this.#misstarts.push({
      kind: 'unread',
      place,
      text: spoken,
      detail: isCommand
        ? 'must stand in the script, which is one element: the shell does not run what stands behind it, and gunicorn is not started'
        : 'must stand in the script, which is one element and does not read what stands behind it',
      remedy: isCommand ? 'Write one script: `[sh, -c, "FIRST && exec gunicorn …"]`.'
        : 'Write the words into the script, or `"$@"`, with a word for `$0` before them.',
    })
    return 'the words behind its script, which does not read them, may be meant for it'
  }

  /** The script that a word of another one holds; undefined where it is not known. */
  #nested(outer: ScriptPlace, word: Word, offset: number): ScriptPlace | undefined {
    const inset = insetOf(word)
    const text = word.value ?? inset?.text
    if (text === undefined) return undefined
    const whole = outer.place(word.start, word.end)
    return {
      text: text.slice(offset),
      nested: true,
      path: outer.path,
      place: (start, end) => {
        const inner = inset?.place(start + offset, end + offset)
        return inner ? outer.place(inner.start, inner.end) : whole
      },
      splice: (splice) => {
        const inner = inset?.splice({ start: splice.start + offset, end: splice.end + offset, text: splice.text })
        return inner && outer.splice(inner)
      },
    }
  }

  #shellForm(
    script: ScriptPlace,
    command: Command,
    words: readonly Word[],
    { index, changes, passed }: Extract<Started, { kind: 'gunicorn' }>,
    parents: readonly Parent[],
    way: Pick<Way, 'closed' | 'inherits' | 'runs' | 'folder' | 'beside'> & { readonly isCut: boolean; readonly isBroken: boolean },
    shell: Omit<Shell, 'seat'> | undefined,
  ): void {
    const { path } = script
    const own = words.slice(index)
    const seat = (): Place | undefined => {
      const [first] = command.words
      const from = command.assignments.at(-1)?.end ?? command.start
      // With `command` in front of it, or the like, it is another matter.
      return first && isBlank(script.text.slice(from, first.start)) ? { path, ...script.place(first.start, first.end) } : undefined
    }
    this.#add(own, this.#variables(changes, command.environment),
      this.#configFiles(words.slice(0, index), changes, () => command.environment, way.folder), {
      form: 'shell',
      alternatives: words === command.words ? alternativesOf(command, index) : undefined,
      command,
      script,
      parents,
      shell: shell && { ...shell, seat },
      beside: way.beside,
      runs: way.runs,
      isCut: way.isCut,
      isBroken: way.isBroken,
      place: { path, ...script.place(command.start, command.end) },
      insertion: grabbed(passed) ?? insertionIn(script, command, own, way),
      placeOf: (word) => ({ path, ...script.place(word.start, word.end) }),
    })
  }

  /** Where an invocation finds config files, and what they find in their environment; `before` are the words in front of it. */
  #configFiles(before: readonly Word[], changes: readonly Change[], environment: () => Environment, folder: () => Folder):
    | ConfigSource
    | undefined {
    const { configFile, mayHideConfig } = this.#line
    if (!configFile) return undefined
    const at = (): Folder => (isPlain(before) && !environment().tampered ? folder() : unsure(folder()))
    return {
      file: (path) => configFile(path, at),
      mayHide: mayHideConfig && (() => mayHideConfig(at)),
      // A shell sets some variables of its own, and so does Python where it finds no locale.
      environment: changedVariables(changes,
        (name) => (isPlain(before) && !/^(PWD|OLDPWD|SHLVL|_|LC_CTYPE)$/.test(name) ? environment().get(name) : null)),
    }
  }

  #add(
    words: readonly Word[],
    variables: Variables,
    source: ConfigSource | undefined,
    rest: Pick<Found,
      'form' | 'alternatives' | 'isCut' | 'isBroken' | 'command' | 'script' | 'parents' | 'shell' | 'beside' | 'runs' | 'place'
        | 'insertion' | 'placeOf'>,
  ): void {
    const { releases } = this.#line
    if (words.length > mostWords) {
      this.#mayStartMore = true
      this.#errors.push({ message: `commands of more than ${mostWords} words are not read`, start: 0, end: 1 })
      return
    }
    const lists = rest.alternatives ?? [words]
    const readings = lists.flatMap((list) => read(list.slice(1), variables, releases, source))
    this.#found.push({ ...rest, words, variables, releases, settings: new AgreedSettings(readings, lists.length) })
  }
}

/** Why nothing can be added behind wrappers, where one would take options for its own. */
function grabbed(passed: readonly Passed[]): Insertion | undefined {
  const wrapper = passed.find(({ grabs }) => grabs)
  return wrapper && { kind: 'none', reason: `${wrapper.name} would take options for its own, as no \`--\` stands before gunicorn` }
}

const isBlank = (text: string): boolean => text.replaceAll('\\\n', '').trim() === ''
