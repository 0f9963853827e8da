"""hvxstored under Debian's own programs: xenstore-utils, xl, xenconsoled, and
dom0's kernel.  It is killed while they are at work, and nobody notices."""

import os
import re

import pytest

from conftest import TOP

O = os.path.join(TOP, os.environ.get("O", "build"))

UTILS = """
run() {
	echo "@@ $*"
	"$@" 2>&1
	echo "@= $?"
}
[ ! -f hvx-daemon ] || mv hvx-daemon hvxstored /usr/sbin
hvx-daemon start hvxstored || exit 9
export XENSTORED_PATH=%s
run xenstore-write /test/a one /test/b/c two
run xenstore-read /test/a
run xenstore-read /test/b/c /test/a
run xenstore-read /test/none
run xenstore-list /test
run xenstore-chmod /test/b/c n0 r5
run xenstore-ls -p /test
run xenstore-ls -f /test
run xenstore-exists /test/a
run xenstore-exists /test/none
run xenstore-rm /test/b
run xenstore-list /test
rm -f /run/watch
xenstore-watch -n 3 /test/w >/run/watch &
watcher=$!
i=0; until [ -s /run/watch ] || [ $i = 600 ]; do usleep 50000; i=$((i+1)); done
xenstore-write /test/w 1
xenstore-write /test/w/x 1
i=0; while kill -0 $watcher 2>/dev/null && [ $i -lt 600 ]; do
	usleep 50000; i=$((i+1))
done
kill $watcher 2>/dev/null
run cat /run/watch
i=0; while [ $i -lt 100 ]; do
	set -- "$@" /test/many/a-name-of-some-length-$i v; i=$((i+1))
done
xenstore-write "$@"
run sh -c 'xenstore-list /test/many | wc -l'
run xenstore-rm /test
"""

CONTROL = """
unset XENSTORED_PATH
run xenstore-control check
run xenstore-control quota
run xenstore-control help
run xenstore-control nonsense
"""

# A program of dom0's uses the kernel's ring by this device.
RING = "/dev/xen/xenbus"

KILLED = """
xen-init-dom0 >/dev/null || exit 8
XENSTORED_PATH=/dev/xen/xenbus xenstore-watch /busy >/run/events &
watcher=$!
i=0; until [ -s /run/events ] || [ $i = 600 ]; do usleep 50000; i=$((i+1)); done
(
	export XENSTORED_PATH=/dev/xen/xenbus
	i=0
	while [ $i -lt 40 ]; do
		xenstore-write /busy/k$i $i || echo "k$i failed"
		i=$((i+1))
	done
	echo done
) >/run/busy 2>&1 &
busy=$!
cat >tiny.cfg <<X
name = "tiny"
kernel = "/root/tiny"
memory = 16
on_poweroff = "destroy"
X
for n in 1 2 3 4; do
	usleep 700000
	hvx-daemon kill hvxstored
	usleep 100000
	hvx-daemon start hvxstored || exit 7
done
wait $busy
run cat /run/busy
run sh -c 'xenstore-list /busy | wc -l'
i=0; until grep -q '^/busy/k39$' /run/events || [ $i = 100 ]; do
	usleep 100000; i=$((i+1))
done
run sh -c 'sort -u /run/events | grep -c ^/busy/k'
kill $watcher

# A guest of xl's, on its own ring.
xenconsoled --pid-file=/run/xenconsoled.pid --log=all
run xl create tiny.cfg
i=0
until xenstore-read /local/domain/1/control/feature-reboot 2>/dev/null |
		grep -q 1; do
	usleep 100000; i=$((i+1)); [ $i -lt 100 ] || break
done
run xenstore-read /local/domain/1/control/feature-poweroff
run xenstore-ls -fp /local/domain/1/control
run xenstore-control quota 1
hvx-daemon kill hvxstored
hvx-daemon start hvxstored || exit 6
run xenstore-control quota 1
# xenconsoled has lost its connection with the old daemon, as with any other.
run xl shutdown tiny
i=0; while xl domid tiny >/dev/null 2>&1; do
	usleep 200000; i=$((i+1)); [ $i -lt 200 ] || break
	case $(xl list tiny 2>/dev/null | tail -1) in *---s--*) break ;; esac
done
run xl list
xl destroy tiny 2>/dev/null
i=0; while xl domid tiny >/dev/null 2>&1; do
	usleep 200000; i=$((i+1)); [ $i -lt 100 ] || break
done
run xenstore-control quota 1
run xenstore-control check
run cat /var/log/hvx/hvxstored.log
run grep -c . /proc/$(cat /run/hvx/hvxstored.pid)/maps
"""


