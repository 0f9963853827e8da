"""hvxl and our daemons beside xl and Debian's, both on our core."""

import os

import measure
from measure import Group


def tools(toolstack):
    return measure.lines(
        ["tests/dom0-run", "--hypervisor", "hvx", "--toolstack", toolstack,
         "--mem", "3072", "--dom0-mem", "768",
         "--guest", "amd64", "--guest", "cloud",
         "--file", os.path.join(measure.OUT, "guests/hello"),
         "--file", measure.compiled("stopwatch"),
         "--file", "tests/bench/tools.sh", "--timeout", "900", "--",
         "sh tools.sh " + {"hvx": "hvxl", "xen": "xl"}[toolstack]])


GROUPS = [
    Group("tools", "microseconds of hvxl with our daemons, and of xl with "
          "Debian's, on our core",
          lambda opt: {"tools": measure.both("tools", tools)}, aim=0.5,
          aims={"list-us": 0.2, "list-100-us": 0.2, "create-tiny-us": 0.25,
                "create-tiny-1-to-10-us": 0.25,
                "create-tiny-91-to-100-us": 0.25}),
]
