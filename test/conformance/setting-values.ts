/** Values, good and bad, that people give to gunicorn's settings: what the generated command lines are made of. */

// dprint-ignore: a list of words
const strings = [
  'info', 'debug', '-', '/var/log/gunicorn.log', '/dev/stdout', 'two words', ' padded ', '', 'é', '%(h)s "%(r)s"',
  "it's", '-x', '--x', 'a=b', '$HOME', '\\', '#', 'x;y',
]

// dprint-ignore: a list of words
const integers = [
  '0', '1', '2', '4', '4', '8', '30', '60', '120', '1000', ' 4 ', '+4', '04', '000', '1_000', '\t7\n', '٣', '４',
  '65536', '4.0', '0x4', '', 'auto', '30s', '$(nproc)', '${WORKERS:-4}', '-1', '-0', '1__0', '_1', '1_', '4 4', '1e3',
  'True', '- 1', '+-1', '--',
]

// dprint-ignore: a list of words
const octals = [
  '022', '0o22', '0x12', '0', '00', '18', '660', '0b11', '0077', '1_000', ' 18 ', '08', '0o8', '', 'x', ' 022', '0_22',
  '-1', 'u=rwx', '+7',
]

// dprint-ignore: a list of words
const addresses = [
  '*', '127.0.0.1', '::1', '10.0.0.0/8', '10.0.0.1,::1', '127.0.0.1, 10.0.0.2', '', ' , ', ',', '*,127.0.0.1', '::/0',
  '::1/128', '10.0.0.0/255.0.0.0', '10.0.0.0/0.255.255.255', '10.0.0.1/8', 'localhost', '"*"', "'*'", '1.2.3',
  '1.2.3.4/33', '1.2.3.4/', '010.0.0.1', '16909060', '1.2.3.4.5', '::g', '1::2::3', '::ffff:1.2.3.4', '256.0.0.1',
  '10.0.0.0/8 ', '2001:DB8::/32', '1.2.3.4/-1',
]

const entries = ['A=1', 'A=', 'A=b=c', ' A=1 ', 'DJANGO_SETTINGS_MODULE=shop.settings', 'A', '', '=x']

// dprint-ignore: a list of words
const hosts = [
  'localhost:8125', 'statsd', 'Statsd.Local:9125', '10.0.0.1:8125', 'unix:8125', 'unix:///run/statsd',
  'unix:/run/statsd', ':8125', '[::1]:8125', '[::1]', 'host:port', '', '1.2.3.4:', 'a:1:2', 'fd://3', 'fd://x', 'a: 1',
  'tcp://h:1', 'a:+1', 'a:1_0', '$(HOST_IP):8125',
]

/** Names are left out: who is known to whom depends on the machine. The last ones are nobody's anywhere. */
const accounts = ['0', '1000', '65534', '007', '٣', '²', '']

/** By setting: what fits it, and what does not. */
const bySetting: Record<string, readonly string[]> = {
  bind: [
    '0.0.0.0:8000',
    ':8000',
    ':80',
    '127.0.0.1',
    'localhost:5000',
    '[::]:8000',
    '[::1]',
    '',
    ' :80 ',
    'unix:/run/x.sock',
    'unix:///run/x.sock',
    'unix://run/x',
    'unix:',
    'fd://3',
    'tcp://0.0.0.0:80',
    'tcp://1.2.3.4',
    '0.0.0.0:80:81',
    '*:8080',
    '8080',
    'Example.COM:80',
    ':0',
    ':99999',
    ':-1',
    ': 80',
    ':+80',
    ':8_0',
    ':٨٠',
    ':²',
    'UNIX:/x',
    '[fe80::1%eth0]:80',
    '[::1]8000',
    '::',
    '::1',
    'fd://x',
    'fd://',
    'fd:// 3 ',
    'http://0.0.0.0:80',
    ':$PORT',
    ':$(PORT)',
    ':',
    '0.0.0.0:',
    '0.0.0.0:80/',
    '[::]:x',
    '[::1',
    'a,b:80',
    'app:app',
    '[::]:',
    'unix',
    'xunix:/a',
    'tcp://',
    'a]b[:80',
  ],
  worker_class: [
    'sync',
    'gthread',
    'gevent',
    'gevent_wsgi',
    'gevent_pywsgi',
    'tornado',
    'eventlet',
    'gaiohttp',
    'asgi',
    ' gthread ',
    '#gevent',
    '##sync',
    'uvicorn.workers.UvicornWorker',
    'uvicorn_worker.UvicornWorker',
    'SyncWorker',
    'shop.workers.SyncWorker',
    'egg:gunicorn#sync',
    'egg:meinheld#gunicorn_worker',
    'uvicorn',
    'meinheld',
    'threads',
    'Sync',
    'GEVENT',
    '',
    '.',
    'a..b',
    'a b',
    'gunicorn.workers.sync.SyncWorker',
  ],
  logger_class: ['gunicorn.glogging.Logger', 'simple', 'shop.logging.Logger', '', ' simple '],
  config: [
    '/dev/null',
    '/dev/null',
    'file:/dev/null',
    '',
    '/nonexistent/gunicorn.py',
    'file:',
    'python:nonexistent_module',
    ' /dev/null ',
  ],
  chdir: ['/tmp', '/tmp', '/tmp/', '/tmp/.', ' /tmp ', '/tmp/../tmp', '//tmp', '', '.', '/nonexistent'],
  paste: ['', '/nonexistent/shop.ini', '/nonexistent/shop.ini#main'],
  reload_extra_files: [
    '/dev/null',
    '/dev/null',
    '/nonexistent/a.html',
    '/nonexistent/*.html',
    '/dev/nul[l]',
    ' /dev/null',
    '',
  ],
  user: accounts,
  group: accounts,
  ssl_version: ['2', '5', 'TLSv1_2', 'SSLv23', '', '0x2', '-1', '02'],
  cert_reqs: ['0', '1', '2', '0x1', 'x', '', '-1', '02', ' 1 ', '1_0'],
  http2_max_concurrent_streams: ['100', '1', '0', '-1', 'x', '4294967296'],
  http2_initial_window_size: ['65535', '0', '2147483647', '2147483648', '-1', ''],
  http2_max_frame_size: ['16384', '16383', '16777215', '16777216', '-1', '0x4000'],
}

