/**
 * Remedies, followed to the letter by a machine: what a reader does who does what a finding says. An order that is in none of the
 * rows is one that nobody has tried.
 */
import type { Finding } from '../src/finding.ts'
import { splitWords } from '../src/gunicorn/shlex.ts'
import { Followed, quoted } from './followed.ts'
import type { Case } from './rule-fixture.ts'

/** The words of a text, as a shell takes the quotes off. */
function unquoted(text: string): string[] {
  const words = splitWords(text)
  return Array.isArray(words) ? words.map(({ value }) => value ?? '') : text.split(/\s+/)
}

const portOf = (followed: Followed): string => (followed.isList ? ':$(PORT)' : ':$PORT')

const update = (followed: Followed, version: string): void => {
  const annotations = followed.object.metadata.annotations ?? {}
  if (annotations['paddock.dev/gunicorn'] !== undefined) annotations['paddock.dev/gunicorn'] = version
  else followed.require(`gunicorn>=${version}`)
}

/** How many words a finding speaks of. */
const wordsIn = (message: string): number => 1 + Number(/must the (\d+) words behind it/.exec(message)?.[1] ?? 1)

type Way = (followed: Followed, found: RegExpExecArray, finding: Finding) => void

/** Orders, and what is done who follows them; the first that matches. Undefined for one that is not followed in an object. */
const ways: readonly (readonly [RegExp, Way | undefined])[] = [
  [/^Write `(.+?)` in place of `(--\w+)` and `(--\w+)`\.$/, (followed, [, text = '', ...names]) => {
    for (const list of [followed.container.command, followed.container.args])
      for (const name of names) if (list?.includes(name)) list.splice(list.indexOf(name), 2)
    followed.add(...text.split(' '))
  }],
  [/^Write .*`\$\(\w+\)`, and define \w+ in `env`/, (followed, _, { value }) => {
    followed.write('$(CHOSEN)')
    followed.define('CHOSEN', /CLASS/.test(String(value)) ? 'gthread' : '4')
  }],
  [/^Write `\$\(\w+\)`, with one `\$`\.$/, (followed) => followed.rewrite((text) => text.replace('$$(', '$('))],
  [/^Define (\w+) in `env`/, (followed, [, name = '']) => followed.define(name, '4')],
  [/^Write `exec` in front of it, and leave out the `&` with all that is behind it\.$/,
    (followed, _, { value }) =>
      followed.rewrite((text) => text.replace(/\s*&(?!\d)(?!.*>&).*$/s, '').replace(String(value), (first) => `exec ${first}`))],
  [/^Write `exec` in front of it, and leave out the parentheses and the `&`\.$/,
    (followed) => followed.rewrite((text) => text.replace(/^\(\s*(.*?)\s*&\s*\)\s*$/s, 'exec $1'))],
  [/^Write a plain blank in its place/, (followed) => followed.rewrite((text) => text.replaceAll('\u00a0', ' ').replaceAll('\u200b', ''))],
  [/^Leave the option out\.$/, (followed, _, { value }) => followed.isList ? followed.remove() : followed.drop(String(value))],
  [/^Name a file in it, or leave the option out\.$/, (followed, _, { value }) => followed.write(`${String(value)}/pid`)],
  [/^Write the whole path, from `\/` on\.$/, (followed, _, { value }) => followed.write(String(value).replace('~', '/root'))],
  [/^Write `--log-syslog-facility (\w+)`, or leave it out\.$/, (followed, [, text = '']) => followed.write(text)],
  [/^Write `--env NAME=VALUE`\.$/, (followed, _, { value }) => followed.write(`NAME${String(value)}`)],
  [/^Write `exec` in front of the last command of the script\.$/, (followed, _, { value }) =>
    followed.rewrite((text) => {
      const last = text.lastIndexOf(` ${String(value)} `) + 1
      const at = last > 0 ? last : Math.max(0, text.lastIndexOf(String(value)))
      return `${text.slice(0, at)}exec ${text.slice(at)}`
    })],
  [/^Make it the last command of the script, with `exec` in front of it\.$/, (followed) =>
    followed.rewrite((text) => {
      const commands = text.split(/\s*(?:&&|\|\||[;\n])\s*/)
      const own = commands.findIndex((command) => command.includes('gunicorn'))
      return [...commands.toSpliced(own, 1), `exec ${commands[own]}`].join('; ')
    })],
  [/^Write `(".+")`: in single quotes no shell expands/,
    (followed, [, text = '']) => followed.rewrite((script) => script.replace(text.replaceAll('"', "'"), () => text))],
  [/^Write `(.+)`: behind a backslash no shell expands/,
    (followed, [, text = '']) => followed.rewrite((script) => script.replace(text.replace('$', '\\$'), () => text))],
  [/^Write `\$PORT`, which the shell expands\.$/, (followed) => followed.rewrite((script) => script.replace('$$(PORT)', () => '$PORT'))],
  [/^Write '(.+)' in quotes\.$/, (followed, [, text = '']) => followed.rewrite((script) => script.replace(text, (word) => `'${word}'`))],
  [/^Write what stands with the parenthesis in quotes\.$/,
    (followed) => followed.rewrite((script) => script.replace(/[\w.:]+\([^()]*\)/, (word) => `'${word}'`))],
  [/^Write the value of (--[\w-]+) in quotes/,
    (followed, [, name = '']) =>
      followed.rewrite((script) =>
        script.replace(new RegExp(`(${name}=)(.*)(?= \\S+$)`), (_, option: string, text: string) => `${option}'${text}'`)
      )],
  [/^Close the single quote\.$/, (followed) => followed.rewrite((script) => `${script}'`)],
  [/^Close `\w+` with `(\w+)`\.$/, (followed, [, word = '']) => followed.rewrite((script) => `${script}\n${word}\n`)],
  [/^Write `\[sh, -c, SCRIPT\]`, with it as the script\.$/, (followed, _, { value }) => followed.replace(['sh', '-c', String(value)])],
  [/^Save the file with the line ends of Unix/, (followed) => followed.rewrite((script) => script.replaceAll('\r\n', '\n'))],
  [/^Write one script: `\[sh, -c, "FIRST && exec gunicorn …"\]`\.$/, (followed, _, { value }) => {
    const { container: { command = [], args = [] } } = followed
    const words = [...command, ...args]
    followed.container.command = ['sh', '-c', `${words[words.indexOf('-c') + 1]} && ${String(value)}`]
    delete followed.container.args
  }],
  [/^Write the words into the script, or `"\$@"`/, (followed, _, { value }) => {
    followed.replace([], String(value).split(' ').length)
    const list = [followed.container.command, followed.container.args].find((one) => one?.includes('-c')) ?? []
    const at = list.indexOf('-c') + 1
    list[at] = `${list[at]} ${String(value)}`
  }],
  [/^Put a `\\` at the end of each line but the last, and no comment between them\.$/,
    (followed) =>
      followed.rewrite((script) =>
        script.trimEnd().split('\n').filter((line) => !line.trim().startsWith('#')).map((line) => line.replace(/[\s\\]*$/, '')).join(
          ' \\\n',
        )
      )],
  [/^Write the command on one line, without a `\\`\.$/, (followed) => followed.rewrite((script) => script.replace(/\s*\\\s+/g, ' '))],
  [/^Write `control_socket_disable = True`\.$/, (followed) => followed.assign('control_socket', 'control_socket_disable = True')],
  [/^Leave `([a-z_]+)` out\.$/, (followed, [, name = '']) => followed.assign(name)],
  [/^Leave it out: `\[::\]:PORT` alone is for IPv4 and IPv6\.$/, (followed, _, { value }) => {
    followed.remove(true)
    const { command = [] } = followed.container
    followed.container.command = command.map((word) => (/:\d+$/.test(word) ? `[::]:${/\d+$/.exec(String(value))?.[0]}` : word))
  }],
  [/^Leave one of them out(?:\.$|, or give it another port\.$)/, (followed, _, { value, message }) => {
    if (/, line \d+\)/.test(message)) followed.write('[::]:8001')
    else if (followed.isList) followed.remove(true)
    else followed.rewrite((script) => script.replace(new RegExp(` --?[a-z-]+ ${String(value).replace(/[$.*+?()[\]{}|\\^]/g, '\\$&')}`), ''))
  }],
  [/^Give one of them another port\.$/, (followed, _, { value }) => followed.write(String(value).replace(/\d+$/, '5099'))],
  [/^Write one of them, as they cannot all be bound/, (followed, _, { value }) => followed.write(String(value).split(',').at(-1) ?? '')],
  [/^Give each address an option of its own/,
    (followed, _, { value }) => followed.replace(String(value).split(',').flatMap((one, index) => (index === 0 ? [one] : ['-b', one])))],
  [/^Write a port from 1 to 65535 behind an address of the Pod: `(.+?)`/, (followed, [, address = '']) => followed.write(address)],
  [/^Write each option as a word of its own, without quotes around several\.$/,
    (followed) => followed.rewrite((text) => text.replace(/^(--[\w-]+=)'(.*)'$/, '$1$2').replace(/'([^']* --[^']*)'/, '$1'))],
  [/^Take the empty element out\.$/, (followed) => followed.replace([])],
  [/^Write two dashes in front of the name of an option\.$/, (followed, _, { value }) => followed.write(`--${String(value)}`)],
  [/^Write an option, such as `--workers 4`, or take it out\.$/, (followed) => followed.replace([])],
  [/^Write options, such as `--workers 4`, in place of all of them, or take them out\.$/,
    (followed, _, { message }) => followed.replace([], wordsIn(message))],
  [/^Write `\$\(PORT\)` in a list, and define PORT/, (followed, _, finding) => {
    const value = String(finding.value)
    const right = value.replace(/\$\{PORT[^}]*\}|\$PORT|\$\(PORT\)/, () => '$(PORT)')
    followed.write(right)
    followed.define('PORT', '5000', true)
  }],
  [/^Write a colon in front of the port: `-b (.+)`\.$/, (followed, _, { value }) => followed.write(`:${String(value)}`)],
  [/^Write `-k (\S+?)`/, (followed, [, text = ''], { remedy }) => {
    followed.write(text)
    const distribution = / and add (\S+) to requirements/.exec(remedy)?.[1]
    if (distribution !== undefined) followed.require(distribution)
  }],
  [/^Write the name in full: `(.+?)`/, (followed, [, text = '']) => followed.write(text)],
  [/^Write `(.+)`: /, (followed, [, text = '']) => followed.write(text)],
  [/^Write `([^`]+)`\.$/, (followed, [, text = ''], { value }) =>
    followed.write(
      String(value).includes('=') && !text.includes('=') && text.startsWith('-') ? `${text}=${String(value).split('=')[1]}` : text,
    )],
  [/^Write (a whole number|the value itself)/, (followed) => followed.write('4')],
  [/^Write the port as a number\.$/, (followed) => followed.write('0.0.0.0:8000')],
  // Which one is not told, as nothing in the value tells it.
  [/^Write a value that gunicorn takes\.$/, undefined],
  [/^Remove `(\w+)`, or install a gunicorn that has it\.$/, (followed) => {
    followed.files = Object.fromEntries(Object.keys(followed.files).map((path) => [path, '']))
  }],
  [/^Remove `(\w+)`, or write it as the worker has it: `(.+)`\.$/, (followed, [, , text = '']) => followed.write(text)],
  [/^Remove the setting, or take a worker class that heeds it\.$/,
    (followed, _, { value, place }) => (followed.isList && !place.path.includes('env') ? followed.remove(true)
      : followed.drop(`--[\\w-]+ '?${String(value).replace(/[()]/g, '\\$&')}'?`))],
  [/^Remove it/, (followed) => followed.remove()],
  [/^Name a file in a volume that can be written/, (followed, _, { value }) => {
    followed.spec['volumes'] = [...(followed.spec['volumes'] as object[] | undefined ?? []), { name: 'files', emptyDir: {} }]
    followed.container['volumeMounts'] = [...(followed.container['volumeMounts'] as object[] | undefined ?? []), { name: 'files',
      mountPath: '/files' }]
    followed.write(`${String(value).startsWith('unix:') ? 'unix:' : ''}/files/a`)
  }],
  [/^Leave `(--daemon)` out\.$/, (followed) => followed.drop('--daemon', '-D')],
  [/^Leave `(--reload)` out\.$/, (followed) => followed.drop('--reload')],
  [/^Add `gevent<1\.3` to requirements/, (followed) => followed.require('gevent<1.3')],
  [/^Add (\S+) to (requirements\.txt|the requirements)/, (followed, [, name = '']) => followed.require(name)],
  [/^Add `-b :\$PORT`/, (followed) => {
    followed.add('-b', portOf(followed))
    if (followed.isList) followed.define('PORT', '5000')
  }],
  [/^Add `--access-logformat` with the platform's format\.$/, (followed) => followed.add('--access-logformat', '%(h)s %(D)s')],
  [/^Add `(-w 4|--[^\s`]+(?: [^`]+)?)`/, (followed, [, text = '']) => followed.add(...text.split(' '))],
  [/^Raise (\S+) to (\S+) or newer/, (followed, [, name = '', version = '']) => followed.require(`${name}>=${version}`)],
  [/^Pin `(.+?)` in requirements/, (followed, [, requirement = '']) => followed.require(requirement)],
  [/^For Python 2, specify version 1\.2 or lower: `(.+)`\.$/, (followed, [, requirement = '']) => followed.require(requirement)],
  [/^Update gunicorn: `gunicorn>=([\d.]+)`/, (followed, [, version = '']) => update(followed, version === '21.2' ? '21.2.0' : version)],
  [/^Move to Python 3; or pin/, (followed) => followed.annotate('paddock.dev/python', () => '3.11')],
  [/^Move to Python (\S+) or newer, and update gunicorn/, (followed) => {
    followed.annotate('paddock.dev/python', () => '3.11')
    update(followed, '23.0.0')
  }],
  [/^Take another worker class, such as gthread/, (followed) => followed.write('gthread')],
  [/^Take one of gunicorn's own worker classes/, (followed) => followed.write('gthread')],
  [/^Put requirements\.txt into the annotation/,
    (followed, _, { message }) => followed.annotate('paddock.dev/requirements', () => / needs (\S+), and/.exec(message)?.[1] ?? '')],
  [/`--timeout 120`/, (followed) => followed.write('120')],
  [/^Log to the console with `-`\.$/, (followed) => followed.write('-')],
  [/^Leave `bind` out of the config file/, (followed) => {
    followed.files = Object.fromEntries(Object.entries(followed.files).map(([path, text]) => [path, text.replace(/^bind\b.*$/m, '')]))
  }],
  [/^Make an element of each word\.$/, (followed, _, { value }) => {
    for (const list of [followed.container.command, followed.container.args])
      if (list?.includes(String(value))) list.splice(list.indexOf(String(value)), 1, ...unquoted(String(value)))
  }],
  [/^Make two elements of it/, (followed, _, { value }) => {
    for (const list of [followed.container.command, followed.container.args])
      if (list?.includes(String(value)))
        list.splice(list.indexOf(String(value)), 1, ...(/^(\S+)\s+(.*)$/s.exec(String(value))?.slice(1) ?? []))
  }],
  [/^Raise it to (\d+) with `-w/, (followed, [, count = '']) => followed.write(count)],
  [/^Start at least one worker: `-w 4`\.$/, (followed) => followed.write('4')],
  [/^Start at least one thread in each worker: `--threads (\d+)`\.$/, (followed, [, count = '']) => followed.write(count)],
  [/^Start fewer workers/, (followed, _, { message }) => followed.write(/equal to (\d+)/.exec(message)?.[1] ?? '1')],
  [/^Bind to `:\$PORT`/, (followed) => followed.write(portOf(followed))],
  [/^Bind to '0\.0\.0\.0:PORT'/,
    (followed, _, { value }) => followed.write(`0.0.0.0:${/(\d+|\$\w+|\$\(\w+\)|\$\{[^}]*\})$/.exec(String(value))?.[1] ?? '8000'}`)],
  [/^Bind to a port from 1024 on/, (followed, _, { value }) => followed.write(String(value).replace(/\d+$/, '8080'))],
  [/^Send and read the header with dashes: `(.+)`\.$/,
    (followed, _, { value }) => followed.write(String(value).replace(/\{[^}]*_[^}]*\}i/, '{x-request-id}i'))],
  [/^Put `(.+)` in front of the options/, (followed, [, word = '']) => {
    for (const list of [followed.container.command, followed.container.args]) if (list?.includes(word)) list.splice(list.indexOf(word), 1)
    followed.add(word)
  }],
  [/^Name the application/,
    (followed, _, { value }) => (value === undefined ? followed.add('shop.wsgi:application') : followed.write('shop.wsgi:application'))],
  [/^Leave `--user` and `--group` out/,
    (followed) => followed.drop('(?:--user|-u|--group|-g)(?:=| |)\\w+', '--user', '--group', '-u', '-g')],
  [/`--worker-tmp-dir \/dev\/shm`/,
    (followed, _, { value }) => (value === undefined ? followed.add('--worker-tmp-dir', '/dev/shm') : followed.write('/dev/shm'))],
  [/^Set `terminationGracePeriodSeconds`/, (followed) => void (followed.spec['terminationGracePeriodSeconds'] = 600)],
  [/^Send them to the node/, (followed) => {
    followed.write('$(HOST_IP):8125')
    ;(followed.container.env ??= []).unshift({ name: 'HOST_IP', valueFrom: { fieldRef: { fieldPath: 'status.hostIP' } } })
  }],
  [/^Let probes, Service and `bind` use one port\.$/, (followed, _, { message, place, value }) => {
    const listened = /(\d+)\D*$/.exec(message.replace(/^.*?: Invalid value: \S+ | \[[\w-]+\]$/g, ''))?.[1]
    if (listened === undefined) followed.add('-b', `:${String(value)}`)
    else followed.set(place.path, Number(listened))
  }],
  [/^Write a number: up to (\d+)/, (followed, [, most = '']) => {
    followed.files = Object.fromEntries(
      Object.entries(followed.files).map(([path, text]) => [path, text.replace(/^workers = .*$/m, `workers = ${most}`)]),
    )
    if (Object.keys(followed.files).length === 0) followed.write(most)
  }],
  [/^Write the id of a rule that the policy lets workloads switch off, or leave it out\.$/,
    (followed, _, { value }) =>
      followed.annotate('paddock.dev/allow', (text = '') => text.split(',').filter((id) => id.trim() !== value).join(','))],
  [/^Keep one of them: the last/, (followed, _, { value }) => {
    const env = followed.container.env ?? []
    followed.container.env = env.filter(({ name }, index) => name !== value || index === env.findLastIndex((other) => other.name === value))
  }],
  [/^Set `scheme: HTTPS` on probes/,
    (followed, _, { message, place }) => followed.set(place.path, /must be "(HTTPS?)"/.exec(message)?.[1])],
  [/^Set it to the platform's default/, (followed, _, { message, invocation }) => {
    const setting = /`(\w+)` must be set/.exec(message)?.[1] ?? ''
    followed.add(invocation?.releases.at(-1)?.settings[setting]?.flags.find((flag) => flag.startsWith('--')) ?? '',
      setting === 'timeout' ? '120' : '4')
  }],
  // These speak of what is not in the object, or is to be built anew.
  [
    /^(Ask who writes the policy|Check the files that|Start gunicorn by its own name|Start gunicorn by a shorter script|Take gunicorn out of the pipeline|Start gunicorn with `exec` as the last)/,
    undefined,
  ],
]

