/** What BlueKing makes of app_desc.yaml: versions, precedence, and what its validation says. */
import { describe, expect, test } from '@jest/globals'
import { readPythonYaml } from '../../src/yaml/python.ts'
import { readAppDescription } from '../../src/platforms/app-description.ts'
import { readProcfile } from '../../src/platforms/procfile.ts'

const procfileOf = (text: string) =>
  readProcfile('blueking', text, { python: () => readPythonYaml(text), texts: () => readPythonYaml(text) }).processes

const read = (text: string, procfile?: string) =>
  readAppDescription(readPythonYaml(text), () => (procfile === undefined ? undefined : procfileOf(procfile)))

/** Every remark: `rule path: detail`. */
function said(text: string, procfile?: string): string[] {
  const { modules, remarks } = read(text, procfile)
  return [...remarks, ...modules.flatMap(({ processes }) => processes.flatMap((process) => process.remarks))].map((
    { rule, path, detail },
  ) => `${rule} ${path.join('.')}: ${detail}`)
}

const commands = (text: string, procfile?: string) =>
  read(text, procfile).modules.flatMap(({ name, processes }) =>
    processes.map(({ name: process, command }) =>
      `${name}/${process}: ${
        command.form === 'text' ? command.text.value : command.form === 'list' ? command.words.map(({ value }) => value).join(' ') : 'none'
      }`
    )
  )

const body2 = 'module: {language: Python, processes: {web: {command: gunicorn app}}}\n'
const body3 =
  'module: {language: Python, spec: {processes: [{name: web, procCommand: gunicorn app, services: [{name: web, targetPort: 5000}]}]}}\n'

describe('the version', () => {
  test.each([
    ['spec_version: 2', body2, 'default/web: gunicorn app'],
    ['spec_version: 2.0', body2, 'default/web: gunicorn app'],
    ['specVersion: 2', body2, 'default/web: gunicorn app'],
    ['specVersion: 3', body3, 'default/web: gunicorn app'],
    ['specVersion: 3.0', body3, 'default/web: gunicorn app'],
    ['spec_version: 3', body3, 'default/web: gunicorn app'],
    ['spec_version: 0\nspecVersion: 3', body3, 'default/web: gunicorn app'],
  ])('%s is read', (version, body, want) => {
    expect(read(`${version}\n${body}`).faults).toEqual([])
    expect(commands(`${version}\n${body}`)).toEqual([want])
    expect(said(`${version}\n${body}`)).toEqual([])
  })

  test.each([
    ['spec_version: "2"', 'app spec version "2" is not supported'],
    ["specVersion: '3'", 'app spec version "3" is not supported'],
    ['spec_version: 4', 'app spec version "4" is not supported'],
    ['spec_version: true', 'app spec version "True" is not supported'],
    ['app_code: shop', 'app spec version "1" is not supported'],
    ['spec_version: 0\napp_code: shop', 'app spec version "1" is not supported'],
    ['spec_version:\napp_code: shop', 'app spec version "1" is not supported'],
    ['app_version: 1', 'no spec version is specified'],
    ['spec_version: 0', 'no spec version is specified'],
    ['spec_version: ~', 'no spec version is specified'],
  ])('%s is refused, and passed over beside a Procfile', (version, message) => {
    const text = `${version}\n${body2}`
    const { faults, modules } = read(text)
    expect(faults.map((fault) => fault.message)).toEqual([expect.stringContaining(message)])
    expect(modules).toEqual([])
    const beside = read(text, 'web: gunicorn app\n')
    expect(beside.faults).toEqual([])
    expect(beside.modules).toEqual([])
    expect(beside.remarks.map(({ rule, detail }) => `${rule}: ${detail}`)).toEqual([
      expect.stringContaining(
        `ignored-description: must be a version that the platform reads, else the platform reads the Procfile alone: ${message}`,
      ),
    ])
  })

  test('the one in snake case wins, and the other is not read', () => {
    expect(commands(`specVersion: 3\nspec_version: 2\n${body2}`)).toEqual(['default/web: gunicorn app'])
    expect(said(`specVersion: 3\nspec_version: 2\n${body2}`)).toEqual([
      'ignored-description specVersion: must not stand beside `spec_version`, which holds',
    ])
  })

  test('version 1 is refused with a hint', () => {
    const { remarks } = read('app_code: shop-demo\nversion: 1.0.0\nlanguage: python\n', 'web: x\n')
    expect(remarks[0]?.remedy).toBe(
      'Write it as version 3, `specVersion: 3`, or version 2, `spec_version: 2`: `app_code` is of version 1, which is gone.',
    )
  })

  test.each([['', 'null'], ['- a\n', 'a list']])('what is no mapping is refused: %j', (text) => {
    expect(read(text).faults.map(({ message }) => message)).toEqual([
      'BlueKing refuses the file: it must be a YAML mapping ("must be dict type")',
    ])
  })
})

