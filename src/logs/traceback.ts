/** Python's tracebacks, which no prefix marks: whose they are is told by the files that they go through. */

/** What a traceback comes to. */
export interface Traceback {
  /** The last line: `ModuleNotFoundError: No module named 'flask'`. */
  readonly exception: string
  /** True where it goes through gunicorn's own files before any other. */
  readonly isOfGunicorn: boolean
  /** True where gunicorn was about to import the application. */
  readonly importsApplication: boolean
  /** True where files of the application had begun by then. */
  readonly isInApplication: boolean
  /** gunicorn's own file that it ends in, from the folder of the package: `config.py`. */
  readonly last: string
  /** True for a function of gunicorn that reads its configuration. */
  readonly readsConfiguration: boolean
  /** True where it goes through a worker that serves: what is wrong there keeps nothing from starting. */
  readonly isServing: boolean
}

/** Takes lines that have no prefix, and gives a traceback once its last line has come. */
export class TracebackReader {
  #isOpen = false
  #frames = 0
  #isOfGunicorn = false
  #importsApplication = false
  #isInApplication = false
  #last = ''
  #readsConfiguration = false
  #isServing = false

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Begins with `Traceback (most recent call last):`. */
  begin(): void {
    this.#isOpen = true
    this.#frames = 0
    this.#isOfGunicorn = false
    this.#importsApplication = false
    this.#isInApplication = false
    this.#last = ''
    this.#readsConfiguration = false
    this.#isServing = false
  }

  /** @returns the traceback, where the line is its last one */
  line(text: string): Traceback | undefined {
    if (text.startsWith('  File "')) {
      this.#frame(text)
      return undefined
    }
    // Source, marks below it, and `[Previous line repeated 9 more times]`.
    if (text.startsWith(' ') || text === '') return undefined
    this.#isOpen = false
    return {
      exception: text,
      isOfGunicorn: this.#isOfGunicorn,
      importsApplication: this.#importsApplication,
      isInApplication: this.#isInApplication,
      last: this.#last,
      readsConfiguration: this.#readsConfiguration,
      isServing: this.#isServing,
    }
  }

  #frame(text: string): void {
    const end = text.indexOf('"', 8)
    const path = text.slice(8, end)
    // Where the command was started, and what Python itself does to import.
    if (path.startsWith('<frozen') || path === '<string>' || /\/(?:importlib\/__init__|runpy)\.py$/.test(path) ||
      (this.#frames === 0 && /\/bin\/[\w.-]+$/.test(path))) return
    this.#frames++
    const at = path.lastIndexOf('/gunicorn/')
    const file = at < 0 ? '' : path.slice(at + '/gunicorn/'.length)
    const isOwn = /^(?:[a-z0-9_]+|(?:app|workers|http|http2|asgi|ctl|dirty|instrument)\/[a-z0-9_]+)\.py$/.test(file)
    if (isOwn) {
      if (this.#frames === 1) this.#isOfGunicorn = true
      this.#last = file
      const name = text.slice(text.lastIndexOf(' ') + 1)
      if (file.startsWith('workers/') && /handle|^accept|^run|_asgi|^process_/.test(name)) this.#isServing = true
      if (name === 'import_app' || name === 'load_wsgiapp' || name === 'load_pasteapp') this.#importsApplication = true
      if (name === 'load_config' || name === 'load_config_from_module_name_or_filename' || name === 'load_default_config' ||
        name === 'get_config_from_filename' || name === 'do_load_config') this.#readsConfiguration = true
      if (name === 'wsgi' && file === 'app/base.py') this.#readsConfiguration = false
      return
    }
    this.#last = ''
    if (this.#importsApplication) this.#isInApplication = true
  }
}
