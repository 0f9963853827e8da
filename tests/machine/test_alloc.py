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


@pytest.mark.parametrize("source", ["sampled"])
def test_memory_follows(dom0, source):
    """Work moves from one stock guest to another, and memory with it."""
    r = dom0("sh alloc-follow.sh " + source, "--file",
             os.path.join(SCRIPTS, "alloc-follow.sh"), *FILES,
             "--guest", "cloud", "--mem", "1536", timeout=1500)
    assert steps(r) == [
        "two guests, known by " + source, "memory went to the first",
        "memory went to the second", "the events say why"], r.out[-3000:]
