"""Disks of a stock guest by blkback, under Debian's toolstack: blkhost plays
blkback's parent (see backends/README.md)."""

import hashlib
import os
import re
import struct
import subprocess
import sys

import pytest

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "blk")
sys.path.insert(0, os.path.join(HERE, "../../lib"))
import powercut                                         # noqa: E402
from cpio import Cpio                                   # noqa: E402

# In the guest. Two disks: xvda to be written, xvdb read-only.
GUEST = r"""
cat /proc/partitions
echo "blk-guest: sizes $(cat /sys/block/xvda/size) $(cat /sys/block/xvdb/size)"
echo "blk-guest: xvdb ro=$(cat /sys/block/xvdb/ro)"
cmp /dev/xvdb /dev/zero 2>&1 | head -1
dd if=/dev/zero of=/dev/xvdb bs=4k count=1 conv=fsync 2>&1 | head -1
echo "blk-guest: begins"
blkload /dev/xvda 8 $1 || exit 1
dd if=/dev/zero bs=4k count=64 2>/dev/null | tr '\0' x | dd of=/dev/xvda bs=64k
sync
blkdiscard -o 65536 -l 65536 /dev/xvda || echo "blk-guest: no discard"
dd if=/dev/xvda bs=64k count=3 iflag=direct 2>/dev/null | md5sum
echo "blk-guest: written"
i=0
until [ "$(cat /sys/block/xvda/size)" = 196608 ] || [ $i -gt 600 ]; do
	usleep 100000
	i=$((i + 1))
done
echo "blk-guest: grown to $(cat /sys/block/xvda/size)"
i=0
while [ -e /sys/block/xvdb ] && [ $i -lt 600 ]; do
	usleep 100000
	i=$((i + 1))
done
[ -e /sys/block/xvdb ] || echo "blk-guest: xvdb is gone"
"""

DOM0 = r"""
. /root/blk-dom0
dd if=/dev/zero of=/tmp/a.img bs=1M count=64 2>/dev/null
truncate -s 16M /tmp/b.img
guest 128 1
disk 51712 xvda
disk 51728 xvdb
ask attach /tmp/a.img '{"do":"attach","id":1,"device":51712,"vdev":"xvda","discard":true}'
ask attach /tmp/b.img '{"do":"attach","id":2,"device":51728,"vdev":"xvdb","readonly":true}'
said '"id":2,"ok"'
ask attach /tmp/a.img '{"do":"attach","id":3,"device":51744,"vdev":"xvdc","bad":1}'
said '"id":3,"error":{"errno":"EBUSY"'
sed -n 's/^\(Uid\|CapEff\|CapBnd\|NoNewPrivs\|Seccomp\):/blkback: &/p' \
	/proc/$(pidof blkback)/status
xl unpause blk
guest_said 'blk-guest: begins' 600
ask kills %(kills)d %(pause)d
guest_said 'blk-guest: written' %(limit)d
said 'blkhost: killed' 600
grep -c 'goes on with' /root/back.log | sed 's/^/resumed: /'
grep -o 'goes on with [1-9][0-9]* request' /root/back.log | sort | uniq -c
ask send '{"do":"stats","id":10,"device":51712}'
said '"id":10,"ok"'
truncate -s 96M /tmp/a.img
ask send '{"do":"resize","id":11,"device":51712}'
said '"id":11,"ok"'
guest_said 'blk-guest: grown' 200
xenstore-write /local/domain/0/backend/hvbd/$domid/51728/online 0
ask send '{"do":"detach","id":12,"device":51728}'
said '"id":12,"ok"' 1200
xenstore-rm /local/domain/$domid/device/vbd/51728
xenstore-rm /local/domain/0/backend/hvbd/$domid/51728
guest_said 'blk-guest: ended' 200
echo "--- guest"
cat /var/log/xen/console/guest-blk.log
echo "--- blkback"
sort /root/back.log | uniq -c | head -40
cat /root/host.log
"""


def compile_static(name, folder):
    out = os.path.join(folder, name)
    # Without vector registers: Debian's Xen in QEMU 7.2 sometimes loses them,
    # which looks like a block that was.
    subprocess.run(["gcc", "-D_GNU_SOURCE", "-O2", "-mgeneral-regs-only",
                    "-Wall", "-Wextra", "-Werror", "-static", "-o", out,
                    os.path.join(HERE, name + ".c")], check=True)
    return out


