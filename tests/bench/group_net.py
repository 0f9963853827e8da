"""Guests' network cards: netback and libbridge on our core, beside the kernel's
xen-netback on Debian's Xen; the same guests, bridge and iperf3. In virtual time
(-icount, one CPU for all), so that what else the machine does has no part in it:
more here means fewer instructions."""

import measure
from measure import Group


def network(hv):
    tool, toolstack = {"hvx": ("hvxl", "hvx"), "xen": ("xl", "xen")}[hv]
    return measure.lines(
        ["tests/dom0-run", "--hypervisor", hv, "--toolstack", toolstack,
         "--mem", "1536", "--dom0-mem", "768", "--guest", "cloud",
         "--guest-package", "iperf3", "--package", "iperf3",
         "--package", "xenstore-utils",
         "--file", "tests/machine/net/net-dom0", "--file", "tests/bench/net.sh",
         "--icount", "--timeout", "1500", "--", "TOOL=%s sh net.sh" % tool])


GROUPS = [
    Group("net", "in virtual time: Mbit/s, packets a second, round trips in microseconds, and "
          "dom0's processor time in ms a GiB, beside xen-netback",
          lambda opt: {"net": measure.both("net", network)}, aim=1.0,
          larger=lambda row: row.endswith(("-mbit", "-pps"))),
]
