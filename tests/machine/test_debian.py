"""A stock Debian on disks of blkback: its root file system, fio's checks, and
what is left of it when the plug is pulled. It has two vCPUs, so that the
emulator must bear them (lib/emulator.py)."""

import os
import re
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lib"))
import debootstrap                                      # noqa: E402
import powercut                                         # noqa: E402
import rootfs                                           # noqa: E402

pytestmark = pytest.mark.skipif(debootstrap.lacks() is not None,
                                reason=str(debootstrap.lacks()))

LIFE = r"""
boot 1
login
ask 'findmnt -no SOURCE,FSTYPE /' 60
ask 'echo version $(cat /etc/debian_version) $(uname -r)' 60
ask 'systemctl is-system-running --wait || systemctl --failed' 300
# Most of what is on the disk, read again and compared.
ask 'dpkg --verify libc6 systemd coreutils perl-base' 600
ask 'tar -C /usr -cf /var/tmp/a.tar bin && sync' 600
ask 'echo 3 >/proc/sys/vm/drop_caches; tar -C /usr -df /var/tmp/a.tar' 600
hvxl --json block-list deb
hvxl --json list deb
off
grep -a -v '^\[' $log
"""

# Writes and reads back blocks of all sizes, many at once, on three disks: two
# raw ones and a file.  Each block has its place, turn and checksum in it.
FIO = ("fio --ioengine=libaio --direct=1 --iodepth=32 --rw=randwrite"
       " --bsrange=4k-256k --verify=crc32c --verify_backlog=128"
       " --verify_fatal=1 --random_generator=tausworthe64 --size=%(size)s"
       " --time_based --runtime=%(seconds)d --output=/run/fio.out"
       " --eta=never"
       " --name=file --filename=/var/tmp/fio"
       " --name=b --filename=/dev/xvdb --name=c --filename=/dev/xvdc"
       " --bsrange=512-64k")
LOAD = r"""
boot 3
login
type_in '%(fio)s; echo; echo fio-ended-$(($? + 1000)); grep -E "(file|b|c): |err=|IOPS" /run/fio.out'
%(meanwhile)s
said '^fio-ended-' %(limit)d
sleep 3
ask 'dmesg | grep -c "I/O error" | sed s/^/errors-/' 60
off
grep -c 'goes on with' /var/log/hvx/hvxd.log | sed 's/^/resumed: /'
grep -ao 'goes on with [1-9][0-9]* request' /var/log/hvx/hvxd.log | wc -l |
	sed 's/^/with requests in flight: /'
grep -a -E 'err=|IOPS=|^fio-ended|^errors-' $log
"""

CUT = r"""
boot 1
login
type_in 'i=0; while :; do echo $i >/var/tmp/f$i; sync /var/tmp/f$i; echo durable-$i; i=$((i + 1)); done'
tail -f $log
"""


def disks(folder, count):
    """The root file system, and empty ones."""
    paths = [os.path.join(folder, "disk%d.img" % i) for i in range(count)]
    rootfs.copy(paths[0])
    for path in paths[1:]:
        with open(path, "wb") as f:
            f.truncate(96 << 20)
    return paths


def options(folder, script, paths):
    run = os.path.join(folder, "run.sh")
    with open(run, "w") as f:
        f.write("PASSWORD=%s\n. ./dom0.sh\n" % rootfs.PASSWORD + script)
    found = ["--mem", "1280", "--file", run,
             "--file", os.path.join(HERE, "debian/dom0.sh"),
             "--file", os.path.join(HERE, "scripts/guest.sh")]
    for name in ("vmlinuz", "initrd.img"):
        found += ["--file", os.path.join(rootfs.folder(), name)]
    for path in paths:
        found += ["--disk", path + ":virtio"]
    return found


@pytest.fixture
def folder(tmp_path):
    yield str(tmp_path)
    for path in tmp_path.glob("*.img"):
        path.unlink()


def clean(path):
    status, words = rootfs.fsck(path)
    assert status == 0, words


def test_debian_lives_on_its_disk(dom0, folder, sound_qemu):
    paths = disks(folder, 1)
    r = dom0("sh run.sh", *options(folder, LIFE, paths), timeout=2400)
    assert re.search(r"^/dev/xvda +ext4\r?$", r.out, re.M)
    assert re.search(r"^version 12\.\d+ 6\.1\.\S+-cloud-amd64", r.out, re.M)
    assert re.search(r"^running\r?$", r.out, re.M), r.out[-3000:]
    assert "I/O error" not in r.out
    # What it has done is told by all who may be asked.
    reads, sectors = [int(re.search('"read_%s": ([0-9]+)' % what, r.out).group(1))
                      for what in ("requests", "sectors")]
    assert reads > 1000 and sectors > 8 * reads
    assert re.search(r'"disk_errors": *\[\s*\]', r.out)
    clean(paths[0])


def load(dom0, folder, seconds, kills, pause):
    paths = disks(folder, 3)
    script = LOAD % {
        "fio": FIO % {"size": "64m", "seconds": seconds},
        "meanwhile": "kills %d %d" % (kills, pause) if kills else ":",
        "limit": 4 * seconds + 900}
    r = dom0("sh run.sh", *options(folder, script, paths),
             timeout=6 * seconds + 2400 + 10 * kills)
    assert "fio-ended-1000" in r.out, r.out[-4000:]
    assert len(re.findall(r"err= *0", r.out)) == 3, r.out[-4000:]
    assert "errors-0" in r.out
    clean(paths[0])
    return r


def test_debian_fio(dom0, folder, sound_qemu):
    load(dom0, folder, 90, 0, 0)


def test_debian_fio_while_its_backend_is_killed(dom0, folder, sound_qemu):
    r = load(dom0, folder, 700, 100, 6)
    assert "killed 100 times" in r.out
    assert int(re.search(r"resumed: (\d+)", r.out).group(1)) >= 300
    assert int(re.search(r"in flight: (\d+)", r.out).group(1)) >= 50


def names_on(image):
    """What a journal's replay leaves in /var/tmp: {name: contents}."""
    subprocess.run(["e2fsck", "-fy", image], stdout=subprocess.DEVNULL)
    out = os.path.join(os.path.dirname(image), "tmp")
    os.mkdir(out)
    subprocess.run(["debugfs", "-R", "rdump /var/tmp " + out, image],
                   check=True, stderr=subprocess.DEVNULL)
    found = {}
    for name in os.listdir(os.path.join(out, "tmp")):
        path = os.path.join(out, "tmp", name)
        if os.path.isfile(path):
            with open(path, "rb") as f:
                found[name] = f.read()
    return found


def test_debian_power_cut(hypervisor, folder, sound_qemu):
    """Files that the guest was told are on the disk are there after QEMU is
    killed, and its file system is whole."""
    paths = disks(folder, 1)
    last = powercut.durable(
        hypervisor, rb"durable-(\d+)", 300, "--timeout", "2400",
        "--log", os.path.join(folder, "console"),
        *options(folder, CUT, paths), "--", "sh run.sh")
    found = names_on(paths[0])
    for i in range(last + 1):
        assert found.get("f%d" % i) == b"%d\n" % i, "f%d of %d" % (i, last)
    clean(paths[0])
