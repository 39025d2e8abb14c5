"""What pip makes of requirements files, markers and specifiers: of whichever release Python has.

Reads one JSON object from standard input, and answers with one whose lists have the order of the request's.

files       texts of requirements files -> a list of requirements each, or the error that pip ends with, as a text
markers     [marker, environment] -> true, false, or null where pip refuses it
specifiers  [specifier, [version, ...]] -> [true or false, ...] with pre-releases, or null where pip refuses it
"""
import contextlib
import io
import json
import logging
import os
import sys
import tempfile
import warnings

from pip._internal.exceptions import PipError
from pip._internal.network.session import PipSession
from pip._internal.req.constructors import install_req_from_parsed_requirement
from pip._internal.req.req_file import parse_requirements
from pip._vendor.packaging.markers import Marker
from pip._vendor.packaging.specifiers import SpecifierSet
from pip._vendor.packaging.utils import canonicalize_name

SESSION = PipSession()


def described(parsed):
    requirement = install_req_from_parsed_requirement(parsed)
    specifiers = requirement.req.specifier if requirement.req else []
    return {
        "line": int(parsed.comes_from.rpartition("(line ")[2].rstrip(")")),
        "name": canonicalize_name(requirement.req.name) if requirement.req else None,
        "extras": sorted(canonicalize_name(extra) for extra in requirement.extras),
        "specifier": sorted({str(specifier) for specifier in specifiers}),
        "marked": requirement.markers is not None,
        "linked": requirement.link is not None,
    }


def read(text):
    with open("requirements.txt", "w", encoding="utf-8", newline="") as file:
        file.write(text)
    try:
        return [described(parsed) for parsed in parse_requirements("requirements.txt", SESSION)]
    except (PipError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


def holds(marker, environment):
    try:
        return bool(Marker(marker).evaluate(environment))
    except (ValueError, KeyError):
        return None


def contained(specifier, versions):
    try:
        specifiers = SpecifierSet(specifier)
        return [specifiers.contains(version, prereleases=True) for version in versions]
    except ValueError:
        return None


def main():
    request = json.load(sys.stdin)
    logging.disable()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
        os.chdir(folder)
        answer = {
            "files": [read(text) for text in request.get("files", [])],
            "markers": [holds(*one) for one in request.get("markers", [])],
            "specifiers": [contained(*one) for one in request.get("specifiers", [])],
        }
        os.chdir("/")
    json.dump(answer, sys.stdout)


main()
