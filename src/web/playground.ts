/// <reference lib="dom" />
/** The playground's page: what one pastes, and what Paddock makes of it. It runs in a browser, without a server. */
import { diffLines } from 'diff'
import { h, render, type ComponentChild } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { Answer, Ask, Explained, ShownFinding, ShownInvocation } from './answer.ts'
import { askedIn, fragmentOf, kindOf, kinds, longestText, type Asked, type Kind } from './asked.ts'
import { examples } from './examples.ts'
import { wrapped, type Wrapped } from './wrapped.ts'

export interface PlaygroundOptions {
  readonly presets: readonly string[]
  /** The one that is chosen at first. */
  readonly preset: string
  /** Paddock's own. */
  readonly version: string
}

/** What a text came to, with the file that it was. */
interface Shown {
  readonly file: Wrapped
  readonly answer: Answer
}

/** Milliseconds without a key before the text is read. */
const pause = 150

const kindWords: Readonly<Record<Kind, string>> = { command: 'a start command', script: 'a script', procfile: 'a Procfile',
  manifest: 'a manifest' }

/** Draws the page into `root`, and reads what is pasted by `ask`. */
export function startPlayground(root: Element, ask: Ask, options: PlaygroundOptions): void {
  render(h(Page, { ask, options }), root)
}

function Page({ ask, options }: { readonly ask: Ask; readonly options: PlaygroundOptions }): ComponentChild {
  const [asked, setAsked] = useState<Asked>(() =>
    askedIn(location.hash.slice(1), options.presets) ?? { kind: undefined, text: examples[0]?.text ?? '', preset: options.preset }
  )
  const [shown, setShown] = useState<Shown>()
  const [failure, setFailure] = useState<string>()
  const field = useRef<HTMLTextAreaElement>(null)
  useEffect(() => {
    const follow = (): void => {
      const linked = askedIn(location.hash.slice(1), options.presets)
      if (linked) setAsked(linked)
    }
    addEventListener('hashchange', follow)
    return () => removeEventListener('hashchange', follow)
  }, [])
  useEffect(() => {
    let isOver = false
    const timer = setTimeout(() => {
      history.replaceState(null, '', `#${fragmentOf(asked)}`)
      const file = wrapped(asked.kind ?? kindOf(asked.text), asked.text)
      ask(file, asked.preset).then((answer) => {
        if (isOver) return
        setShown({ file, answer })
        setFailure(undefined)
      }, (error: unknown) => {
        if (!isOver) setFailure(error instanceof Error ? error.message : String(error))
      })
    }, pause)
    return () => {
      isOver = true
      clearTimeout(timer)
    }
  }, [asked])
  const show = (line: number, column: number): void => {
    const text = field.current
    if (!text) return
    const lines = asked.text.split('\n')
    const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0) + column - 1
    const [word = ''] = /^\S*/.exec(asked.text.slice(start)) ?? []
    text.focus()
    text.setSelectionRange(start, start + Math.max(1, word.length))
  }
  return h('main', {}, [
    h('header', {}, [
      h('h1', {}, 'Paddock'),
      h('p', {}, `What gunicorn makes of a start command, and what would break. Nothing leaves this page. ${options.version}`),
    ]),
    h(Question, { asked, setAsked, options, field }),
    h('section', { 'aria-label': 'What Paddock says', 'aria-live': 'polite', class: 'answer' },
      failure !== undefined ? h('p', { role: 'alert', class: 'Deny' }, `Paddock failed: ${failure}`)
        : shown ? h(Answered, { shown, show, text: asked.text }) : h('p', {}, 'Reading …')),
  ])
}

interface QuestionProps {
  readonly asked: Asked
  readonly setAsked: (asked: Asked) => void
  readonly options: PlaygroundOptions
  readonly field: { current: HTMLTextAreaElement | null }
}

function Question({ asked, setAsked, options, field }: QuestionProps): ComponentChild {
  const [copied, setCopied] = useState(false)
  const found = kindWords[kindOf(asked.text)]
  const chosen = (event: Event): string => (event.currentTarget as HTMLSelectElement).value
  return h('section', { 'aria-label': 'What is asked', class: 'question' }, [
    h('label', { for: 'text' }, 'A start command, a script, a Procfile or a Kubernetes manifest'),
    h('textarea', { id: 'text', ref: field, value: asked.text, spellcheck: false, autocomplete: 'off', autocapitalize: 'off', rows: 14,
      maxLength: longestText,
      onInput: (event: Event) => setAsked({ ...asked, text: (event.currentTarget as HTMLTextAreaElement).value }) }),
    h('div', { class: 'choices' }, [
      h('label', {}, ['It is ',
        h('select', { 'aria-label': 'What it is', value: asked.kind ?? '',
          onChange: (event: Event) => setAsked({ ...asked, kind: kinds.find((kind) => kind === chosen(event)) }) }, [
          h('option', { value: '' }, found),
          ...kinds.map((kind) => h('option', { value: kind, key: kind }, `${kindWords[kind]}, surely`)),
        ])]),
      h('label', {}, ['judged by ',
        h('select', { 'aria-label': 'Policy', value: asked.preset,
          onChange: (event: Event) => setAsked({ ...asked, preset: chosen(event) }) },
          options.presets.map((preset) => h('option', { value: preset, key: preset }, preset)))]),
      h('button', { type: 'button', onClick: () => void navigator.clipboard.writeText(location.href).then(() => setCopied(true)) },
        copied ? 'Link copied' : 'Copy link'),
    ]),
    h('p', { class: 'examples' }, ['Try ',
      ...examples.map(({ name, text }) =>
        h('button', { type: 'button', key: name, onClick: () => setAsked({ ...asked, kind: undefined, text }) }, name)
      )]),
  ])
}

