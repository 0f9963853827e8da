"""What a disk of a stock guest can be, and what becomes of it, by hvxl, hvxd and
blkback."""

import os

import pytest

from conftest import TOP

SCRIPTS = os.path.join(TOP, "tests/machine/scripts")
TINY = os.path.join(TOP, os.environ.get("O", "build"), "guests/tiny")
STEPS = ["two queues of 4 pages", "parts of a file",
         "sectors of 4096 bytes", "read-only", "grown while in use",
         "xentop counts as we do", "overlaps refused", "a logical volume",
         "no space", "detached", "destroyed under load, nothing left"]


@pytest.mark.quick
def test_disks(dom0, hypervisor):
    after = "hvxl debug-keys M; sleep 1" if hypervisor == "hvx" else ":"
    r = dom0("sh disks.sh || exit 1; " + after, "--guest", "cloud",
             "--mem", "1280", "--smp", "2", "--file", SCRIPTS + "/disks.sh",
             "--file", SCRIPTS + "/guest.sh", "--file", TINY,
             "--package", "xen-utils-4.17", "--package", "xen-utils-common",
             "--package", "lvm2", timeout=900)
    assert [line[3:] for line in r.out.splitlines()
            if line.startswith("ok ")] == STEPS, r.out[-3000:]
    if hypervisor == "hvx":
        assert "audit: 0 differences" in r.console


IMAGE_STEPS = ["refused for a reason", "confined", "written and read",
               "killed and killed again", "hvxd comes again",
               "an end that the guest sees", "attached while it runs",
               "clean after the guest's end"]


def test_images(dom0):
    r = dom0("sh images.sh", "--guest", "cloud", "--mem", "1536",
             "--dom0-mem", "896", "--smp", "2",
             "--file", SCRIPTS + "/images.sh", "--file", SCRIPTS + "/guest.sh",
             "--file", TINY, "--package", "qemu-utils", "--package", "libnbd0",
             timeout=1200)
    assert [line[3:] for line in r.out.splitlines()
            if line.startswith("ok ")] == IMAGE_STEPS, r.out[-3000:]
