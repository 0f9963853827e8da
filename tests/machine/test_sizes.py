"""The largest guest that is promised.  (The smallest, of 4 MiB, is one of
test_life.py's.)"""

import re

import pytest

GUEST_MIB = 16384
MACHINE_MIB = GUEST_MIB + 1280
SCRIPT = """
cat >large.cfg <<-END
	name = "large"
	kernel = "/root/vmlinuz-cloud"
	ramdisk = "/root/initrd-cloud"
	extra = "console=hvc0"
	memory = %d
	vcpus = 2
	END
log=/var/log/xen/console/guest-large.log
time hvxl create large.cfg || exit 1
t=0
until grep -q '^guest-init:' $log; do
	t=$((t + 1))
	[ $t -lt 1200 ] || { tail -20 $log; exit 1; }
	sleep 1
done
grep '^guest-init:' $log
hvxl list large
time hvxl destroy large && [ $(hvxl list | wc -l) = 2 ]
""" % GUEST_MIB


def available_mib():
    with open("/proc/meminfo") as f:
        return int(re.search(r"MemAvailable: *(\d+)", f.read()).group(1)) >> 10


def test_sixteen_gib(dom0):
    # Not all of it is ever written, but a guest may write all of it.
    if available_mib() < MACHINE_MIB + 512:
        pytest.skip("%d MiB are available, a machine of %d MiB is wanted" %
                    (available_mib(), MACHINE_MIB))
    r = dom0(SCRIPT, "--guest", "cloud", "--mem", str(MACHINE_MIB),
             "--dom0-mem", "640", timeout=1800)
    kib = int(re.search(r"^guest-init: .* (\d+) KiB", r.out, re.M).group(1))
    # Linux keeps a fraction of it for its own books.
    assert 0.96 * GUEST_MIB < kib / 1024 < GUEST_MIB