def sections(out):
    """[(command, status, text)] in order."""
    return [(m.group(1), int(m.group(3)), m.group(2)) for m in re.finditer(
        r"^@@ (.*)\n((?:.*\n)*?)@= (\d+)$", out, re.M)]


def check_utils(said):
    text = [(status, t) for _, status, t in said]
    assert text[0] == (0, "")
    assert text[1] == (0, "one\n")
    assert text[2] == (0, "two\none\n")
    assert text[3][0] == 1 and "couldn't read path /test/none" in text[3][1]
    assert text[4] == (0, "a\nb\n")
    assert text[5] == (0, "")
    assert text[6][0] == 0
    assert re.search(r'^a = "one" [ .]+\(n0\)$', text[6][1], re.M)
    assert re.search(r'^ c = "two" [ .]+\(n0,r5\)$', text[6][1], re.M)
    assert text[7] == (0, '/test/a = "one"\n/test/b = ""\n/test/b/c = "two"\n')
    assert text[8][0] == 0 and text[9][0] == 1
    assert text[10] == (0, "")
    assert text[11] == (0, "a\n")
    assert text[12] == (0, "/test/w\n/test/w\n/test/w/x\n")
    assert text[13] == (0, "100\n")
    assert text[14] == (0, "")
    return said[15:]


@pytest.mark.quick
def test_store(dom0):
    r = dom0(UTILS % "/run/xenstored/socket" + UTILS % RING + CONTROL + KILLED,
             "--toolstack", "none", "--mem", "1024",
             "--package", "xenstore-utils", "--package", "xen-utils-4.17",
             "--package", "xen-utils-common",
             "--file", os.path.join(TOP, "tests/lib/hvx-daemon"),
             "--file", os.path.join(O, "bin/hvxstored"),
             "--file", os.path.join(O, "guests/tiny"), timeout=600)
    said = check_utils(check_utils(sections(r.out)))

    check, quota, control_help, nonsense = said[:4]
    assert check[1] == 0 and check[2] == "OK\n"
    assert quota[1] == 0 and "nodes             :      1000" in quota[2]
    assert control_help[1] == 0 and "memreport" in control_help[2]
    assert nonsense[1] != 0

    rest = {}
    for command, status, text in said[4:]:
        rest.setdefault(command, []).append((status, text))
    assert rest["cat /run/busy"] == [(0, "done\n")]
    assert rest["sh -c xenstore-list /busy | wc -l"] == [(0, "40\n")]
    assert rest["sh -c sort -u /run/events | grep -c ^/busy/k"] == [(0, "40\n")]
    assert rest["xl create tiny.cfg"][0][0] == 0
    assert rest["xenstore-read /local/domain/1/control/feature-poweroff"] == \
        [(0, "1\n")]
    before, after, gone = rest["xenstore-control quota 1"]
    assert before == after and "watches           : 1" in before[1]
    assert re.search(r"nodes +: 0\nwatches +: 0", gone[1])
    assert rest["xl shutdown tiny"][0][0] == 0
    listed = rest["xl list"][0][1]
    assert "tiny" not in listed or re.search(r"tiny .*---s--", listed)
    assert rest["xenstore-control check"] == [(0, "OK\n")]
    log = rest["cat /var/log/hvx/hvxstored.log"][0][1]
    assert "damaged" not in log and "lost" not in log