/** The gravest first. */
const gravity: readonly ShownFinding['action'][] = ['Deny', 'Warn', 'Fix', 'Audit']
const actionWords: Readonly<Record<ShownFinding['action'], string>> = { Deny: 'denied', Warn: 'warned of', Fix: 'mended', Audit: 'noted' }

const nothingExplained: Explained = { invocations: [], problems: [] }

function Answered(
  { shown: { file, answer }, show, text }: { readonly shown: Shown; readonly show: (line: number, column: number) => void;
    readonly text: string },
): ComponentChild {
  const { workloads, unreadable } = answer.checked
  const { invocations, problems } = answer.explained ?? nothingExplained
  const findings = workloads.flatMap((workload) => workload.findings).toSorted((one, other) =>
    gravity.indexOf(one.action) - gravity.indexOf(other.action)
  )
  const counts = gravity.flatMap((action) => {
    const count = findings.filter((finding) => finding.action === action).length
    return count > 0 ? [`${count} ${actionWords[action]}`] : []
  })
  const nothing = invocations.length === 0 ? 'No gunicorn is started here, as far as can be seen.' : 'Nothing to say against it.'
  return h('div', {}, [
    h('h2', {}, counts.length > 0 ? counts.join(', ') : nothing),
    h('ul', { class: 'findings' }, [
      ...unreadable.map((one, index) => h('li', { key: `u${index}`, class: 'Deny' }, [placeButton(file, one, show), one.message])),
      ...findings.map((finding, index) =>
        h('li', { key: index, class: finding.action, 'data-rule': finding.rule }, [
          h('strong', {}, actionWords[finding.action]),
          ' ',
          placeButton(file, finding, show),
          finding.message,
          finding.remedy === undefined ? null : h('p', {}, finding.remedy),
        ])
      ),
    ]),
    ...alike(invocations).map((invocation, index) => h(Invocation, { key: index, invocation })),
    ...problems.map(({ message }, index) => h('p', { key: `p${index}` }, message)),
    h(Mended, { file, mended: answer.mended, text }),
  ])
}

/** What several platforms make alike of a process is shown once, with all of them. */
function alike(invocations: readonly ShownInvocation[]): readonly ShownInvocation[] {
  const groups = Map.groupBy(invocations, ({ platform: _, ...rest }) => JSON.stringify(rest))
  return [...groups.values()].map(([first, ...others]) =>
    others.length === 0 ? first! : { ...first!, platform: [first!, ...others].map(({ platform }) => platform).join(', ') }
  )
}

function placeButton(file: Wrapped, { line, column }: { readonly line?: number; readonly column?: number },
  show: (line: number, column: number) => void): ComponentChild {
  const place = line === undefined ? undefined : file.placeOf(line, column ?? 1)
  return place
    ? h('button', { type: 'button', class: 'place', onClick: () => show(place.line, place.column) }, `${place.line}:${place.column}`)
    : null
}

function Invocation({ invocation: { argv, application, settings, unknown, problems, container, platform } }: {
  readonly invocation: ShownInvocation
}): ComponentChild {
  const rows = Object.entries(settings)
  return h('details', { open: true }, [
    h('summary', {}, [h('code', {}, argv.map((word) => word ?? '?').join(' ')), container === undefined ? '' : ` in ${container}`,
      platform === undefined ? '' : `, on ${platform}`]),
    h('table', { 'aria-label': "Settings that differ from gunicorn's own" }, [
      h('thead', {}, h('tr', {}, ['setting', 'value', 'from'].map((head) => h('th', { scope: 'col', key: head }, head)))),
      h('tbody', {}, [
        h('tr', {}, [h('th', { scope: 'row' }, 'application'), h('td', {}, h('code', {}, application ?? 'unknown')),
          h('td', {}, 'command line')]),
        ...rows.map(([name, { value, source }]) =>
          h('tr', { key: name }, [h('th', { scope: 'row' }, name), h('td', {}, h('code', {}, JSON.stringify(value))), h('td', {}, source)])
        ),
        ...unknown.map((name) => h('tr', { key: name }, [h('th', { scope: 'row' }, name), h('td', {}, 'unknown'), h('td', {}, '')])),
      ]),
    ]),
    ...problems.map(({ message }, index) => h('p', { key: index, class: 'Deny' }, `gunicorn says: ${message}`)),
  ])
}

function Mended({ file, mended, text }: { readonly file: Wrapped; readonly mended: string; readonly text: string }): ComponentChild {
  const own = mended === file.text ? undefined : file.unwrapped(mended)
  const [before, after] = own === undefined ? [file.text, mended] : [text.trimEnd(), own.trimEnd()]
  const parts = useMemo(() => (before === after ? [] : diffLines(`${before}\n`, `${after}\n`)), [before, after])
  if (parts.length === 0) return null
  return h('section', { 'aria-label': 'Mended' }, [
    h('h2', {}, 'Mended'),
    h('pre', { class: 'diff', tabIndex: 0 },
      parts.map(({ value, added, removed }, index) =>
        h(added ? 'ins' : removed ? 'del' : 'span', { key: index }, value.replace(/\n$/, '').split('\n').map((line) =>
          `${added ? '+' : removed ? '-' : ' '} ${line}\n`
        ).join(''))
      )),
    h('button', { type: 'button', onClick: () => void navigator.clipboard.writeText(after) }, 'Copy what is mended'),
  ])
}
