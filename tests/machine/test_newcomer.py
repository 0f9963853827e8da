"""What README.md tells a newcomer to type, in a Debian that has git and make
and nothing more: it installs what it needs, builds, runs and tests."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from conftest import LOGS, TOP

sys.path.insert(0, os.path.join(TOP, "tests/lib"))
import debian                                           # noqa: E402
import debootstrap                                      # noqa: E402

# As in a container: processes, devices without disks, and nothing of ours.
ENTER = """set -e
mount -t proc proc "$0/proc"
mount -t sysfs sysfs "$0/sys"
mount -t tmpfs dev "$0/dev"
cp -a /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty "$0/dev"
ln -s /proc/self/fd "$0/dev/fd"
mkdir "$0/dev/shm" "$0/dev/pts"
mount -t tmpfs shm "$0/dev/shm"
mount -t devpts -o newinstance,ptmxmode=666 devpts "$0/dev/pts"
ln -s pts/ptmx "$0/dev/ptmx"
mount -t tmpfs tmp "$0/tmp"
exec chroot "$0" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin \\
	sh -c "cd /root/hvx && $1"
"""


@pytest.fixture
def clean_root(tmp_path):
    if debootstrap.lacks():
        pytest.skip(debootstrap.lacks())
    # Beside the cache: a system's size is not for /tmp.
    root = os.path.join(debian.OUT, "newcomer")
    shutil.rmtree(root, ignore_errors=True)
    debian.run("cp", "-a", debootstrap.folder(["git", "make"]), root)
    shutil.copy("/etc/resolv.conf", os.path.join(root, "etc/resolv.conf"))
    debian.run("git", "clone", "-q", TOP, os.path.join(root, "root/hvx"))
    os.makedirs(LOGS, exist_ok=True)
    yield root
    shutil.rmtree(root)


def typed(root, command, log, timeout):
    """The command's exit status; what it says is in the log."""
    with open(log, "wb") as f:
        return subprocess.run(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh",
             "-c", ENTER, root, command], stdin=subprocess.DEVNULL, stdout=f,
            stderr=subprocess.STDOUT, timeout=timeout).returncode


def said(log):
    with open(log, errors="replace") as f:
        return f.read()


def test_newcomer(clean_root):
    for tool in ("gcc", "python3", "qemu-system-x86_64", "busybox"):
        assert not shutil.which(tool, path=":".join(
            os.path.join(clean_root, d) for d in ("usr/bin", "bin")))
    log = os.path.join(LOGS, "newcomer-run")
    assert typed(clean_root, "make run", log, 5400) == 0, said(log)[-3000:]
    assert "hvx: installing" in said(log)
    assert "All of it works" in said(log)
    # Again: nothing is fetched, and nothing but the machine is made.
    log = os.path.join(LOGS, "newcomer-again")
    assert typed(clean_root, "make run", log, 1800) == 0, said(log)[-3000:]
    assert "All of it works" in said(log)
    assert not re.search(r"hvx: (installing|fetching)|^  (CC|LD) ", said(log),
                         re.M)
    # All of `make test` is what this suite is part of: here, that it begins.
    log = os.path.join(LOGS, "newcomer-test")
    assert typed(clean_root, "make test SUITES='headers abi docs'", log,
                 5400) == 0, said(log)[-3000:]
    assert re.search(r"^\d+ passed, 0 failed$", said(log), re.M)