describe('beside a Procfile', () => {
  const two = (command: string) => `spec_version: 2\nmodule:\n  language: Python\n  processes:\n    web: {command: ${command}}\n`
  const conflict = 'Process definitions conflict between Procfile and app description file'
  test.each([
    ['the same', two('gunicorn app'), 'web: gunicorn app\n', false],
    ['none here', 'spec_version: 2\nmodule: {language: Python}\n', 'web: gunicorn app\n', false],
    ['another command', two('gunicorn app'), 'web: gunicorn api\n', true],
    ['a blank more', two('gunicorn app'), 'web: gunicorn  app\n', true],
    ['a line break behind it', two('gunicorn app'), 'web: |\n  gunicorn app\n', true],
    ['a process more there', two('gunicorn app'), 'web: gunicorn app\nworker: x\n', true],
    ['a process less there', `${two('gunicorn app')}    worker: {command: x}\n`, 'web: gunicorn app\n', true],
    ['procCommand', `specVersion: 3\n${body3}`, 'web: gunicorn app\n', false],
    ['command and args',
      'specVersion: 3\nmodule: {language: Python, spec: {processes: [{name: web, command: [gunicorn], args: [app], services: [{name: web, targetPort: 5000}]}]}}\n',
      'web: gunicorn app\n', true],
  ])('%s', (_, text, procfile, conflicts) => {
    expect(said(text, procfile).filter((line) => line.includes(conflict)).length).toBe(conflicts ? 1 : 0)
    expect(said(text)).toEqual([])
  })
})

const v2 = (process: string, more = '') => `spec_version: 2\nmodule:\n  language: Python\n${more}  processes:\n    web: ${process}\n`
const v3 = (process: string, more = '') =>
  `specVersion: 3\nmodule:\n  language: Python\n  spec:\n    processes:\n      - {name: web, services: [{name: web, targetPort: 5000}], ${process}}\n${more}`

