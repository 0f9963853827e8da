"""hvxstored beside Debian's two store daemons, one after the other in one
dom0: operations a second, and the daemon's processor time for one, both in the
emulator's own time (-icount, one CPU: an instruction is a nanosecond)."""

import os
import re

import measure
from measure import Group

STORES = """
measure() {	# NAME PID-FILE
	sleep 1
	echo "STORE $1"
	DAEMON_PID=$(cat $2) ./xsbench 60
}
hvx-daemon start hvxstored && measure hvxstored /run/hvx/hvxstored.pid
hvx-daemon stop hvxstored
xenstored --pid-file /run/xs.pid && measure xenstored /run/xs.pid
kill $(cat /run/xs.pid); sleep 1
oxenstored --pid-file /run/oxs.pid && measure oxenstored /run/oxs.pid
"""


def stores(opt):
    measure.say("store daemons")
    text = measure.output(
        ["tests/dom0-run", "--hypervisor", "hvx", "--toolstack", "none",
         "--icount", "--mem", "2048", "--dom0-mem", "1024",
         "--file", os.path.join(measure.OUT, "bin/xsbench"),
         "--file", os.path.join(measure.OUT, "bin/hvxstored") +
         ":/usr/sbin/hvxstored",
         "--file", "tests/lib/hvx-daemon:/usr/sbin/hvx-daemon",
         "--package", "xen-utils-4.17", "--package", "xen-utils-common",
         "--package", "xenstore-utils", "--package", "libxengnttab1",
         "--timeout", "1800", "--", STORES])
    found = {name: measure.rows(rows) for name, rows in re.findall(
        r"^STORE (\S+)\n((?:(?!STORE ).*\n?)*)", text, re.M)}
    return {"store, " + other: (found.get("hvxstored", {}),
                                found.get(other, {}))
            for other in ("xenstored", "oxenstored")}


GROUPS = [
    Group("store", "operations a second of hvxstored, xenstored and "
          "oxenstored, and nanoseconds of their time for one (-icount, one CPU)",
          stores, aim=1.0,
          larger=lambda row: not row.endswith("-cpu-ns")),
]
