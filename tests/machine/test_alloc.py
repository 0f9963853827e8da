"""The allocator: storms of creates, and guests that don't give."""

import os
import re

import pytest

from test_guest import SCRIPTS
from test_life import TINY

FILES = ["--file", os.path.join(SCRIPTS, "alloc-lib.sh")]


def steps(result):
    return re.findall("^ok (.*)$", result.out, re.M)


def storm(dom0, count, fit):
    r = dom0("sh alloc-storm.sh %d %d" % (count, fit), "--file", TINY, "--file",
             os.path.join(SCRIPTS, "alloc-storm.sh"), *FILES, "--mem", "2304",
             timeout=1500)
    assert steps(r) == [
        "%d run, %d are refused with a plan" % (fit, count - fit),
        "again, and nothing leaks", "each decision was an event",
        "a plan says who would give",
        "others are created meanwhile",
        "one that gives nothing is marked, and not waited for",
        "a floor is set",
        "without it guests are created from what is free",
        "it knows all again after a restart"]


@pytest.mark.quick
def test_small_storm(dom0):
    storm(dom0, 12, 5)


def test_storm(dom0):
    """Memory for 20, and 50 creates at once."""
    storm(dom0, 50, 20)


def moves(dom0, tmp_path, seconds, modes):
    """{mode: (pages that all worked on, [MiB that each had, a guest's turn])}"""
    disks = []
    for name in "abc":
        path = str(tmp_path / name)
        with open(path, "wb") as f:
            f.truncate(256 << 20)
        disks += ["--disk", path + ":virtio"]
    r = dom0("sh memory-moves.sh %d %s" % (seconds, " ".join(modes)), *disks,
             "--file", os.path.join(SCRIPTS, "memory-moves.sh"), *FILES,
             "--guest", "cloud", "--mem", "1536", timeout=2400)
    print("\n".join(re.findall("^(?:moved|BENCH) .*$", r.out, re.M)))
    assert steps(r) == ["three guests", "the events say why"], r.out[-3000:]
    had = {mode: [] for mode in modes}
    for mode, *mib in re.findall(r"^moved (\w+) .* has (\d+) (\d+) (\d+)$",
                                 r.out, re.M):
        had[mode].append(list(map(int, mib)))
    return {mode: (int(pages), had[mode]) for mode, pages in re.findall(
        r"^BENCH (\w+)-pages (\d+)$", r.out, re.M)}


def test_work_moves(dom0, tmp_path):
    """Work moves over three stock guests, memory follows, and so more is done
    than if each kept its third; who says what they use, agent or hypervisor."""
    found = moves(dom0, tmp_path, 60, ["fixed", "hand", "sampled", "agent"])
    fixed = found["fixed"][0]
    assert found["hand"][0] > 2 * fixed
    for mode in ("sampled", "agent"):
        pages, had = found[mode]
        assert pages > 1.5 * fixed
        for turn, mib in enumerate(had):
            assert sum(mib) <= 3 * 193 + 4
            # It had 192 like the others.
            assert mib[turn] >= 260
