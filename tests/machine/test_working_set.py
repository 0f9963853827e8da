"""What a stock guest uses of its memory, as the hypervisor sees it by access
bits, against a program in it that touches what it is told to; and the same told
by the agent."""

import os
import re

import pytest

SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "scripts")
LIB = ["--file", os.path.join(SCRIPTS, "ws-lib.sh")]
# Of the estimate, less what the guest used before.
ERROR = 0.15


def watch(dom0, guest, mem, sizes, env="", timeout=300):
    r = dom0("%s sh working-set.sh %d %s || exit 1; "
             "hvxl debug-keys M; sleep 2" %
             (env, guest, " ".join(map(str, sizes))),
             "--guest", "cloud", "--mem", str(mem), "--smp", "2",
             "--file", os.path.join(SCRIPTS, "working-set.sh"), *LIB,
             timeout=timeout)
    rows = [tuple(map(int, row)) for row in re.findall(
        r"^N (\d+) base (\d+) estimate (\d+) core (\d+)$", r.out, re.M)]
    assert [row[0] for row in rows] == sizes
    for mib, base, estimate, core in rows:
        error = (estimate - base) / (mib * 1024) - 1
        print("%d MiB: estimate %d KiB (base %d), error %.1f %%, core %d us" %
              (mib, estimate, base, 100 * error, core))
        assert abs(error) < ERROR
    # The guest ages its pages itself: it must not see that we looked.
    assert "referenced 24576 of 24576" in r.out
    assert "audit: 0 differences" in r.console
    agent = re.search(r"^agent=40 told=(\d+) spare=(\d+)$", r.out, re.M)
    assert agent
    # What is used and what could be spared make the whole.
    assert abs(sum(map(int, agent.groups())) - guest * 1024) < 4096


@pytest.fixture(autouse=True)
def only_ours(hypervisor):
    if hypervisor != "hvx":
        pytest.skip("Xen has no such operation")


@pytest.mark.quick
def test_working_set(dom0):
    watch(dom0, 192, 1280, [16, 64])


def test_all_sizes(dom0):
    watch(dom0, 672, 1536, [16, 32, 64, 128, 256, 512], "COUNT=4",
          timeout=900)


def test_cost(dom0):
    """What an interval of a second costs a guest on one processor that dom0
    shares with it, in the emulator's own time: less than 1 %."""
    r = dom0("sh working-set-cost.sh 640 64 20 8192 1", "--guest", "cloud",
             "--mem", "1408", "--icount", "--file",
             os.path.join(SCRIPTS, "working-set-cost.sh"), *LIB,
             timeout=2400)
    us = {"alone": [], "watched": []}
    for how_many, took, how in re.findall(
            r"^(\d+) in (\d+) (alone|watched)$", r.out, re.M):
        us[how].append(int(took) / int(how_many))
    assert len(us["alone"]) == len(us["watched"]) == 3
    slower = sum(us["watched"]) / sum(us["alone"]) - 1
    print("rounds, us: %s; %.2f %% slower; %s" % (
        us, 100 * slower, re.search("^core .*$", r.out, re.M).group()))
    assert slower < 0.01
