"""What one gunicorn release can log, read from its source without running it, as JSON on standard output.

Started as `python log-wording.py FOLDER`, FOLDER being where the release is installed. An object: each message with %s where
something is put in, and the levels that it is logged at: `debug` to `critical` (`exception` is `error`), `stderr` for what is
written there without time and process, `raise` for the text of an exception.
"""
import ast
import json
import os
import re
import sys

LEVELS = {'debug': 'debug', 'info': 'info', 'warning': 'warning', 'warn': 'warning', 'error': 'error', 'exception': 'error', 'critical': 'critical'}
PERCENT = re.compile(r'%(?:\(\w+\))?[#0\- +]*\d*(?:\.\d+)?[sdrifx]')
BRACES = re.compile(r'\{[^{}]*\}')


def texts(node, names):
    """What an expression can be, with %s for what is put in; nothing where that is not written down."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [PERCENT.sub('%s', node.value)]
    if isinstance(node, ast.Name):
        return names.get(node.id, [])
    if isinstance(node, ast.JoinedStr):
        return [''.join(part.value if isinstance(part, ast.Constant) else '%s' for part in node.values)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return texts(node.left, names)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [one + other for one in texts(node.left, names) or ['%s'] for other in texts(node.right, names) or ['%s']]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == 'format':
        return [BRACES.sub('%s', text) for text in texts(node.func.value, names)]
    if isinstance(node, ast.IfExp):
        return texts(node.body, names) + texts(node.orelse, names)
    return []


def assigned(function):
    names = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            names.setdefault(node.targets[0].id, []).extend(texts(node.value, {}))
    for node in ast.walk(function):
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            name = node.target.id
            names[name] = names.get(name, []) + [text + added for text in names.get(name, []) for added in texts(node.value, {})]
    return names


def levels_of(call):
    func = call.func
    if isinstance(func, ast.Name):
        # Arbiter.halt logs through a name that stands for one of two levels.
        return ['info', 'error'] if func.id in ('log_func', 'log_method', 'log_level') else ['stderr'] if func.id == 'print' else []
    if not isinstance(func, ast.Attribute):
        return []
    owner = func.value.attr if isinstance(func.value, ast.Attribute) else getattr(func.value, 'id', '')
    if func.attr == 'write' and owner == 'stderr':
        return ['stderr']
    return [LEVELS[func.attr]] if func.attr in LEVELS and owner in ('log', 'logger', 'error_log') else []


def gather(folder):
    found = {}

    def add(text, level):
        text = text.strip('\n')
        # What is put in alone tells nothing.
        if re.search('[A-Za-z]{3}', text.replace('%s', '')) and level not in found.setdefault(text, []):
            found[text].append(level)

    for parent, _, files in os.walk(os.path.join(folder, 'gunicorn')):
        for name in sorted(files):
            if not name.endswith('.py'):
                continue
            with open(os.path.join(parent, name), encoding='utf-8') as file:
                tree = ast.parse(file.read())
            # Exceptions of these are answers to clients.
            inner = os.path.basename(parent) in ('http', 'http2', 'asgi', 'uwsgi', 'ctl', 'dirty')
            for function in ast.walk(tree):
                if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Module)):
                    continue
                names = {} if isinstance(function, ast.Module) else assigned(function)
                for node in ast.walk(function):
                    if isinstance(node, ast.Call) and node.args:
                        for level in levels_of(node):
                            for text in texts(node.args[0], names):
                                add(text, level)
                    if isinstance(node, ast.Raise) and not inner and isinstance(node.exc, ast.Call) and node.exc.args:
                        for text in texts(node.exc.args[0], names):
                            add(text, 'raise')
    return {text: sorted(levels) for text, levels in sorted(found.items())}


if __name__ == '__main__':
    sys.stdout.write(json.dumps(gather(sys.argv[1])))