describe('what the platform says', () => {
  test.each([
    // Version 2
    ['no command', v2('{replicas: 1}'), ['refused-description module.processes.web.command: must be set ("This field is required.")']],
    ['a blank command', v2("{command: ' '}"), [
      'refused-description module.processes.web.command: must not be blank ("This field may not be blank.")',
    ]],
    ['a command as a list', v2('{command: [gunicorn, app]}'), [
      'refused-description module.processes.web.command: must be a string, and YAML reads a list ("Not a valid string.")',
    ]],
    ['a command as a boolean', v2('{command: yes}'), [
      'refused-description module.processes.web.command: must be a string, and YAML reads a boolean ("Not a valid string.")',
    ]],
    ['a number is taken for a string', v2('{command: 5}'), []],
    ['a process as a string', v2('gunicorn app'), [
      'refused-description module.processes.web: must be a mapping, not a string ("Invalid data. Expected a dictionary")',
    ]],
    ['an open quotation', v2(`{command: "gunicorn 'app"}`), [
      'refused-description module.processes.web.command: must be words as a shell quotes them: the platform fails on it ("No closing quotation")',
    ]],
    ['more replicas than the operator takes', v2('{command: x, replicas: 6}'), [
      'refused-description module.processes.web.replicas: must be less than or equal to 5: the operator refuses more ("at most support 5 replicas")',
    ]],
    ['replicas of null', v2('{command: x, replicas: ~, plan: ~}'), []],
    ['replicas that are none', v2('{command: x, replicas: two}'), [
      'refused-description module.processes.web.replicas: must be an integer ("A valid integer is required.")',
    ]],
    ['a plan that there is not', v2('{command: x, plan: huge}'), [
      'ignored-description module.processes.web.plan: must be a plan of the platform, else `default` is taken without a word',
    ]],
    ['keys of version 3', v2('{command: x, resQuotaPlan: 4C1G}'), [
      'ignored-description module.processes.web.resQuotaPlan: supported keys of version 2: "command", "plan", "probes", "replicas"',
    ]],
    ['a probe without a handler', v2('{command: x, probes: {readiness: {httpGet: {port: 1, path: /}}}}'), [
      'ignored-description module.processes.web.probes.readiness.httpGet: supported keys of version 2: "exec", "failure_threshold", "http_get", "initial_delay_seconds", "period_seconds", "success_threshold", "tcp_socket", "timeout_seconds"',
      'refused-description module.processes.web.probes.readiness: must have one of `exec`, `http_get` and `tcp_socket` ("至少设置一个探活配置")',
    ]],
    ['a probe with two handlers', v2('{command: x, probes: {liveness: {http_get: {port: 1, path: /}, tcp_socket: {port: 1}}}}'), [
      'refused-description module.processes.web.probes.liveness: must have one of `http_get` and `tcp_socket` ("至多设置一个探活配置")',
    ]],
    ['processes that are empty', 'spec_version: 2\nmodule: {language: Python, processes: {}}\n', [
      'refused-description module.processes: must not be empty ("This dictionary may not be empty.")',
    ]],
    ['processes of null', 'spec_version: 2\nmodule: {language: Python, processes: }\n', [
      'refused-description module.processes: must not be null ("This field may not be null.")',
    ]],
    ['a name in upper case', 'spec_version: 2\nmodule: {language: Python, processes: {Web: {command: x}}}\n', [
      'refused-description module.processes.Web: must match the pattern ^[a-z0-9]([-a-z0-9])*$',
    ]],
    ['a language that there is not', 'spec_version: 2\nmodule: {language: ruby, processes: {web: {command: x}}}\n', [
      'refused-description module.language: supported values: "Python", "PHP", "Go", "NodeJS", "Java"',
    ]],
    ['no language', 'spec_version: 2\nmodule: {processes: {web: {command: x}}}\n', [
      'refused-description module.language: must be set ("This field is required.")',
    ]],
    ['a folder outside', v2('{command: x}', '  source_dir: ../x\n'), [
      'refused-description module.source_dir: must be a folder of the repository, without `..` ("构建目录存在逃逸风险")',
    ]],
    ['modules as a list', 'spec_version: 2\nmodules: [{language: Python}]\n', [
      'refused-description modules: must be a mapping of names, not a list: the platform fails on it',
    ]],
    ['no module', 'spec_version: 2\n', ['refused-description modules: a module must be set, in `modules` or `module`']],
    ['no main module', 'spec_version: 2\napp: {bk_app_code: shop}\nmodules: {api: {language: Go}}\n', [
      'refused-description modules: one module must have `is_default: true`, and none has ("一个应用必须有一个主模块")',
    ]],
    ['two main modules',
      'spec_version: 2\napp: {bk_app_code: shop}\nmodules: {api: {language: Go, is_default: true}, web: {language: Go, is_default: true}}\n',
      ['refused-description modules: one module must have `is_default: true`, and 2 has ("一个应用只能有一个主模块")']],
    ['variables',
      v2('{command: x}',
        '  env_variables: [{key: home, value: a}, {key: HOME, value: a}, {key: BKPAAS_X, value: a}, {key: PORT, value: 1}, {key: OK, value: ""}, {key: T, value: x, environment_name: test}]\n'),
      [
        'refused-description module.env_variables.5.environment_name: supported values: "stag", "prod", "_global_"',
        'refused-description module.env_variables.0.key: must match the pattern ^[A-Z][A-Z0-9_]*$ ("格式错误，只能以大写字母开头，由大写字母、数字与下划线组成。")',
        'refused-description module.env_variables.1.key: must not be a name of the platform\'s own ("保留关键字: HOME")',
        'refused-description module.env_variables.2.key: must not begin with BKPAAS_ ("保留前缀: BKPAAS_，请尝试其他前缀")',
        'ignored-description module.env_variables.3.key: must not be set: the platform sets PORT to 5000 itself',
      ]],
    ['a key twice', 'spec_version: 2\nmodule: {language: Python, language: Go, processes: {web: {command: x}}}\n', [
      'ignored-description module.language: must not stand twice: the last one holds',
    ]],
    // Version 3
    ['one command', v3('procCommand: gunicorn app'), []],
    ['procCommand and args', v3('procCommand: gunicorn app, args: [-w, 4]'), [
      'ignored-description module.spec.processes.0.args: must not stand beside `procCommand`, which holds',
    ]],
    ['a number among args', v3('command: [gunicorn], args: [app, -w, 4]'), []],
    ['a boolean among args', v3('command: [gunicorn], args: [app, true]'), [
      'refused-description module.spec.processes.0.args.1: must be a string, and YAML reads a boolean ("Not a valid string.")',
    ]],
    ['a blank among args', v3('command: [gunicorn], args: [app, ""]'), [
      'refused-description module.spec.processes.0.args.1: must not be blank ("This field may not be blank.")',
    ]],
    ['command as a string', v3('command: gunicorn app'), [
      'refused-description module.spec.processes.0.command: must be a list, not a string ("Expected a list of items")',
      'unportable-description module.spec.processes.0.procCommand: must be set where buildpacks build the app: there is no command then but this',
    ]],
    ['keys of version 2', v3('proc_command: gunicorn app, procCommand: x'), [
      'ignored-description module.spec.processes.0.proc_command: supported keys of version 3: "args", "autoscaling", "command", "components", "gracefulShutdownSeconds", "name", "probes", "procCommand", "replicas", "resQuotaPlan", "services", "targetPort"',
    ]],
    ['a plan of version 2', v3('procCommand: x, resQuotaPlan: 4C1G5R'), [
      'refused-description module.spec.processes.0.resQuotaPlan: must be a plan of version 3 ("Resource quota plan \'4C1G5R\' does not exist or is inactive.")',
    ]],
    ['no seconds to shut down', v3('procCommand: x, gracefulShutdownSeconds: 0'), [
      'refused-description module.spec.processes.0.gracefulShutdownSeconds: must be greater than or equal to 1: the operator refuses it',
    ]],
    ['replicas below none', v3('procCommand: x, replicas: -1'), [
      'refused-description module.spec.processes.0.replicas: must be greater than or equal to 0',
    ]],
    ['a port by name',
      'specVersion: 3\nmodule: {language: Python, spec: {processes: [{name: web, procCommand: x, services: [{name: web, targetPort: $PORT}, {name: web, targetPort: "${PORT}"}]}]}}\n',
      [
        'refused-description module.spec.processes.0.services.0.targetPort: must be a port, or ${PORT} ("Invalid targetPort: $PORT")',
        'refused-description module.spec.processes.0.services.1.name: must not be used twice in a process ("has duplicate service name")',
      ]],
    ['web without a service', 'specVersion: 3\nmodule: {language: Python, spec: {processes: [{name: web, procCommand: x}]}}\n', [
      'unreachable-process module.spec.processes.0.services: must be set: version 3 makes no Service of itself, and nothing reaches the process',
    ]],
    ['a name twice',
      'specVersion: 3\nmodule: {language: Python, spec: {processes: [{name: job, procCommand: x}, {name: job, procCommand: y}]}}\n', [
      'ignored-description module.spec.processes.0.name: must not be used twice: a later process of that name takes its place',
    ]],
    ['processes as a mapping', 'specVersion: 3\nmodule: {language: Python, spec: {processes: {web: {procCommand: x}}}}\n', [
      'refused-description module.spec.processes: must be a list, not a mapping ("Expected a list of items")',
    ]],
    ['no processes', 'specVersion: 3\nmodule: {language: Python, spec: {}}\n', [
      'refused-description module.spec.processes: must be set ("This field is required.")',
    ]],
    ['no spec', 'specVersion: 3\nmodule: {language: Python}\n', [
      'refused-description module.spec: must be set ("This field is required.")',
    ]],
    ['modules as a mapping', 'specVersion: 3\nmodules: {web: {language: Python}}\n', [
      'refused-description modules: must be a list, not a mapping ("Expected a list of items")',
    ]],
    ['a module without a name', 'specVersion: 3\nmodules: [{language: Python, spec: {processes: [{name: job, procCommand: x}]}}]\n', [
      'refused-description modules.0.name: must be set: the platform fails on a module without a name ("KeyError")',
    ]],
    ['a process that there is not',
      v3('procCommand: x',
        '    envOverlay: {replicas: [{envName: prod, process: api, count: 2}]}\n    observability: {monitoring: {metrics: [{process: api, serviceName: m}]}}\n'),
      [
        'refused-description module.spec.envOverlay.replicas.0.process: must be a process of the module: the operator refuses it ("process name is invalid")',
        'refused-description module.spec.observability.monitoring.metrics.0.process: must be a process of the module ("metric process(api) not match any process")',
      ]],
  ])('%s', (_, text, want) => {
    expect(said(text)).toEqual(want)
  })
})