def guest_files(folder, script):
    """What the guest's initramfs has beside the stock one's."""
    path = os.path.join(folder, "blk.cpio")
    with open(path, "wb") as out:
        c = Cpio(out)
        for name, local in (("blk-init", os.path.join(HERE, "guest-init")),
                            ("blkload", compile_static("blkload", folder))):
            with open(local, "rb") as f:
                c.file(name, f.read(), 0o755)
        c.file("blk-run", script.encode(), 0o755)
        c.close()
        out.write(b"\0" * (-out.tell() % 512))
    return path


def run(dom0, folder, seconds, kills, pause):
    script = os.path.join(folder, "run.sh")
    with open(script, "w") as f:
        f.write(DOM0 % {"kills": kills, "pause": pause,
                        "limit": 10 * seconds + 600})
    return dom0("sh run.sh", "--toolstack", "xen", "--guest", "cloud",
                "--file", compile_static("blkhost", folder),
                "--file", guest_files(folder, GUEST.replace(
                    "$1", str(seconds))),
                "--file", os.path.join(HERE, "blk-dom0"),
                "--file", script, timeout=20 * seconds + 1200)


def check(r, kills):
    out = r.out
    # Confined: another user, no capabilities, a filter.
    assert re.search(r"blkback: Uid:\s+65534\s+65534\s+65534\s+65534", out)
    assert re.search(r"blkback: CapEff:\s+0{16}\b", out)
    assert re.search(r"blkback: CapBnd:\s+0{16}\b", out)
    assert re.search(r"blkback: Seccomp:\s+2\b", out)
    # What the guest sees.
    assert "blk-guest: sizes 131072 32768" in out
    assert "blk-guest: xvdb ro=1" in out
    assert "EOF on /dev/xvdb" in out
    assert "can't open '/dev/xvdb': Read-only file system" in out or \
        "Operation not permitted" in out
    assert re.search(r"blkload: /dev/xvda ok [1-9]\d* writes [1-9]\d* reads"
                     r" [1-9]\d* flushes", out), out[-3000:]
    assert "I/O error" not in out
    assert "blk-guest: no discard" not in out
    holed = b"x" * 65536 + b"\0" * 65536 + b"x" * 65536
    assert hashlib.md5(holed).hexdigest() in out
    assert "blk-guest: grown to 196608" in out
    assert "blk-guest: xvdb is gone" in out
    assert "blk-guest: ended with 0" in out
    assert "died by itself" not in out
    # The parent's view: both disks were resumed after each kill.
    assert int(re.search(r"resumed: (\d+)", out).group(1)) >= 2 * kills
    assert re.search(r"goes on with [1-9]\d* request", out)
    stats = re.search(r'"id":10,"ok":(\{.*?\})', out).group(1)
    assert '"errors":0' in stats


POWER_CUT = r"""
. /root/blk-dom0
guest 128 1
disk 51712 xvda
ask attach /dev/vda '{"do":"attach","id":1,"device":51712,"vdev":"xvda"}'
said '"id":1,"ok"'
xl unpause blk
tail -f /var/log/xen/console/guest-blk.log
"""


def block(number):
    """What blkload writes into a block the first time."""
    first = (number << 32 | 1) * 0x9e3779b97f4a7c15
    return struct.pack("<512Q", *((first + i) % 2**64 for i in range(512)))


def test_blk_power_cut(hypervisor, tmp_path):
    """The plug is pulled while a guest syncs: what it was told is durable is
    on the disk, not in dom0's memory."""
    folder = str(tmp_path)
    image = os.path.join(folder, "disk.img")
    with open(image, "wb") as f:
        f.truncate(16 << 20)
    script = os.path.join(folder, "run.sh")
    with open(script, "w") as f:
        f.write(POWER_CUT)
    last = powercut.durable(
        hypervisor, rb"blkload: durable (\d+)", 300, "--toolstack", "xen",
        "--guest", "cloud", "--disk", image + ":virtio", "--timeout", "1800",
        "--log", os.path.join(folder, "console"),
        "--file", compile_static("blkhost", folder),
        "--file", guest_files(folder, "blkload /dev/xvda sync"),
        "--file", os.path.join(HERE, "blk-dom0"), "--file", script,
        "--", "sh run.sh")
    with open(image, "rb") as f:
        for i in range(last + 1):
            assert f.read(4096) == block(i), "block %d of %d" % (i, last)


@pytest.mark.quick
def test_blk_killed(dom0, tmp_path):
    check(run(dom0, str(tmp_path), 20, 12, 300), 12)


def test_blk_killed_hundred_times(dom0, tmp_path):
    check(run(dom0, str(tmp_path), 300, 100, 1000), 100)
