"""What guests get of the processors: shares by weight, caps, and how soon dom0
answers when all of them want all they can get. In the emulator's own time
(-icount), so that nothing else which this machine does counts."""

import os
import re

from test_guest import SCRIPTS
from test_life import TINY

SECONDS = 20
# As cpu_weight in shares.sh.
WEIGHTS = {"a": 1, "b": 2, "c": 4}
FILES = [part for name in ("alloc-lib.sh", "shares.sh")
         for part in ("--file", os.path.join(SCRIPTS, name))]


def near(is_, due):
    print("%.3f s, due %.3f: %+.2f %%" % (is_ / 1e9, due / 1e9,
                                          100 * (is_ / due - 1)))
    return abs(is_ / due - 1) <= 0.01


def run(dom0, parts):
    return dom0("sh shares.sh %d %s" % (SECONDS, parts), "--file", TINY,
                *FILES, "--icount", "--smp", "3", "--mem", "1024",
                timeout=2400)


def used(result, part):
    """{name: ns}, and the ns that went by."""
    rows = re.findall(r"^used %s (\S+) (\d+) of (\d+)$" % part, result.out,
                      re.M)
    return {name: int(ns) for name, ns, _ in rows}, int(rows[0][2])


def check_weights(result, part, processors):
    is_, time = used(result, part)
    total = sum(is_[name] for name in WEIGHTS)
    assert total > 0.98 * processors * time
    for name, weight in WEIGHTS.items():
        assert near(is_[name], total * weight / sum(WEIGHTS.values()))


def test_shares(dom0):
    r = run(dom0, "one two caps answers")
    check_weights(r, "one", 1)
    check_weights(r, "two", 2)
    is_, time = used(r, "caps")
    assert near(is_["a"], 0.25 * time)
    assert near(is_["b"], 1.10 * time)
    # The other has what they leave.
    assert sum(is_[name] for name in WEIGHTS) > 0.98 * 2 * time
    late = {kind: tuple(map(int, ns)) for kind, *ns in re.findall(
        r"^(wake|list) (\d+) times: mean (\d+), p99 (\d+), most (\d+) us$",
        r.out, re.M)}
    print(late)
    for times, _, _, most in (late["wake"], late["list"]):
        assert times > 100
        assert most < 50000


def test_guarantee(dom0):
    """hvxallocd sees who waits, and where a vCPU would wait least."""
    r = run(dom0, "guarantee places")
    waits = int(re.search(r"^waits (\d+)$", r.out, re.M).group(1))
    assert 35 <= waits <= 65
    is_, time = used(r, "guarantee")
    print(is_, time)
    assert 0.48 * time <= is_["a"] <= 0.58 * time
    # dom0 is bound to the first, whose weight is for a tenth of the machine.
    assert re.search(r"^places 1 2 0$", r.out, re.M)
