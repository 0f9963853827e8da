"""Work that moves over three stock guests on a machine with too little memory
for all of them: what hvxallocd makes of it, beside a fixed split, and beside
mem-set by hand at each move; pages worked on, all on our core. hvx: with
hvxallocd, told of use by the hypervisor's sampling or by guests' agents."""

import os
import tempfile

import measure
from measure import Group

SECONDS = 30
SCRIPTS = "tests/machine/scripts/"


def moves(opt):
    with tempfile.TemporaryDirectory(prefix="hvx-") as folder:
        argv = ["tests/dom0-run", "--mem", "1536", "--guest", "cloud",
                "--timeout", "3600"]
        for name in "abc":
            disk = os.path.join(folder, name)
            with open(disk, "wb") as f:
                f.truncate(256 << 20)
            argv += ["--disk", disk + ":virtio"]
        for name in ("alloc-lib.sh", "memory-moves.sh"):
            argv += ["--file", SCRIPTS + name]
        measure.say("work that moves, four times")
        found = measure.lines(argv + [
            "--", "sh memory-moves.sh %d fixed hand sampled agent" % SECONDS])
    ours = {mode + "-pages": found.get(mode + "-pages")
            for mode in ("sampled", "agent")}
    if None in ours.values():       # no pages at all are a figure, too
        ours = {}

    def beside(mode):
        other = found.get(mode + "-pages")
        return ours, {row: other for row in ours if other is not None}
    by_hand, fixed = beside("hand"), beside("fixed")
    return {"memory-moves, fixed": fixed, "memory-moves, by hand": by_hand}


GROUPS = [
    Group("memory-moves", "work that moves over three guests: hvxallocd beside "
          "a fixed split, and beside mem-set by hand (all CPUs)", moves, aim=None,
          larger=lambda row: True),
]
