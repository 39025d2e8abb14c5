/** Programs by what they have to do with gunicorn, other than wrappers, which start what stands behind them: as data. */

/** Programs that start gunicorn in a way of their own, by their subcommands; `options` take words of gunicorn's, which `shlex.split` takes apart. */
interface Starter {
  readonly subcommands: readonly string[]
  readonly options?: readonly string[]
}

/**
 * By base name. Sources: mlflow/server/__init__.py (`_build_gunicorn_command`), airflow/cli/commands/webserver_command.py,
 * pgadmin4's entrypoint.sh, tljh.
 */
export const starters: ReadonlyMap<string, Starter> = new Map(Object.entries<Starter>({
  mlflow: { subcommands: ['server', 'ui'], options: ['--gunicorn-opts'] },
  airflow: { subcommands: ['webserver', 'standalone'] },
}))

/** Programs that start what a file says, by base name; where there are any, with the subcommands that do. */
export const supervisors: ReadonlyMap<string, readonly string[]> = new Map(Object.entries({
  supervisord: [],
  circusd: [],
  's6-svscan': [],
  runsvdir: [],
  runit: [],
  my_init: [],
  monit: [],
  pebble: [],
  'pm2-runtime': [],
  forego: ['start'],
  overmind: ['start', 's'],
  honcho: ['start'],
  foreman: ['start'],
  hivemind: [],
  make: [],
  just: [],
  task: [],
  invoke: [],
  inv: [],
  npm: ['start', 'run'],
  yarn: ['start', 'run'],
  pm2: ['start'],
  systemd: [],
  init: [],
}))

/**
 * Programs that are no gunicorn and start none, whatever their files say: servers, workers, shells' tools, other languages. It takes
 * nothing but care to add one; one that is missing here is spoken of where its container has GUNICORN_CMD_ARGS.
 */
const others = new Set((
  'alembic apache2 apache2ctl apk apt apt-get ash awk basename bash bun busybox bundle caddy cargo cat celery chmod chown circusctl consul cp cron crond curl daphne dash date deno dirname django-admin ' +
  'dnf docker dotnet dramatiq echo egrep envoy etcd exec exit export expr false fgrep find flask flower fluent-bit flyway getopt go grafana-server grep groupadd haproxy hostname httpd huey_consumer huey_consumer.py ' +
  'hypercorn id influxd install java jupyter kafka-server-start.sh kill killall kubectl ln locust log logger ls memcached migrate minio mkdir mongod mongosh mv mysql mysqld mysqladmin nc nginx node ' +
  'openssl pause pgbouncer pgrep php php-fpm pidof ping pip pip2 pip3 pkill postgres postgrest printenv printf prometheus ps psql puma pushd pwd rabbitmq-server rails rake redis-cli redis-server rm rmdir rq ' +
  'rqscheduler rqworker rsync ruby scrapy sed set sh shift sidekiq sleep ssh sshd statsd stat streamlit supervisorctl systemctl tail tar taskiq tcpdump tee telegraf test touch tr traefik trap true type twistd ulimit ' +
  'umask uname unset useradd uvicorn uwsgi vault vmstat wait waitress-serve wget whereis which whoami xargs yum zcat [ : .'
).split(' '))

const modules =
  /^(alembic|celery|daphne|django|dramatiq|flask|http\.server|hypercorn|pip|pytest|rq|scrapy|streamlit|taskiq|uvicorn|venv|waitress)$/

/** True for a program that is no gunicorn and starts none. `words` are those from its name on. */
export function isAnother(name: string, words: readonly { readonly value: string | null | undefined }[]): boolean {
  if (others.has(name)) return true
  if (!/^(python|pypy)/.test(name)) return false
  const [first, second] = words.slice(1).map(({ value }) => value ?? '')
  if (first === '-m') return modules.test(second ?? '')
  return first === '-c' ? false : first === '--version' || first === '-V' || (first ?? '').replace(/^.*\//, '') === 'manage.py'
}
