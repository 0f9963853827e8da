"""The list of checks known to come out differently on Debian's Xen
(tests/diff/known.txt), and the checks that a guest's console shows."""

import os
import re

import debian

KNOWN = os.path.join(debian.TOP, "tests/diff/known.txt")
# Not only at a line's start: the hypervisor's own lines may be cut short.
CHECK = re.compile(r"(ok  |FAIL|^skip) (.*?)(?: \(-?\d.*\))?\r?$", re.M)


def checks(console):
    """{name: ok, FAIL or skip} in the order of the console; the worst of a
    name that comes more than once."""
    found = {}
    for verdict, name in CHECK.findall(console):
        verdict = verdict.strip()
        if found.get(name) != "FAIL":
            found[name] = verdict
    return found


def known(guest):
    """The rest of the guest's lines: each starts with the check's name."""
    with open(KNOWN) as f:
        return [line.split(": ", 1)[1].strip() for line in f
                if line.startswith(guest + ": ")]


def is_known(name, lines):
    return any(line.startswith(name + ": ") for line in lines)
