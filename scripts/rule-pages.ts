/** The pages of docs/rules: a table of all rules, and a page for each. Examples come from the fixtures, so they cannot rot. */
import { Document, isScalar, visit } from 'yaml'
import { platformRules } from '../src/platforms/remarks.ts'
import { presetNames, preset } from '../src/policy/presets.ts'
import { rules } from '../src/rules/index.ts'
import type { Rule } from '../src/rules/rule.ts'
import { linesOf, readRemarkFixture, type Files } from '../test/platforms/remark-fixture.ts'
import { podOf, readFixture, run, type Case } from '../test/rule-fixture.ts'

/** Each page's path and text. `mark` says on its first line that it is generated. */
export async function rulePages(mark: string): Promise<[path: string, text: string][]> {
  const first = `<!-- ${mark} -->\n\n`
  return [
    ['docs/rules/README.md', first + table()],
    ...rules.map((rule): [string, string] => [`docs/rules/${rule.id}.md`, first + page(rule)]),
    ...(await Promise.all(
      platformRules.map(async (rule): Promise<[string, string]> => [`docs/rules/${rule.id}.md`, first + (await platformPage(rule))]),
    )),
  ]
}

const actionOf = (name: string, id: string): string => preset(name)?.rules[id]?.action ?? 'Off'

/** A vertical bar would end the cell. */
const row = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`

function table(): string {
  const head = ['rule', 'severity', ...presetNames.map((name) => `in \`${name}\``), 'fault']
  return [
    '# Rules',
    '',
    'What Paddock finds in a workload that starts gunicorn, and what the presets do about it.',
    '',
    row(head),
    row(head.map(() => '---')),
    ...rules.map(({ id, severity, summary }) =>
      row([`[${id}](${id}.md)`, severity, ...presetNames.map((name) => actionOf(name, id)), summary])
    ),
    '',
    '## What platforms say of their own files',
    '',
    'Of a Procfile or an app_desc.yaml, whatever a policy says: see [Procfile and app_desc.yaml](../platforms.md).',
    '',
    row(['finding', 'severity', 'action', 'fault']),
    row(['---', '---', '---', '---']),
    ...platformRules.map(({ id, severity, action, summary }) => row([`[${id}](${id}.md)`, severity, action, summary])),
    '',
  ].join('\n')
}

function page(rule: Rule): string {
  const fixture = readFixture(rule.id)
  const [bad] = fixture.bad
  const [good] = fixture.good
  if (!bad || !good) throw new Error(`${rule.id} lacks a bad or a good case`)
  const { lines, object, fixed } = run(rule, bad)
  // Where no preset fixes it, a policy may.
  const asked = run(rule, { ...bad, policy: { ...bad.policy, rules: { ...bad.policy?.rules, [rule.id]: 'Fix' } } }).fixed
  const actions = presetNames.map((name) => `${actionOf(name, rule.id)} in \`${name}\``)
  const settings = rule.settings.map((name) => `\`${name}\``)
  return [
    `# ${rule.id}`,
    sentence(rule.summary),
    `- Severity: ${rule.severity}\n- Action: ${actions.join(', ')}\n- Settings read: ${
      settings.join(', ') || (rule.always ? 'those that gunicorn refuses' : rule.unset ? 'those that the policy has defaults for' : 'none')
    }`,
    rule.why,
    '## Problem',
    yaml(bad, object),
    ['```text', ...lines, '```'].join('\n'),
    ...(same(asked, object) ? []
      : [same(fixed, object) ? 'Where a policy says `Fix`, it makes of it:' : 'The fix makes of it:', yaml(bad, asked)]),
    '## Correct',
    yaml(good, podOf(good)),
    '## Remedy',
    rule.remedy,
    '',
  ].join('\n\n').replace(/\n+$/, '\n')
}

async function platformPage({ id, summary, severity, action, why, remedy }: (typeof platformRules)[number]): Promise<string> {
  const { bad, good } = readRemarkFixture(id)
  return [
    `# ${id}`,
    sentence(summary),
    `- Severity: ${severity}\n- Action: ${action}, whatever a policy says`,
    why,
    '## Problem',
    ...shown(bad.files),
    ['```text', ...(await linesOf(id, bad.files)), '```'].join('\n'),
    '## Correct',
    ...shown(good.files),
    '## Remedy',
    remedy,
    '',
  ].join('\n\n').replace(/\n+$/, '\n')
}

const shown = (files: Files): string[] =>
  Object.entries(files).flatMap((
    [path, text],
  ) => [`\`${path}\`:`, `\`\`\`${path.endsWith('.yaml') ? 'yaml' : path.endsWith('.sh') ? 'sh' : 'text'}\n${text}\`\`\``])

const same = (a: object, b: object): boolean => JSON.stringify(a) === JSON.stringify(b)

/** gunicorn writes its own name with a small letter. */
const sentence = (text: string): string => `${text.startsWith('gunicorn') ? 'g' : text.charAt(0).toUpperCase()}${text.slice(1)}.`

/** What of the Pod a reader has to see. */
function yaml({ annotations, initContainers, pod: fields }: Case, pod: object): string {
  const { metadata, spec } = pod as { metadata: object; spec: Record<string, unknown> }
  const document = new Document({
    ...(annotations ? { metadata } : {}),
    spec: { ...fields, ...(initContainers ? { initContainers: spec['initContainers'] } : {}), containers: spec['containers'] },
  })
  // A command on one line reads as one, unless it holds a script of several.
  visit(document, {
    Seq: (_, list) => void (list.flow = list.items.every((item) => isScalar(item) && !String(item.value).includes('\n'))),
  })
  return `\`\`\`yaml\n${document.toString({ lineWidth: 0, singleQuote: true, flowCollectionPadding: false })}\`\`\``
}
