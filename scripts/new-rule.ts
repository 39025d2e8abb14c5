/**
 * Begins a rule: `npm run new-rule <id>` writes src/rules/<id>.ts, and test/rules/<id>.yaml with a case that fails until
 * the rule finds it. `npm run generate` puts it into the index and writes its page.
 */
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'

const root = dirname(import.meta.dirname)

const rule = (id: string): string =>
  `import { invalid } from './problem.ts'
import { defineRule } from './rule.ts'

export default defineRule({
  id: '${id}',
  severity: 'warning',
  action: 'Warn',
  mayBeAllowed: true,
  summary: 'what is wrong, without a full stop',
  why: 'What happens at run time, in the present tense.',
  remedy: 'An order.',
  settings: ['timeout'],

  *check(subject) {
    const setting = subject.settings.get('timeout')
    if (!setting) return
    for (const entry of subject.settings.entries('timeout'))
      if (entry.value === undefined) yield invalid(subject, setting, entry, 'must be what is allowed')
  },
})
`

const missingRule = (id: string): string =>
  `import { required } from './problem.ts'
import { defineRule } from './rule.ts'

export default defineRule({
  id: '${id}',
  severity: 'warning',
  action: 'Warn',
  mayBeAllowed: true,
  summary: 'what is missing, without a full stop',
  why: 'What happens at run time, in the present tense.',
  remedy: 'An order.',
  settings: ['proc_name'],
  unset: true,

  *check(subject) {
    if (subject.settings.isSet('proc_name') === 'no') yield required(subject, '\`proc_name\` must be set')
  },
})
`

const missingFixture = (id: string): string =>
  `bad:
  - name: what is missing
    containers: [{name: web, command: [gunicorn, -n, shop, 'shop.wsgi']}]
    want:
      - 'spec.containers[0].command: Required value: \`proc_name\` must be set [${id}]'
good:
  - name: it is there
    containers: [{name: web, command: [gunicorn, -n, shop, 'shop.wsgi']}]
`

const fixture = (id: string): string =>
  `bad:
  - name: what is wrong
    containers: [{name: web, command: [gunicorn, --timeout, '120', 'shop.wsgi']}]
    want:
      - 'spec.containers[0].command[2]: Invalid value: "120": must be what is allowed [${id}]'
good:
  - name: what is right
    containers: [{name: web, command: [gunicorn, 'shop.wsgi']}]
`

/** Why there can be no new rule of this id; undefined where there can. */
function refusal(id: string | undefined): string | undefined {
  if (id === undefined) return 'usage: npm run new-rule <id>'
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)+$/.test(id))
    return `"${id}": an id must be words of lower-case letters and digits, with dashes between them: "loopback-bind"`
  if (/^(no|require|prefer|disallow)-/.test(id))
    return `"${id}": an id names the fault, and must read well after "allow": "loopback-bind", not "no-loopback-bind"`
  const known = readdirSync(join(root, 'src/rules')).map((name) => basename(name, '.ts'))
  return known.includes(id) || existsSync(join(root, `test/rules/${id}.yaml`)) ? `"${id}": there is a rule of this id` : undefined
}

const [id, ...others] = process.argv.slice(2)
const refused = others.length > 0 ? refusal(undefined) : refusal(id)
if (id === undefined || refused !== undefined) {
  console.error(refused)
  process.exitCode = 2
} else {
  const [source, cases] = id.startsWith('missing-') ? [missingRule(id), missingFixture(id)] : [rule(id), fixture(id)]
  for (const [path, text] of [[join(root, `src/rules/${id}.ts`), source], [join(root, `test/rules/${id}.yaml`), cases]] as const) {
    writeFileSync(path, text, { flag: 'wx' })
    console.log(`written: ${relative(root, path)}`)
  }
  console.log('now fill in the words, the usual action and the logic, and run `npm run generate`')
}
