/** What programs of a script are for, by their names: those that are done once the script goes on, and those that serve. */
import { spend } from '../budget.ts'
import { gunicornNames } from '../gunicorn-name.ts'
import type { Command } from './command.ts'

/** Programs that a script is done with once it goes on, and builtins. */
const passing = new Set((
  '. : [ [[ alias basename bg break builtin cat cd chmod chown command continue cp date dirname echo eval exit export false getopts grep hash hostname id jobs ls mkdir mv printenv ' +
  'printf pwd read readonly rm sed set shift shopt sleep source test times touch trap true type ulimit umask unalias unset wait whoami'
).split(' '))

/** Programs that prepare something and end, as a rule before the server starts. */
const preparing = new Set((
  'aerich alembic apk apt apt-get aws awk bash-completion curl cut declare dig django-admin dockerize du envsubst find flask getent git gcloud gzip head ' +
  'install jq kill let ln local manage.py mktemp mysql nc ncat nslookup openssl pg_isready pgrep pip pip3 pkill pre-commit psql redis-cli return seq ' +
  'sort stat tar tee tr uname unzip wait-for wait-for-it wait-for-it.sh wait4ports wget which xargs zcat'
).split(' '))

/** Programs that do their own work for as long as they run, and pass no requests on. */
const working = new Set([...gunicornNames,
  ...'celery cron crond daphne dramatiq flower huey_consumer hypercorn memcached postgres redis-server rq rqworker rsyslogd sshd supercronic syslogd uvicorn uwsgi'
    .split(' ')])

/** Those of them that call no server. */
const silent = new Set('memcached postgres redis-server rsyslogd syslogd'.split(' '))

/** Programs that pass requests on to servers behind them, and those that start services. */
const serving = new Set((
  'angie apache2 apache2ctl apachectl caddy circusd cloudflared envoy h2o haproxy hitch httpd init lighttpd litespeed monit ngrok nginx nghttpx oauth2-proxy ' +
  'openresty pm2 pomerium pound rc-service runsv runsvdir s6-svscan service socat squid stunnel supervisord svscan systemctl tengine traefik unitd varnishd'
).split(' '))

const nameOf = ({ value, text }: { readonly value: string | null; readonly text: string }): string => {
  const path = value ?? text
  return path.slice(path.lastIndexOf('/') + 1)
}

/** Whether a command prepares something, and ends: what is called `manage.py` does so, but with `runserver`. */
const prepares = ({ words }: Command, name: string): boolean =>
  words[0]?.value != null && preparing.has(name) && !words.slice(1, 8).some(({ value }) => value === 'run' || value === 'runserver')

/** Whether a script is done with a command once it goes on. */
export const isPassing = ({ words: [first] }: Command): boolean => first?.value != null && passing.has(nameOf(first))

/** What a command may do to requests that come to the container: pass them on, not do so, or what cannot be told. */
function passesOn(command: Command, background = command.background): 'yes' | 'no' | 'unknown' {
  const { words } = command
  const [first, second] = words
  if (first === undefined) return 'no'
  if (words.slice(0, 4).some((word) => serving.has(nameOf(word))) || first.text.startsWith('/etc/init.d/')) return 'yes'
  const name = nameOf(first)
  if (first.value !== null && working.has(name)) return background && !silent.has(name) && !gunicornNames.has(name) ? 'unknown' : 'no'
  // What `eval` runs stands among the commands of the script, too; what a file that is sourced starts is not in sight.
  if (/^(\.|source)$/.test(name)) return 'unknown'
  if (background && (!isPassing(command) || /^(command|builtin)$/.test(name))) return 'unknown'
  if (isPassing(command) || prepares(command, name)) return 'no'
  // What a module or a script of Python does it does before gunicorn is started; a server would not let the script go on.
  return /^python[\d.]*$/.test(name) && second !== undefined ? 'no' : 'unknown'
}

/** Builtins that are over at once and start nothing. No shell looks for a program of such a name. */
const overAtOnce = new Set('[ [[ : true false test echo printf export set unset cd exit local readonly shift return'.split(' '))

/**
 * Whether a command is surely over at once, and has started nothing. A program may be anybody's, whatever it is called, and what
 * waits may wait for ever: who sleeps in a loop wants the container to stay.
 */
export const isOverAtOnce = ({ words: [first] }: Command): boolean =>
  first === undefined || (first.value !== null && overAtOnce.has(first.value))

/**
 * Whether a command may be a server, or start one. What prepares something does not, and what is over at once; a file that is
 * sourced may.
 */
export function mayServe(command: Command): boolean {
  const [first] = command.words
  if (first === undefined || isOverAtOnce(command)) return false
  const name = nameOf(first)
  return first.value === null || /^(\.|source)$/.test(name) || !(passing.has(name) || prepares(command, name))
}

/**
 * Whether a command may be a server that listens at a port: a word of it holds the number, or the variable that does, and not as
 * part of a web address, which is somebody else's.
 */
export function mayServeAt(port: number, env: string): (command: Command) => boolean {
  const number = new RegExp(`(?<![\\d.])${port}(?![\\d.])|\\$\\{?${env}(?!\\w)`)
  return (command) =>
    mayServe(command) && command.words.slice(1, 50).some(({ value, text }) => {
      const told = `${value ?? ''} ${text}`
      spend(told.length / 200)
      return number.test(told) && !/:\/\//.test(told)
    })
}

/** Whether a command runs beside what stands before it in the background, and may ask that for something. */
export const mayAsk = (command: Command): boolean => !isOverAtOnce(command) && !isPassing(command)

/** Whether a command passes requests on. */
export const isProxy = (command: Command): boolean => passesOn(command) === 'yes'

/** Whether that cannot be ruled out. */
export const mayPassOn = (command: Command): boolean => passesOn(command) !== 'no'

/** The same of one that is over before what comes after it begins, though both are in the background. */
export const mayPassOnBefore = (command: Command): boolean => passesOn(command, false) !== 'no'

/** The same of the program that a container starts, which stays for as long as it runs. */
export function containerPassesOn([first, ...rest]: readonly string[]): 'yes' | 'no' | 'unknown' {
  if (first === undefined) return 'unknown'
  const named = [first, ...rest.slice(0, 3)].map((text) => nameOf({ value: text, text }))
  if (named.some((name) => serving.has(name))) return 'yes'
  // What has an address of the Pod as well may ask a server that is there for the Pod alone.
  return silent.has(named[0] ?? '') ? 'no' : 'unknown'
}

/** Whether a name of an image or a container speaks of such a program. */
export const namesProxy = (text: string): boolean =>
  /(?<![a-z])(nginx|openresty|envoy|haproxy|caddy|traefik|apache2?|httpd|oauth2-proxy|varnish|istio-proxy|proxyv2|linkerd|lighttpd|stunnel|ghostunnel|pomerium|angie|proxy)(?![a-z])/i
    .test(text) && !/exporter|statsd/i.test(text)
