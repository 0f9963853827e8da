"""hvxl and our daemons beside xl and Debian's, both on our core: in time, on all
CPUs; and in the emulator's own time (-icount, one CPU: a microsecond is a thousand
instructions, whoever ran them, or a wait), in which nothing else that the machine
does counts, and neither does what TCG makes dear."""

import os

import measure
from measure import Group


def tools(toolstack, *more):
    return measure.lines(
        ["tests/dom0-run", "--hypervisor", "hvx", "--toolstack", toolstack,
         *more, "--mem", "3072", "--dom0-mem", "768",
         "--guest", "amd64", "--guest", "cloud",
         "--file", os.path.join(measure.OUT, "guests/hello"),
         "--file", measure.compiled("stopwatch"),
         "--file", "tests/bench/tools.sh", "--timeout", "2400", "--",
         "sh tools.sh " + {"hvx": "hvxl", "xen": "xl"}[toolstack]])


def both(label, *more, rounds=1):
    return {label: measure.best(label, lambda t: tools(t, *more), rounds)}


# What is destroyed, and a guest's own boot, has no aim of its own.
AIMS = {"destroy-stock-us": None, "destroy-tiny-us": None,
        "cloud-to-init-us": None, "list-us": 0.2, "list-100-us": 0.2,
        "create-tiny-us": 0.25, "create-tiny-1-to-10-us": 0.25,
        "create-tiny-91-to-100-us": 0.25}
GROUPS = [
    Group("tools", "hvxl with our daemons, and xl with Debian's, microseconds "
          "(all CPUs, the better of two runs)",
          lambda opt: both("tools", rounds=2), aim=0.5, aims=AIMS),
    Group("tools-icount", "the same (-icount, one CPU)",
          lambda opt: both("tools-icount", "--icount"), aim=0.5, aims=AIMS),
]
