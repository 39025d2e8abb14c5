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

  { distribution: 'celery', extra: 'gevent', requires: 'gevent', releases: '>=3.1.25', unchecked: '<3.1.25' },
  { distribution: 'dramatiq', extra: 'gevent', requires: 'gevent', releases: '>=1.17', unchecked: '>1.9,<1.17' },
  { distribution: 'dramatiq', extra: 'all', requires: 'gevent', releases: '>=1.17', unchecked: '>1.9,<1.17' },
  { distribution: 'flask-sockets', requires: 'gevent', releases: '>=0.2.1', unchecked: '<0.2.1' },
  { distribution: 'gevent-websocket', requires: 'gevent', releases: '>=0.10.1', unchecked: '<0.10.1' },
  { distribution: 'geventhttpclient', requires: 'gevent', releases: '>=2.3', unchecked: '<2.3' },
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

/** What so many distributions require that a list's silence about it says nothing. */
export const widelyRequired: ReadonlySet<string> = new Set(['aiohttp', 'futures', 'packaging', 'setuptools'])
