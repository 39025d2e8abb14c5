/** Which well-known distributions bring in what gunicorn's workers need. */

/** A distribution that requires another. */
export interface Dependent {
  readonly distribution: string
  /** The extra with which it does; none for always. */
  readonly extra?: string
  readonly requires: string
  /** The releases that do (PEP 440), where any were seen to. */
  readonly releases?: string
  /** The releases whose metadata was not looked at: they may. */
  readonly unchecked?: string
  /** When they do (PEP 508); none for always. */
  readonly marker?: string
}

/**
 * Source: Requires-Dist in each project's own metadata on PyPI, of the releases that bound each row and of the newest
 * one, in 2026-11. A row without an upper bound holds for the newest.
 */
export const dependents: readonly Dependent[] = [
  // gunicorn's own extras; `gthread` requires nothing.
  { distribution: 'gunicorn', extra: 'gevent', requires: 'gevent', releases: '>=19.8', unchecked: '>19.7.1,<19.8' },
  { distribution: 'gunicorn', extra: 'eventlet', requires: 'eventlet', releases: '>=19.8,<26', unchecked: '>19.7.1,<19.8' },
  { distribution: 'gunicorn', extra: 'tornado', requires: 'tornado', releases: '>=19.8', unchecked: '>19.7.1,<19.8' },
  { distribution: 'gunicorn', extra: 'setproctitle', requires: 'setproctitle', releases: '>=20.0.4', unchecked: '>20,<20.0.4' },
  { distribution: 'gunicorn', extra: 'testing', requires: 'gevent', releases: '>=22' },
  { distribution: 'gunicorn', extra: 'testing', requires: 'eventlet', releases: '>=22,<26' },

  // From 26.2 on gunicorn itself no longer requires what its gevent worker imports.
  { distribution: 'gunicorn', requires: 'packaging', releases: '>=21,<26.1', unchecked: '>=26.1,<26.2' },
  { distribution: 'gunicorn', extra: 'gevent', requires: 'packaging', releases: '>=26.2' },
  { distribution: 'gunicorn', extra: 'testing', requires: 'packaging', releases: '>=26.2' },
  { distribution: 'gunicorn', requires: 'setuptools', releases: '>=20,<21' },
  { distribution: 'gunicorn', extra: 'http2', requires: 'h2', releases: '>=25.0.3', unchecked: '>=24.2,<25.0.3' },
  { distribution: 'gunicorn', extra: 'testing', requires: 'h2', releases: '>=25.0.3', unchecked: '>=24.2,<25.0.3' },
  { distribution: 'httpx', extra: 'http2', requires: 'h2', releases: '>=0.28', unchecked: '<0.28' },
  { distribution: 'hypercorn', requires: 'h2', unchecked: '>=0.1' },

  { distribution: 'celery', extra: 'gevent', requires: 'gevent', releases: '>=3.1.25', unchecked: '<3.1.25' },
  { distribution: 'dramatiq', extra: 'gevent', requires: 'gevent', releases: '>=1.17', unchecked: '>1.9,<1.17' },
  { distribution: 'dramatiq', extra: 'all', requires: 'gevent', releases: '>=1.17', unchecked: '>1.9,<1.17' },
  { distribution: 'flask-sockets', requires: 'gevent', releases: '>=0.2.1', unchecked: '<0.2.1' },
  { distribution: 'gevent-websocket', requires: 'gevent', releases: '>=0.10.1', unchecked: '<0.10.1' },
  { distribution: 'geventhttpclient', requires: 'gevent', releases: '>=2.3', unchecked: '<2.3' },
  { distribution: 'gipc', requires: 'gevent', releases: '>=1.0', unchecked: '<1.0' },
  { distribution: 'grequests', requires: 'gevent', releases: '>=0.6', unchecked: '<0.6' },
  { distribution: 'locust', requires: 'gevent', releases: '>=1.0', unchecked: '<1.0' },
  { distribution: 'locustio', requires: 'gevent', releases: '>=0.14.6', unchecked: '<0.14.6' },
  { distribution: 'zerorpc', requires: 'gevent', releases: '>=0.6.3', unchecked: '<0.6.3' },
  { distribution: 'flask-sockets', requires: 'gevent-websocket', releases: '>=0.2.1', unchecked: '<0.2.1' },

  { distribution: 'celery', extra: 'eventlet', requires: 'eventlet', releases: '>=3.1.25,<=4', unchecked: '<3.1.25' },
  {
    distribution: 'celery',
    extra: 'eventlet',
    requires: 'eventlet',
    releases: '>=5.3',
    unchecked: '>4,<5.3',
    marker: 'python_version < "3.10"',
  },
  { distribution: 'nameko', requires: 'eventlet', releases: '>=2.6', unchecked: '<2.6' },
  { distribution: 'oslo-service', requires: 'eventlet', releases: '>=1.0', unchecked: '<1.0' },

  { distribution: 'eventlet', requires: 'greenlet', releases: '>=0.24.1', unchecked: '<0.24.1' },
  {
    distribution: 'gevent',
    requires: 'greenlet',
    releases: '>=1.1.2',
    unchecked: '<1.1.2',
    marker: 'platform_python_implementation == "CPython"',
  },
  { distribution: 'playwright', requires: 'greenlet', releases: '>=1.20', unchecked: '<1.20' },
  // For some machines only.
  { distribution: 'sqlalchemy', requires: 'greenlet', unchecked: '<2.1' },
  { distribution: 'sqlalchemy', extra: 'asyncio', requires: 'greenlet', releases: '>=2.0', unchecked: '<2.0' },

  { distribution: 'bokeh', requires: 'tornado', releases: '>=2.4.3', unchecked: '<2.4.3' },
  { distribution: 'dask', extra: 'complete', requires: 'distributed', releases: '>=2.0', unchecked: '<2.0' },
  { distribution: 'dask', extra: 'diagnostics', requires: 'bokeh', releases: '>=2.0', unchecked: '<2.0' },
  { distribution: 'dask', extra: 'distributed', requires: 'distributed', releases: '>=2.0', unchecked: '<2.0' },
  { distribution: 'distributed', requires: 'tornado', releases: '>=1.20', unchecked: '<1.20' },
  { distribution: 'flower', requires: 'tornado', releases: '>=1.0', unchecked: '<1.0' },
  { distribution: 'ipykernel', requires: 'tornado', releases: '>=4.5', unchecked: '<4.5' },
  { distribution: 'jupyter', requires: 'notebook', releases: '>=1.1.1', unchecked: '<1.1.1' },
  { distribution: 'jupyter-client', requires: 'tornado', releases: '>=6.1', unchecked: '>5.2,<6.1' },
  { distribution: 'jupyter-server', requires: 'tornado', releases: '>=1.0', unchecked: '<1.0' },
  { distribution: 'jupyterlab', requires: 'tornado', releases: '>=2.0', unchecked: '<2.0' },
  { distribution: 'livereload', requires: 'tornado', releases: '>=2.6.3', unchecked: '<2.6.3' },
  { distribution: 'luigi', requires: 'tornado', releases: '>=3.8.1', unchecked: '<3.8.1' },
  { distribution: 'notebook', requires: 'tornado', releases: '>=5.0', unchecked: '<5.0' },
  { distribution: 'panel', requires: 'bokeh', releases: '>=0.10', unchecked: '<0.10' },
  { distribution: 'streamlit', requires: 'tornado', releases: '>=0.60,<=1.56', unchecked: '<0.60' },
  { distribution: 'streamlit', requires: 'tornado', unchecked: '>1.56,<1.60' },
  { distribution: 'terminado', requires: 'tornado', releases: '>=0.8.1', unchecked: '<0.8.1' },

  { distribution: 'bentoml', requires: 'uvicorn', releases: '>=1.0', unchecked: '<1.0', marker: 'python_version >= "3.7"' },
  { distribution: 'chromadb', requires: 'uvicorn', releases: '>=0.4', unchecked: '<0.4' },
  { distribution: 'connexion', extra: 'uvicorn', requires: 'uvicorn', releases: '>=3.0' },
  { distribution: 'datasette', requires: 'uvicorn', releases: '>=0.40', unchecked: '<0.40' },
  { distribution: 'fastapi', requires: 'uvicorn', releases: '>=0.111,<0.112' },
  { distribution: 'fastapi', extra: 'all', requires: 'uvicorn', releases: '>=0.50', unchecked: '<0.50' },
  { distribution: 'fastapi', extra: 'standard', requires: 'uvicorn', releases: '>=0.112' },
  {
    distribution: 'fastapi',
    extra: 'standard-no-fastapi-cloud-cli',
    requires: 'uvicorn',
    releases: '>=0.165',
    unchecked: '>0.112,<0.165',
  },
  { distribution: 'fastapi-cli', requires: 'uvicorn', releases: '>=0.0.2' },
  { distribution: 'gradio', requires: 'uvicorn', releases: '>=3.0', unchecked: '<3.0' },
  { distribution: 'litestar', extra: 'cli', requires: 'uvicorn', releases: '>=2.0', unchecked: '<2.0' },
  { distribution: 'litestar', extra: 'full', requires: 'uvicorn', releases: '>=2.0', unchecked: '<2.0' },
  { distribution: 'litestar', extra: 'standard', requires: 'uvicorn', releases: '>=2.0', unchecked: '<2.0' },
  { distribution: 'mcp', requires: 'uvicorn', releases: '>=1.2', unchecked: '>1.1,<1.2' },
  { distribution: 'nicegui', requires: 'uvicorn', releases: '>=1.4', unchecked: '<1.4' },
  { distribution: 'prefect', requires: 'uvicorn', releases: '>=2.0', unchecked: '<2.0' },
  { distribution: 'streamlit', requires: 'uvicorn', releases: '>=1.60', unchecked: '>1.56,<1.60' },
  { distribution: 'uvicorn-worker', requires: 'uvicorn', releases: '>=0.2', unchecked: '>0.1,<0.2' },
  { distribution: 'uvicorn-worker', requires: 'gunicorn', releases: '>=0.2', unchecked: '>0.1,<0.2' },

  { distribution: 'aiobotocore', requires: 'aiohttp', releases: '>=1.0', unchecked: '<1.0' },
  { distribution: 'aiohttp-cors', requires: 'aiohttp', releases: '>=0.7', unchecked: '<0.7' },
  { distribution: 'aiohttp-jinja2', requires: 'aiohttp', releases: '>=1.1', unchecked: '<1.1' },
  { distribution: 'aiohttp-session', requires: 'aiohttp', releases: '>=2.0', unchecked: '<2.0' },
]