test('variables: those that differ between the environments are not known', () => {
  const two = read(
    v2('{command: x}',
      '  env_variables: [{key: A, value: 1}, {key: B, value: x, environment_name: prod}, {key: C, value: a}, {key: C, value: b, environment_name: stag}, {key: D, value: 1, environment_name: stag}, {key: D, value: 1, environment_name: prod}]\n'),
  )
  expect(two.modules[0]?.variables.map(({ name, value }) => [name, value])).toEqual([['A', '1'], ['B', undefined], ['C', undefined], ['D',
    '1']])
  const three = read(
    v3('procCommand: x',
      '    configuration: {env: [{name: A, value: "4"}, {name: B, value: "1"}]}\n    envOverlay: {envVariables: [{envName: prod, name: A, value: "8"}]}\n'),
  )
  expect(three.modules[0]?.variables.map(({ name, value }) => [name, value])).toEqual([['A', undefined], ['B', '1']])
})

test('modules are told apart, and each has its folder', () => {
  const text =
    'spec_version: 2\nmodules:\n  web: {language: Go, is_default: true, processes: {web: {command: a}}}\n  api: {language: Python, source_dir: ./src/api/, processes: {web: {command: b}}}\nmodule: {language: Python, processes: {web: {command: c}}}\n'
  expect(commands(text)).toEqual(['web/web: a', 'api/web: b', 'default/web: c'])
  expect(read(text).modules.map(({ sourceDir }) => sourceDir)).toEqual(['', 'src/api', ''])
})
