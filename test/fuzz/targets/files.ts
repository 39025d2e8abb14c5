/** Procfile, app_desc.yaml and the scripts that they start: read, mended, explained. */
import { readPlatformFile } from '../../../src/cli/platform-files.ts'
import { platformFile } from '../../../src/cli/repository.ts'
import { defaultPlatform, platforms } from '../../../src/platforms/platform.ts'
import type { Random } from '../../conformance/random.ts'
import { repositories } from '../corpus.ts'
import { checked, explained, fileLaws, type Files } from '../file-laws.ts'
import { fieldsOf, textOf, type Fields, type Json, type Target } from '../target.ts'
import { mutated, piece } from '../texts.ts'
import { scripted } from './scripts.ts'
import { yamlOf } from '../yaml-text.ts'

const platformNames = Object.keys(platforms)

const withBreaks = (random: Random, text: string): string => (random.chance(0.2) ? text.replaceAll(/\r?\n/g, '\r\n')
  : random.chance(0.03) ? text.replaceAll(/\r?\n/g, '\r') : text)

/** A command on one line, as a rule. */
function command(random: Random): string {
  const kind = random.next()
  if (kind < 0.5) {
    const parts = ['gunicorn', random.pick(['app:app', 'shop.wsgi', 'app']),
      ...random.some(['-w 4', '-b :$PORT', '-b 0.0.0.0:8000', '-b 127.0.0.1:$PORT', '-k gevent', '--timeout 5', '--name "a b"',
        "--env 'A=b'", '--access-logfile -', '--workers=$W', '--reload', '-c conf.py', '--x: y', '# note', '--name=é'], random.below(5))]
    return `${random.pick(['', '', 'exec ', 'env A=b ', 'cd x && ', 'PORT=80 ', 'bash bin/start.sh ', 'sh -c '])}${parts.join(' ')}${
      random.pick(['', '', ' ', ' && echo', ' | tee x', ' &', '; wait', ' \\'])
    }`
  }
  if (kind < 0.6)
    return random.pick(['bash bin/start.sh', './bin/start.sh 4', 'sh start.sh', 'celery -A app worker', 'python x.py', 'bin/web', '', '.',
      '../x.sh', '/etc/x.sh', 'bash ../../x'])
  const { text } = scripted(random)
  return kind < 0.9 ? text.replaceAll(/[\r\n]+/g, ' ') : text
}

function procfile(random: Random): string {
  if (random.chance(0.2)) {
    const found = random.pick(repositories).files['Procfile']
    if (found !== undefined) return mutated(random, found, command(random))
  }
  const lines = Array.from({ length: 1 + random.below(5) }, () => {
    const name = random.pick(['web', 'web', 'worker', 'api', 'web-1', 'release', 'Web', 'web_2', 'é', '', '- web', '"web"', 'a b',
      '__proto__', 'constructor'])
    const text = command(random)
    const written = random.pick([text, text, text, `"${text.replaceAll('"', '\\"')}"`, `'${text.replaceAll("'", "''")}'`, `|\n  ${text}`,
      `>-\n  ${text}\n  --preload`, `${text} # note`, `&a ${text}`, '*a', `[${text}]`, `!!str ${text}`, `{command: ${text}}`])
    return random.chance(0.12) ? random.pick(['', '# a comment', '   # indented', '---', '...', piece(random), '<<: *a', '%YAML 1.1'])
      : `${random.chance(0.05) ? ' ' : ''}${name}${random.pick([':', ':', ': ', ': ', ': ', ' : ', ':\t', ':  '])}${written}`
  })
  const text = lines.join('\n') + random.pick(['\n', '\n', '', '\n\n'])
  return withBreaks(random, random.chance(0.1) ? mutated(random, text) : text)
}

function description(random: Random): string {
  if (random.chance(0.3)) {
    const found = random.pick(repositories).files['app_desc.yaml']
    if (found !== undefined) return withBreaks(random, random.chance(0.7) ? mutated(random, found, command(random)) : found)
  }
  const text = yamlOf(random, random.chance(0.5) ? second(random) : third(random))
  return withBreaks(random, random.chance(0.15) ? mutated(random, text) : text)
}

const second = (random: Random): Json => ({
  spec_version: random.pick([2, 2, 2.0, '2', 3]),
  ...(random.chance(0.5) ? { app_version: '1.0', app: { region: 'default', bk_app_code: 'shop' } } : {}),
  ...(random.chance(0.8)
    ? { modules: Object.fromEntries(random.some(['default', 'api', 'web'], 1 + random.below(2)).map((name) => [name, module(random)])) }
    : { module: module(random) }),
})

