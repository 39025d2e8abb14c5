import { asksForCores } from '../gunicorn/config-file.ts'
import { numbers } from '../gunicorn/entries.ts'
import { limit } from '../kubernetes/pod-fields.ts'
import { invalid } from './problem.ts'
import { defineRule, type Problem, type Subject } from './rule.ts'

export default defineRule({
  id: 'excess-workers',
  severity: 'warning',
  action: 'Warn',
  mayBeAllowed: true,
  summary: "there are more workers than the container's limits can carry",
  why:
    'Workers that share too little CPU answer late and are killed for a timeout; where the memory is used up, the kernel kills one in the middle of a request.',
  remedy: 'Start fewer workers, with threads where they wait a lot, and run more Pods instead; or raise the limits.',
  settings: ['workers'],

  *check(subject) {
    yield* counted(subject)
    for (const { setting, entry, value } of numbers(subject, 'workers')) {
      if (setting.source === 'default') return
      // So many any limit of the CPU allows, and any memory that Python starts in.
      if (value <= mostPerCore) return
      for (const { most, detail } of bounds(subject))
        if (value > most) yield invalid(subject, setting, entry, `must be less than or equal to ${most}, ${detail}`)
    }
  },
})

/** Workers that are reckoned from the cores of the node, where the container may use fewer. */
function* counted(subject: Subject): Iterable<Problem> {
  const { settings, container, script } = subject
  const setting = settings.get('workers')
  if (setting?.value !== undefined || !setting || setting.entries.length === 0) return
  const cpu = limit(container, 'cpu')
  if (!cpu) return
  for (const entry of setting.entries) {
    if (entry.value !== undefined) continue
    const written = entry.argument?.word.text
    // A variable may hold what the script has asked for above.
    const isCounted = setting.source === 'config file' ? settings.configFile?.countsCores === true
      : asksForCores(written ?? '') || (written?.includes('$') === true && asksForCores(script?.text ?? ''))
    if (!isCounted) continue
    const detail = `must not be computed from the cores of the node, as it is here: the CPU limit of the container is ${
      JSON.stringify(cpu.written)
    }`
    yield invalid(subject, setting, entry, detail, {
      value: written ?? setting.name,
      remedy: `Write a number: up to ${
        mostPerCore * Math.ceil(cpu.value)
      }, ${mostPerCore} for each core of the limit; or set WEB_CONCURRENCY.`,
    })
  }
}

/** gunicorn's own advice is two to four workers for each core (its documentation of `workers`). */
const mostPerCore = 4

/**
 * Bytes: what a worker takes for itself alone, at the least. Measured with gunicorn 23 on Python 3.11: 15 MiB with an empty Flask
 * application, 25 with an empty Django project; 4 with no framework at all.
 */
const leastPerWorker = 16 * 2 ** 20

/** How many workers the limits can carry. What the platform starts by default is never too much for its CPU. */
function* bounds({ container, platform, settings }: Subject): Iterable<{ readonly most: number; readonly detail: string }> {
  const cpu = limit(container, 'cpu')
  const usual = platform.defaults['workers']
  if (cpu && cpu.value > 0) {
    const most = mostPerCore * Math.ceil(cpu.value)
    const told = `of the CPU limit ${JSON.stringify(cpu.written)}`
    if (typeof usual === 'number' && usual > most) yield { most: usual, detail: `the platform's default, on the cores ${told}` }
    else yield { most, detail: `${mostPerCore} for each core ${told}` }
  }
  const memory = limit(container, 'memory')
  // Loaded before the workers are forked, the application is shared by them.
  if (memory && memory.value > 0 && settings.value('preload_app') === false)
    yield { most: Math.floor(memory.value / leastPerWorker),
      detail: `as each takes 16Mi at least of the memory limit ${JSON.stringify(memory.written)}` }
}
