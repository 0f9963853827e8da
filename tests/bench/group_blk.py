"""A guest's disk by blkback on hvx, beside the kernel's xen-blkback on Debian's
Xen: the same guest, and a disk in dom0's memory."""

import os
import sys

import measure
from measure import Group

sys.path.insert(0, os.path.join(measure.TOP, "tests/lib"))
from cpio import Cpio                                   # noqa: E402


def archive():
    """blkbench, to be added to a guest's initramfs; its path below TOP."""
    path = os.path.join(measure.OUT, "bench/blkbench.cpio")
    with open(os.path.join(measure.TOP, measure.compiled("blkbench")),
              "rb") as f:
        program = f.read()
    with open(os.path.join(measure.TOP, path), "wb") as out:
        c = Cpio(out)
        c.file("blkbench", program, 0o755)
        c.close()
    return path


def disk(name, rounds, *more):
    def run(hv):
        return measure.lines(
            ["tests/dom0-run", "--hypervisor", hv, "--toolstack", hv,
             "--mem", "1024", "--guest", "cloud", "--file", archive(),
             "--file", "tests/bench/blk.sh", "--timeout", "1800", *more, "--",
             "sh blk.sh %s %d" % ({"hvx": "hvxl", "xen": "xl"}[hv], rounds)])
    return {name: measure.both(name, run)}


def larger(row):
    return not row.endswith("-per-gib")


GROUPS = [
    Group("blk", "a guest's disk: operations a second for 4 KiB, kB/s for 1 MiB, "
          "milliseconds of dom0 a GiB (all CPUs)",
          lambda opt: disk("blk", 5), aim=1.0, larger=larger),
    Group("blk-icount", "the same on one CPU whose time counts instructions",
          lambda opt: disk("blk-icount", 4, "--icount"), aim=1.0,
          larger=larger),
]