/**
 * Distributions that bring in none of what gunicorn's workers need, nor does anything that they bring in themselves. Of any
 * other that is in no row above it is not known what it brings in.
 * Source: Requires-Dist of the newest release of each and of all that it requires, without extras, in 2026-11.
 */
export const harmless: ReadonlySet<string> = new Set((
  'aiohappyeyeballs aiohttp aiosignal alembic amqp aniso8601 annotated-doc annotated-types anyio arrow asgiref attrs bcrypt beautifulsoup4 bidict ' +
  'billiard blinker boto3 botocore bottle cachelib cachetools certifi cffi charset-normalizer click click-didyoumean click-plugins click-repl ' +
  'cron-descriptor cryptography defusedxml dj-database-url django django-celery-beat django-celery-results django-cors-headers django-crispy-forms ' +
  'django-environ django-extensions django-filter django-mysql django-redis django-storages django-timezone-field djangorestframework ' +
  'djangorestframework-simplejwt djangorestframework-xml dnspython drf-spectacular et-xmlfile falcon flask flask-caching flask-cors ' +
  'flask-jwt-extended flask-login flask-migrate flask-restful flask-socketio flask-sqlalchemy flask-wtf frozenlist greenlet h11 httpcore httptools httpx ' +
  'idna inflection itsdangerous jinja2 jmespath jsonschema jsonschema-specifications kombu lxml mako markdown markupsafe marshmallow multidict ' +
  'mysql-connector-python numpy openpyxl opentelemetry-api opentelemetry-instrumentation opentelemetry-semantic-conventions orjson packaging pandas ' +
  'passlib pillow prometheus-client prompt-toolkit propcache protobuf psycopg psycopg-binary psycopg2-binary pycparser pycryptodome pydantic ' +
  'pydantic-core pydantic-settings pygments pyjwt pymemcache pymongo pymysql python-crontab python-dateutil python-dotenv python-engineio ' +
  'python-json-logger python-socketio pytz pyyaml redis referencing requests rpds-py s3transfer sentry-sdk setproctitle simple-websocket simplejson six ' +
  'soupsieve sqlalchemy sqlparse starlette tenacity tornado typing-extensions typing-inspection tzdata tzlocal uritemplate urllib3 uvicorn uvloop vine wcwidth ' +
  'websockets werkzeug whitenoise wrapt wsproto wtforms yarl zope-event zope-interface'
).split(' '))

/** What many distributions require, in some of their releases: only these are known to require none of it in any. */
export const widelyRequired: ReadonlySet<string> = new Set(['packaging'])
export const undemanding: ReadonlySet<string> = new Set((
  'asgiref blinker certifi charset-normalizer click django django-cors-headers djangorestframework eventlet flask flask-sockets gevent gevent-websocket greenlet gunicorn idna itsdangerous jinja2 ' +
  'markupsafe pillow psycopg2-binary pymysql python-dotenv pytz pyyaml requests six sqlparse typing-extensions urllib3 werkzeug whitenoise'
).split(' '))

/** Extras that bring in none of what gunicorn's workers need either. */
export const harmlessExtras: ReadonlySet<string> = new Set((
  'argon2 async bcrypt binary c crypto django flask gthread hiredis memcache pool redis setproctitle socks sqs standard yaml'
).split(' '))

/** What images of Python hold before anything is installed. */
export const preinstalled: ReadonlySet<string> = new Set(['pip', 'setuptools', 'wheel'])
