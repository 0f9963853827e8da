"""hvxl and our daemons beside xl and Debian's, both on our core.  The time is
the emulator's own (-icount, one CPU: a microsecond is a thousand instructions,
whoever ran them, or a wait), so that nothing else on the machine counts."""

import os

import measure
from measure import Group


def tools(toolstack):
    return measure.lines(
        ["tests/dom0-run", "--hypervisor", "hvx", "--toolstack", toolstack,
         "--icount", "--mem", "3072", "--dom0-mem", "768",
         "--guest", "amd64", "--guest", "cloud",
         "--file", os.path.join(measure.OUT, "guests/hello"),
         "--file", measure.compiled("stopwatch"),
         "--file", "tests/bench/tools.sh", "--timeout", "2400", "--",
         "sh tools.sh " + {"hvx": "hvxl", "xen": "xl"}[toolstack]])


GROUPS = [
    Group("tools", "hvxl with our daemons, and xl with Debian's, microseconds "
          "(-icount, one CPU)",
          lambda opt: {"tools": measure.both("tools", tools)}, aim=0.5,
          aims={"list-us": 0.2, "list-100-us": 0.2, "create-tiny-us": 0.25,
                "create-tiny-1-to-10-us": 0.25,
                "create-tiny-91-to-100-us": 0.25}),
]
