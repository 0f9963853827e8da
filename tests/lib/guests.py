"""What a guest test's Makefile says about running it (see Rules.mk)."""

import os
import re

import debian

FOLDER = os.path.join(debian.TOP, "tests/guests")


class Guest:
    def __init__(self, name, said):
        self.name = name
        self.cpus = int(said.get("cpus", 1))
        self.mem = int(said.get("mem", 256))
        self.timeout = float(said.get("timeout", 60))
        self.cmdline = said.get("cmdline", "")
        self.core_args = said.get("core-args", "")
        self.hypervisors = said.get("hypervisors", "hvx xen").split()
        self.group = said.get("group", "quick")


def names():
    return sorted(n for n in os.listdir(FOLDER)
                  if os.path.exists(os.path.join(FOLDER, n, "Makefile")))


def read(name):
    path = os.path.join(FOLDER, name, "Makefile")
    try:
        with open(path) as f:
            text = f.read().replace("\\\n", " ")
    except OSError:
        raise debian.Problem("no guest %s; there are: %s"
                             % (name, " ".join(names())))
    return Guest(name, {m.group(1): m.group(2).strip() for m in re.finditer(
        r"^guest-([a-z-]+)\s*:?=(.*)$", text, re.M)})
