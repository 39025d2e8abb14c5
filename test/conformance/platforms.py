"""What the real readers make of texts: PyYAML, which is what BlueKing reads its files with, honcho and shlex.

The first argument is the folder that holds PyYAML and honcho. Reads one JSON object from standard input, and answers with one
whose lists have the order of the request's.

yaml     texts -> what `yaml.safe_load` gives, each value as [type, str(value)], a list as ["list", [...]], a mapping as
         ["dict", [[key, value], ...]]; null where it is refused
honcho   texts of Procfiles -> [[name, command], ...], or null where honcho refuses it
shlex    texts -> what `shlex.split` gives, or the error that it ends with, as a text
"""
import json
import shlex
import sys

sys.path.insert(0, sys.argv[1])

import yaml  # noqa: E402
from honcho.environ import parse_procfile  # noqa: E402


def described(value):
    if isinstance(value, dict):
        return ["dict", [[described(key), described(member)] for key, member in value.items()]]
    if isinstance(value, list):
        return ["list", [described(item) for item in value]]
    return [type(value).__name__, str(value)]


def read_yaml(text):
    try:
        return described(yaml.safe_load(text))
    # Constructors fail in many ways: an integer of digits that are none, a date that there is not.
    except Exception:
        return None


def read_procfile(text):
    try:
        return list(parse_procfile(text).processes.items())
    except AssertionError:
        return None


def split(text):
    try:
        return shlex.split(text)
    except ValueError as error:
        return str(error)


request = json.load(sys.stdin)
json.dump({
    "yaml": [read_yaml(text) for text in request["yaml"]],
    "honcho": [read_procfile(text) for text in request["honcho"]],
    "shlex": [split(text) for text in request["shlex"]],
}, sys.stdout)
