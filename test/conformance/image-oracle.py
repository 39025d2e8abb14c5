"""A config file that has a gunicorn tell what it finds: the oracle for what `paddock image` says of the image it runs in."""
import json
import os
import platform
import sys

names = os.environ.get("ORACLE_NAMES", "").split()


def version_of(name):
    module = {"zope.event": "zope.event", "zope.interface": "zope.interface"}.get(name, name.replace("-", "_"))
    try:
        __import__(module)
    except Exception:
        return None
    try:
        from importlib import metadata
        return metadata.version(name)
    except Exception:
        return ""


def code_of(name):
    return getattr(sys.modules.get(name.replace("-", "_")), "__version__", None)


def on_starting(server):
    import gunicorn
    found = {name: version_of(name) for name in names}
    code = {name: code_of(name) for name in names}
    with open(os.environ["ORACLE_OUT"], "w") as out:
        json.dump({"python": platform.python_version(), "executable": sys.executable, "gunicorn": gunicorn.__version__, "found": found, "code": code, "path": sys.path}, out)
    os._exit(0)