/** Cases in which a reader has to take a word or a script apart himself: what an expansion makes, several options in one word, and the like. */
const byHand: ReadonlySet<string> = new Set([
  'daemonized: in a cluster of short options',
  'daemonized: between others in a cluster',
  'daemonized: abbreviated',
  'daemonized: before a redirection',
  'daemonized: what an expansion makes is not edited',
  'daemonized: what the rest would be read differently without is not edited',
  'daemonized: Pythons differ on what would be left',
  'reloading: the last word of a script',
  'reloading: quoted',
  'reloading: a script that sets the variable is not edited',
  'loopback-bind: in a config file',
])

/** The other half of an order that leaves a choice: `X, or Y`. Those that are not followed in an object are in none of the rows. */
const otherWays: readonly (readonly [RegExp, Way])[] = [
  [/^Write a number: up to \d+.*; or set WEB_CONCURRENCY\.$/, (followed) => {
    followed.assign('workers')
    if (Object.keys(followed.files).length === 0) followed.drop(String.raw`(?:-w|--workers)(?:=|\s+)(?:\$\(.*\)|\S+)`, '-w', '--workers')
    followed.define('WEB_CONCURRENCY', '1', true)
  }],
  [/; or raise the limits\.$/, (followed) => void (followed.container['resources'] = { limits: { cpu: '64', memory: '256Gi' } })],
  [/^Name a file in it, or leave the option out\.$|^Write `--log-syslog-facility \w+`, or leave it out\.$/,
    (followed) => followed.remove(true)],
  [/, or leave it out\.$/,
    (followed, _, { value }) =>
      followed.annotate('paddock.dev/allow', (text = '') => text.split(',').filter((id) => id.trim() !== value).join(','))],
  [/^Write the value itself, or have a shell read the command: `sh -c 'exec gunicorn …'`/, (followed) => {
    const words = [...(followed.container.command ?? []), ...(followed.container.args ?? [])]
    followed.container.command = ['sh', '-c', `exec ${words.map((word) => (word.startsWith('$(') ? word : quoted(word))).join(' ')}`]
    delete followed.container.args
  }],
  [/^Bind to '0\.0\.0\.0:PORT' or '\[::\]:PORT'\.$/,
    (followed, _, { value }) => followed.write(`[::]:${/(\d+|\$\w+|\$\(\w+\)|\$\{[^}]*\})$/.exec(String(value))?.[1] ?? '8000'}`)],
  [/^Write an option, such as `--workers 4`, or take it out\.$/, (followed) => followed.replace(['--workers', '4'])],
  [/^Write options, such as `--workers 4`, in place of all of them, or take them out\.$/,
    (followed, _, { message }) => followed.replace(['--workers', '4'], wordsIn(message))],
  [/, or set WEB_CONCURRENCY\.$/, (followed) => followed.define('WEB_CONCURRENCY', '4')],
  [/ to requirements\.txt(?:, as [^,]+)?, or take another worker class\.$/,
    (followed, _, { value }) =>
      followed.write(followed.isList || !String(value).includes('=') ? 'gthread' : String(value).replace(/=.*/, '=gthread'))],
  [/^Raise `?terminationGracePeriodSeconds`?|^Set `terminationGracePeriodSeconds` to a larger value.*, or lower `(.+)`\.$/, (followed) => {
    const list = [followed.container.command, followed.container.args].find((one) => one?.includes('--graceful-timeout'))
    if (list) list.splice(list.indexOf('--graceful-timeout'), 2)
    else followed.drop(String.raw`--graceful-timeout(?:=|\s+)\S+`)
    followed.add('--graceful-timeout', '1')
    delete followed.container['lifecycle']
  }],
  [/; or pin a gunicorn release that has it\.$/, (followed, _, { value }) => {
    followed.annotate('paddock.dev/gunicorn', () => (value === 'eventlet' ? '23.0.0' : '19.10.0'))
  }],
  [/, or update gunicorn\.$/, (followed) => update(followed, '23.0.0')],
  [/^Leave one of them out, or give it another port\.$/, (followed, _, { value }) => followed.write(String(value).replace(/\d+$/, '5099'))],
  [/^Leave the timeout at 30 seconds, or set it/, (followed) => followed.write('30')],
  [/^Name a file in a volume that can be written, such as an `emptyDir`, or leave the option out\.$/, (followed) => followed.remove(true)],
  [/, or mount an `emptyDir` at \/tmp, which/, (followed) => {
    followed.spec['volumes'] = [...(followed.spec['volumes'] as object[] | undefined ?? []), { name: 'tmp',
      emptyDir: { medium: 'Memory' } }]
    followed.container['volumeMounts'] = [...(followed.container['volumeMounts'] as object[] | undefined ?? []), { name: 'tmp',
      mountPath: '/tmp' }]
  }],
  [/, or put the socket where it can be written: `(.+?)`/, (followed, [, text = '']) => followed.add(...text.split(' '))],
]

/** What comes of following the remedy of a finding, by each of the ways that it leaves open; undefined where it is not one to be followed in an object, null where nobody has said how. */
export function follow(one: Case, finding: Finding): readonly Followed[] | undefined | null {
  if (byHand.has(`${finding.rule}: ${one.name}`)) return undefined
  const way = ways.find(([pattern]) => pattern.test(finding.remedy))
  if (!way) return null
  const other = otherWays.find(([pattern]) => pattern.test(finding.remedy))
  const followed = [way, other].flatMap((chosen) => {
    const found = chosen?.[0].exec(finding.remedy)
    if (!found || !chosen?.[1]) return []
    const object = new Followed(one, finding)
    chosen[1](object, found, finding)
    return [object]
  })
  return followed.length > 0 ? followed : undefined
}
