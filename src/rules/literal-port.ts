import { defineRule, invalid, type Problem, type Subject } from './rule.ts'

export default defineRule({
  id: 'literal-port',
  severity: 'error',
  summary: 'the port is the name of a variable that nobody expands',
  why: 'In a list no shell expands `$PORT`, and Kubernetes expands `$(PORT)` only where the container defines it: gunicorn exits with "is not a valid port number".',
  remedy: 'Write `$(PORT)` in a list, and define PORT in `env`.',
  settings: ['bind'],

  *check(subject) {
    const setting = subject.settings.get('bind')
    if (!setting) return
    for (const entry of setting.entries) {
      const text = entry.argument?.text ?? entry.argument?.word.text
      if (text === undefined || setting.source !== 'command line') continue
      const { env } = subject.platform.port
      const replaced = withVariable(text, env)
      if (subject.form === 'exec' ? replaced === undefined : !text.includes(`$(${env})`)) continue
      const fixable = subject.portVariable === 'defined' || subject.portVariable === 'definable'
      const fix: Partial<Problem> = !fixable ? {} : subject.form === 'exec' && replaced !== undefined ? { fix: { setting: 'bind', value: replaced, entry } } : { fix: { define: 'port' } }
      yield invalid(subject, setting, entry, detail(subject, text), { value: text, ...fix })
    }
  },
})

/** The text with each form of the variable as `$PORT`; undefined where it holds none. */
function withVariable(text: string, env: string): string | undefined {
  const forms = new RegExp(`\\$(?:\\(${env}\\)|\\{${env}(?::?-[^{}]*)?\\}|${env}(?![A-Za-z0-9_]))`, 'g')
  return forms.test(text) ? text.replace(forms, `$$${env}`) : undefined
}

function detail({ platform, portVariable }: Subject, text: string): string {
  const { env } = platform.port
  if (text.includes(`$(${env})`)) return `${env} must be defined in \`env\``
  if (portVariable === 'unknown') return `must be written as $(${env}), and \`envFrom\`, which cannot be read here, may define it`
  return `must be written as $(${env}), as no shell expands it`
}
