"""Facts of one gunicorn release, read from the release itself, as JSON on standard output.

Started as `python catalogue.py FOLDER`, FOLDER being where the release is installed.

release   its version
prog      the name that the parser goes by
usage     argparse's usage text, with %(prog)s
workers   short worker names and their classes: gunicorn.workers.SUPPORTED_WORKERS
options   the parser's actions that are no settings, in argparse's order: help, version and the positional `args`.
          `version` is the text that the version action prints, with %(prog)s
settings  every setting but the server hooks: first those of the parser, in argparse's order, then those that only a
          config file can set
  section    heading in gunicorn's documentation
  flags      option strings; empty where only a config file can set it
  action     argparse's name of the action; null without flags
  nargs, const, choices   as the argparse action has them
  type       name of the function that argparse converts the value with; null where argparse converts nothing
  default    the value in an empty environment on Linux, after gunicorn's own validator (a list for
             forwarded_allow_ips). null where there is none, and where it depends on the machine: see MACHINE
  validator  name of the function in gunicorn.config that checks and converts what is set
Enumerations are written as their value, classes and functions as their dotted name.
"""
import argparse
import enum
import inspect
import json
import os
import sys

# What depends on who runs gunicorn and where: the user and group of the process, the folder it was started in.
MACHINE = {'user', 'group', 'chdir'}


def load(folder):
    sys.path.insert(0, folder)
    # The default of syslog_addr is chosen by platform; containers run Linux.
    platform, sys.platform = sys.platform, 'linux'
    import gunicorn.config
    sys.platform = platform
    return gunicorn.config


def plain(value):
    if isinstance(value, enum.Enum):
        return value.value
    if inspect.isclass(value) or inspect.isfunction(value):
        return '%s.%s' % (value.__module__, value.__qualname__)
    if isinstance(value, (set, frozenset)):
        return sorted(plain(item) for item in value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def usage():
    """The usage text that the command `gunicorn` hands to its parser."""
    from gunicorn.app import wsgiapp

    given = []

    class Recorder:
        def __init__(self, usage=None, **rest):
            given.append(usage)

        def run(self):
            pass

    wsgiapp.WSGIApplication = Recorder
    wsgiapp.run()
    return given[0]


def action_name(parser, action):
    for name, kind in parser._registries['action'].items():
        if name is not None and type(action) is kind:
            return name
    raise LookupError('argparse action without a name: %r' % action)


def default_of(setting):
    value = plain(setting.get())
    # 25.2 and newer put the control socket into the user's home.
    if setting.name in MACHINE or (setting.name == 'control_socket' and os.path.isabs(value)):
        return None
    return value


def describe(parser, action):
    return {
        'flags': action.option_strings,
        'action': action_name(parser, action),
        'nargs': action.nargs,
        'type': action.type and action.type.__name__,
        'const': plain(action.const),
        'choices': action.choices and list(action.choices),
    }


def facts(config):
    from gunicorn import __version__
    from gunicorn.workers import SUPPORTED_WORKERS

    text = usage()
    cfg = config.Config(text, prog='gunicorn')
    parser = cfg.parser()
    options, settings = {}, {}
    for action in parser._actions:
        setting = cfg.settings.get(action.dest)
        facts = describe(parser, action)
        if setting is None:
            if isinstance(action, argparse._VersionAction):
                facts['version'] = action.version
            options[action.dest] = facts
        else:
            settings[action.dest] = dict(
                {'section': setting.section}, **facts, default=default_of(setting), validator=setting.validator.__name__)
    for known in config.KNOWN_SETTINGS:
        setting = cfg.settings[known.name]
        if setting.name in settings or setting.section == 'Server Hooks' or callable(setting.get()):
            continue
        settings[setting.name] = {
            'section': setting.section, 'flags': [], 'action': None, 'nargs': None, 'type': None, 'const': None,
            'choices': None, 'default': default_of(setting), 'validator': setting.validator.__name__}
    return {'release': __version__, 'prog': 'gunicorn', 'usage': text, 'workers': SUPPORTED_WORKERS,
            'options': options, 'settings': settings}


def one_line_each(members):
    """A JSON object with one member a line, so that releases can be told apart by diff."""
    return '{\n%s\n  }' % ',\n'.join('    %s: %s' % (json.dumps(name), json.dumps(value)) for name, value in members.items())


def write(facts):
    lines = []
    for name, value in facts.items():
        text = one_line_each(value) if isinstance(value, dict) else json.dumps(value)
        lines.append('  %s: %s' % (json.dumps(name), text))
    return '{\n%s\n}\n' % ',\n'.join(lines)


if __name__ == '__main__':
    sys.stdout.write(write(facts(load(sys.argv[1]))))