const module = (random: Random): Json => ({
  ...(random.chance(0.7) ? { is_default: true } : {}),
  language: random.pick(['Python', 'python', 'NodeJS', 1]),
  ...(random.chance(0.2) ? { source_dir: random.pick(['src', './x', '../y', '/z', '']) } : {}),
  processes: Object.fromEntries(
    random.some(['web', 'worker', 'api'], 1 + random.below(3)).map((
      name,
    ) => [name, { command: command(random), ...(random.chance(0.3) ? { plan: 'default', replicas: 2 } : {}),
      ...(random.chance(0.1) ? { probes: {} } : {}) }]
    ),
  ),
  ...(random.chance(0.2) ? { env_variables: [{ key: 'PORT', value: '80' }, { key: 'A', value: 1 }] } : {}),
})

const third = (random: Random): Json => ({
  specVersion: random.pick([3, 3, 3.0, '3']),
  appVersion: '1.0',
  ...(random.chance(0.5) ? { app: { bkAppCode: 'shop' } } : {}),
  ...(random.chance(0.5)
    ? { module: thirdModule(random) }
    : { modules: [{ name: 'default', isDefault: true, ...fieldsOf(thirdModule(random)) }] }),
})

const thirdModule = (random: Random): Json => ({
  language: 'Python',
  spec: {
    processes: random.some(['web', 'worker', 'api'], 1 + random.below(3)).map((name): Fields => ({
      name,
      ...(random.chance(0.5) ? { procCommand: command(random) }
        : { command: ['gunicorn'], args: random.some(['app:app', '-w', '4', '-b', ':$PORT', '--reload'], 4) }),
      ...(random.chance(0.5) ? { services: [{ name, targetPort: 5000 }] } : {}),
    })),
    ...(random.chance(0.2) ? { configuration: { env: [{ name: 'PORT', value: '80' }] } } : {}),
  },
})

const start = '#!/bin/bash\nset -e\n# start\nexec gunicorn app:app -w "$1"\n'

function repository(random: Random, files: Files): Files {
  return {
    ...files,
    ...(random.chance(0.5) ? { 'bin/start.sh': random.chance(0.3) ? scripted(random).text : start } : {}),
    ...(random.chance(0.3) ? { 'requirements.txt': random.pick(['gunicorn==23.0.0\n', 'gevent\r\ngunicorn\r\n', '-r x\n', '\ud800']) }
      : {}),
    ...(random.chance(0.2) ? { 'runtime.txt': random.pick(['python-3.11.2', 'python-2.7', '', '\0']) } : {}),
    ...(random.chance(0.2)
      ? { 'gunicorn.conf.py': random.pick(['workers = 4\nbind = ":8000"\n', 'import os\nbind = os.environ["PORT"]', 'x = (']) } : {}),
  }
}

const platformFlags = (random: Random): string[] => (random.chance(0.6) ? ['--platform', random.pick(platformNames)] : [])

const target = (name: string, share: number, path: string, make: (random: Random) => string): Target => ({
  name,
  share,
  laws: [...fileLaws, 'rest'],
  generate: (random) => {
    const both = random.chance(0.1) ? { Procfile: procfile(random), 'app_desc.yaml': description(random) } : {}
    return { files: repository(random, { ...both, [path]: make(random) }), flags: platformFlags(random) }
  },
  async run(input, broken) {
    const { files, flags } = fieldsOf(input)
    const texts = Object.fromEntries(Object.entries(fieldsOf(files)).map(([name, text]) => [name, textOf(text)]))
    if (texts[path] === undefined) return
    const chosen = Array.isArray(flags) && flags.length === 2 ? (flags as string[]) : []
    const { report, fixed } = await checked(texts, [path], chosen, broken)
    const mended = new Set(
      report?.workloads.filter(({ findings }) => findings.some(({ action }) => action === 'Fix')).map((one) => one.name),
    )
    const after = commandsOf(path, fixed, chosen[1])
    for (const [process, command] of commandsOf(path, texts, chosen[1])) {
      const is = after.get(process)
      if (is === undefined) broken('rest', 'lost', `the process ${process} is lost`)
      else if (is !== command && !mended.has(process))
        broken('rest', 'changed', `the process ${process} has nothing that is mended, and was ${command}, and is ${is}`)
      after.delete(process)
    }
    for (const [process] of after) broken('rest', 'new', `the process ${process} was not there`)
    await explained(texts, [path], broken)
  },
})

/** What each process of a file is started with, by the name that it is reported by. */
function commandsOf(path: string, files: Files, platform = defaultPlatform): Map<string, string> {
  const [kind, chosen] = [platformFile(path), platforms[platform]]
  if (!kind || !chosen) return new Map()
  const { processes } = readPlatformFile(kind, files[path] ?? '', { platform: chosen, compared: false,
    repository: (other) => files[other] })
  return new Map(
    processes.map((
      { module = 'default', name, command },
    ) => [module === 'default' ? name : `${module}/${name}`, JSON.stringify(
      command.form === 'text' ? command.text.value : command.form === 'list' ? command.words.map(({ value }) => value) : null,
    )]),
  )
}

export const procfiles = target('procfile', 4, 'Procfile', procfile)
export const descriptions = target('description', 3, 'app_desc.yaml', description)
