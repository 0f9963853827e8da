"""What a disk of a stock guest can be, and what becomes of it, by hvxl, hvxd and
blkback."""

import os

import pytest

from conftest import TOP

SCRIPT = os.path.join(TOP, "tests/machine/scripts/disks.sh")
TINY = os.path.join(TOP, os.environ.get("O", "build"), "guests/tiny")
STEPS = ["two queues of 4 pages", "parts of a file",
         "sectors of 4096 bytes", "read-only", "grown while in use",
         "overlaps refused", "no space", "detached",
         "destroyed under load, nothing left"]


@pytest.mark.quick
def test_disks(dom0, hypervisor):
    after = "hvxl debug-keys M; sleep 1" if hypervisor == "hvx" else ":"
    r = dom0("sh disks.sh || exit 1; " + after, "--guest", "cloud",
             "--mem", "1280", "--smp", "2", "--file", SCRIPT, "--file", TINY,
             timeout=900)
    assert [line[3:] for line in r.out.splitlines()
            if line.startswith("ok ")] == STEPS, r.out[-3000:]
    if hypervisor == "hvx":
        assert "audit: 0 differences" in r.console