/** By gunicorn's validator or argparse's type, for settings that have no values of their own. */
const byKind: Record<string, readonly string[]> = {
  int: integers,
  auto_int: octals,
  validate_list_string: entries,
  validate_string_to_addr_list: addresses,
  validate_string_to_list: ['SCRIPT_NAME,PATH_INFO', 'REMOTE_USER', ' A , B ,', '', ',', 'a b'],
  validate_hostport: hosts,
  validate_statsd_address: hosts,
  validate_dict: ['{}', '{"version": 1}'],
  validate_reload_engine: ['auto', 'poll', 'inotify', 'Auto', ' auto', '', 'watchman'],
  validate_header_map_behaviour: ['drop', 'refuse', 'dangerous', ' DROP ', 'keep', ''],
  validate_proxy_protocol: ['off', 'v1', 'v2', 'auto', 'true', 'False', '1', '0', 'none', ' V2 ', 'v3', '', 'app:app'],
  validate_asgi_loop: ['auto', 'asyncio', 'uvloop', ' UVLOOP ', 'trio', ''],
  validate_asgi_lifespan: ['auto', 'on', 'off', 'On', 'true', ''],
  validate_http_parser: ['auto', 'fast', 'python', ' Python ', 'c', ''],
  validate_http_protocols: ['h1', 'h2', 'h1,h2', 'h2,h1', ' H1 , h2 ,', '', ',', 'h3', 'h1,h1', 'http/1.1', 'h1 h2'],
  validate_http2_cleartext: ['off', 'prior-knowledge', 'upgrade', 'both', ' Both ', 'on', ''],
}

/** A setting's values, good and bad, in no order. */
export function valuesOf(setting: string, validator: string, type: string | null): readonly string[] {
  return bySetting[setting] ?? byKind[validator] ?? byKind[type ?? ''] ?? strings
}

// dprint-ignore: a list of words
export const applications = [
  'app:app', 'app:app', 'app:app', 'shop.wsgi', 'shop.wsgi:application', 'shop:make_app()',
  'shop:make_app("x", debug=True)', 'main:server', 'app.py', 'pkg/wsgi:app', 'app:app:app', '', ' ', 'two words', '–w',
  '@arguments', '&', '&&', 'True', 'gunicorn', '-', '-1', 'é:è',
]

/** Names that gunicorn does not have, and people write all the same. */
// dprint-ignore: a list of words
export const wrongNames = [
  '--port', '--host', '--keepalive', '--pidfile', '--log_level', '--worker_class', '--max_requests',
  '--graceful_timeout', '--preload-app', '--preload_app', '--accesslog', '--errorlog', '--loglevel', '--worker_tmp_dir',
  '--no-access-log', '--factory', '--lifespan', '--proxy-headers', '--env-file', '--uds', '--control-socket-disable',
  '--limit-request-field-size', '-s', '-f', '-a', '-l', '-o', '-i', '-d', '-V', '-workers', '-timeout', '-threads',
  '-reload', '-preload', '-bind', '—workers', '--Workers', '-W', '--access-log', '--error-log', '--wörkers',
]

/** Words that argparse has its own opinion of. */
// dprint-ignore: a list of words
export const oddWords = [
  '-', '--', '', ' ', '-1', '-1.5', '-.5', '-1e5', '--x', '- 4', ' --workers', '--workers ', '-w ', '-w=', '-w==4',
  '--workers=', '--workers==4', '--workers 4', '-w 4', '-b :80', '-k gthread', '--bind=0.0.0.0:80 --workers=4',
  '-w 4 -b :80', '--=4', '--=', '-=', '-é', '-DD', '-RD', '-DR', '-Dw4', '-RDb', '-Db:80', '-Dx', '-D4',
  '-Dpx', '-wD', '-vD', '-Dv', '-hD', '--reload x', '--preload=', '--preload=True', '--no', '--con', '--forward',
  '--he', '--t', '--threads=2 ', '-b=:80', '-b=', '-k=gthread', '-w\t4', '--workers\n4', '-preload', '-tt', '-w-1',
  '-b-', '-c-', '---', '---workers', '-h', '-v', '--help', '--version', '--vers', '--hel', '--help=1', '--\u00a0x',
  '-\u00a0x', '-1 2', '--proxy-protocol', '--proxy-protocol=v1',
]
