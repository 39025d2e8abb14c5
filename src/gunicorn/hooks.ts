/**
 * The server hooks: functions that only a config file can set, with how many arguments each is called with, and the release that
 * brought it. Source: `gunicorn.config`, section "Server Hooks" (and "Dirty Arbiter Hooks") of each release.
 */
import { compareReleases, type Release } from './catalogue.ts'

interface Hook {
  /** More than one where gunicorn takes a function of either kind. */
  readonly arguments: readonly number[]
  readonly since?: string
}

const hooks: Readonly<Record<string, Hook>> = {
  on_starting: { arguments: [1] },
  on_reload: { arguments: [1] },
  when_ready: { arguments: [1] },
  pre_fork: { arguments: [2] },
  post_fork: { arguments: [2] },
  post_worker_init: { arguments: [1] },
  worker_int: { arguments: [1] },
  worker_abort: { arguments: [1] },
  pre_exec: { arguments: [1] },
  pre_request: { arguments: [2] },
  post_request: { arguments: [2, 3, 4] },
  child_exit: { arguments: [2] },
  worker_exit: { arguments: [2] },
  nworkers_changed: { arguments: [3] },
  on_exit: { arguments: [1] },
  ssl_context: { arguments: [2], since: '21.0.0' },
  on_dirty_starting: { arguments: [1], since: '25.0.0' },
  dirty_post_fork: { arguments: [2], since: '25.0.0' },
  dirty_worker_init: { arguments: [1], since: '25.0.0' },
  dirty_worker_exit: { arguments: [2], since: '25.0.0' },
}

/** How many arguments a hook of a release is called with; undefined where it has no hook of that name. */
export function hookArguments(name: string, release: Release): readonly number[] | undefined {
  const hook = Object.hasOwn(hooks, name) ? hooks[name] : undefined
  if (!hook || (hook.since !== undefined && compareReleases(release.name, hook.since) < 0)) return undefined
  return hook.arguments
}

/** The names of the hooks, of all releases. */
export const hookNames: readonly string[] = Object.keys(hooks)
