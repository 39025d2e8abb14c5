"""What a real gunicorn release makes of command lines.

Started as `python -I gunicorn.py FOLDER` (-I, lest this file be taken for gunicorn itself), FOLDER being where the
release is installed. Reads one request a line and answers one line each:

{"argv": ["gunicorn", ...], "env": {...}, "files": {...}}      env is the whole environment; files are by their paths

exit          the status that gunicorn ends with before it would bind; null where it goes on
error         the last line that it writes on standard error then; null where it goes on, or ends with 0
application   the application it would load; null where it ended before, or where there is none (--paste in 19.x)
settings      every setting that differs from its default in an empty environment, as JSON: null where it ended before
bind_error    why it would refuse an address; null where it would not
env_error     why it would refuse an entry of --env; null where it would not
worker_error  true where it knows no worker class of that name. Only names are looked up: a dotted path, or another
              distribution's entry point (`egg:`), is never an error here

Everything up to the end of load_config is the release's own doing, in an empty folder. Nothing is bound, forked or
logged, no application or worker class imported; what --check-config, --print-config and --daemon do afterwards is not
done. One process answers all requests, and puts back what a start changes: a fork for each takes twice as long, and
changes no answer.
"""
import contextlib
import io
import json
import os
import sys
import tempfile
import traceback

# Who runs this must make no difference: `-u 0` is a setting for root, too. No command line can ask for this number.
NOBODY = -2
os.geteuid = os.getegid = lambda: NOBODY


def load_config():
    """Gunicorn's own start, up to the point where it has read its configuration."""
    from gunicorn.app import base, wsgiapp

    loaded = []
    base.Application.run = lambda app: loaded.append(app)
    wsgiapp.run()
    return loaded[0]


def import_with(environment):
    """What depends on the environment is read where a release's modules are imported: that of the last import counts.

    GUNICORN_CMD_ARGS is none of it: it is read when it is used.
    """
    wanted = {name: value for name, value in environment.items() if name != 'GUNICORN_CMD_ARGS'}
    if wanted == import_with.last:
        return
    # Unless the import succeeds, the next one starts anew.
    import_with.last = None
    for name in [name for name in sys.modules if name == 'gunicorn.config' or name.startswith('gunicorn.app')]:
        parent, _, child = name.rpartition('.')
        vars(sys.modules[parent]).pop(child, None)
    for name in [name for name in sys.modules if name == 'gunicorn.config' or name.startswith('gunicorn.app')]:
        del sys.modules[name]
    import gunicorn.app.wsgiapp
    import_with.last = wanted


import_with.last = None


def settings_of(cfg):
    """Every setting but the server hooks, and the name that is made up from the application's."""
    return {name: plain(setting.get()) for name, setting in cfg.settings.items()
            if not setting.section.endswith('Hooks') and name != 'default_proc_name'}


def refusal(check):
    try:
        check()
    except Exception as error:
        return str(error)
    return None


def unwritable(cfg):
    """Why gunicorn's own loggers would die of a log that has no name, which start-failures.test.ts shows; no log is opened here."""
    own = ('gunicorn.glogging.Logger', 'simple', 'gunicorn.instrument.statsd.Statsd')
    is_nameless = cfg.settings['logger_class'].get() in own and '' in (cfg.errorlog, cfg.accesslog)
    return "'' isn't writable" if is_nameless else None


def worker_is_unknown(cfg):
    from gunicorn import util

    wanted = []
    with replaced(util, 'load_class', wanted.append):
        cfg.worker_class
    # A config file can set none, or a class.
    name = wanted[0] if wanted else None
    if not isinstance(name, str):
        return False
    if name.startswith('egg:'):
        # No release since 19.0 declares entry points of its own.
        return name.startswith('egg:gunicorn#')
    if '.' in name:
        return False
    # Its own table, but with a class in it that can be loaded anywhere.
    loadable = dict.fromkeys(util.SUPPORTED_WORKERS, 'gunicorn.workers.sync.SyncWorker')
    with replaced(util, 'SUPPORTED_WORKERS', loadable):
        return refusal(lambda: util.load_class(name)) is not None


@contextlib.contextmanager
def replaced(owner, name, value):
    real = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, real)


@contextlib.contextmanager
def written(files, folder):
    for path, text in files.items():
        os.makedirs(os.path.dirname(os.path.join(folder, path)), exist_ok=True)
        with open(os.path.join(folder, path), 'w', encoding='utf-8', newline='') as file:
            file.write(text)
    # Files of one size and second would be taken for the same by what is compiled of them.
    compiles, sys.dont_write_bytecode = sys.dont_write_bytecode, bool(files) or sys.dont_write_bytecode
    try:
        yield
    finally:
        sys.dont_write_bytecode = compiles
        for path in files:
            os.remove(os.path.join(folder, path))


def answer(request, defaults, empty):
    os.environ.clear()
    os.environ.update(request.get('env') or {})
    # A start goes to --chdir and puts it on the path.
    os.chdir(empty)
    path = list(sys.path)
    stderr = io.StringIO()
    status, app = None, None
    with replaced(sys, 'argv', list(request['argv'])), contextlib.redirect_stdout(io.StringIO()), \
            contextlib.redirect_stderr(stderr), written(request.get('files') or {}, empty):
        try:
            import_with(os.environ)
            app = load_config()
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        except Exception:
            traceback.print_exc()
            status = 1
    sys.path[:] = path
    if app is None:
        said = stderr.getvalue().rstrip().split('\n')[-1]
        return {'exit': status, 'error': said if status else None, 'application': None, 'settings': None,
                'bind_error': None, 'env_error': None, 'worker_error': False}
    return {
        'exit': None,
        'error': None,
        'application': getattr(app, 'app_uri', None),
        'settings': {name: value for name, value in settings_of(app.cfg).items() if value != defaults[name]},
        'bind_error': refusal(lambda: app.cfg.address),
        'env_error': refusal(lambda: app.cfg.env) or unwritable(app.cfg),
        'worker_error': worker_is_unknown(app.cfg),
    }


def main(folder):
    global plain
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'scripts'))
    sys.dont_write_bytecode = True
    from catalogue import load, plain
    sys.dont_write_bytecode = False

    os.environ.clear()
    with tempfile.TemporaryDirectory() as empty:
        os.chdir(empty)
        load(folder)
        from gunicorn.config import Config
        import gunicorn.workers.sync

        defaults = settings_of(Config(prog='gunicorn'))
        for line in sys.stdin.buffer:
            try:
                reply = answer(json.loads(line.decode('utf-8')), defaults, empty)
            except Exception:
                reply = {'oracle': traceback.format_exc()}
            print(json.dumps(reply, default=repr), flush=True)
        os.chdir('/')


if __name__ == '__main__':
    main(sys.argv[1])
