"""Domains' lives: hvxd with a tiny kernel (frontends/kernels/tiny) leaves
nothing behind, whatever fails and whenever it is killed, and follows what the
configuration says of shutdowns."""

import os
import re

import pytest

from conftest import HYPERVISOR, TOP

LIFE = os.path.join(TOP, "tests/machine/life.sh")
TINY = os.path.join(TOP, os.environ.get("O", "build"), "guests/tiny")
SECTIONS = ["whole", "refused", "steps", "killed", "orders", "policies",
            "backends", "cycles", "end"]
# Pages that the hypervisor may keep in all: Xen has one less after the second or
# third domain, and no fewer after more of them; a leak shows in the cycles.
KEPT = {"hvx": 0, "xen": 4}


def lives(dom0, cycles, timeout):
    r = dom0("sh life.sh %d %d" % (cycles, KEPT[HYPERVISOR]), "--file", LIFE,
             "--file", TINY, "--mem", "1024", "--smp", "2", timeout=timeout)
    said = dict(re.findall(r"^@ (\w+)\n((?:(?!@ ).*\n?)*)", r.out, re.M))
    assert list(said) == SECTIONS, r.out[-3000:]
    failures = re.findall(r"^! .*(?:\n.*){0,12}", r.out, re.M)
    assert not failures, "\n".join(failures)
    return said


def check(said, cycles):
    assert "same after create and destroy" in said["whole"]
    assert "4 MiB are enough" in said["whole"]
    assert re.search(r'"errno":"ENOMEM"', said["refused"])
    assert re.search(r'"object":"/root/none","errno":"ENOENT"',
                     said["refused"])
    assert re.search(r'"stage":"kernel","object":"/root/noise"',
                     said["refused"])
    assert len(re.findall("^same after failure at", said["steps"],
                          re.M)) == 12
    assert len(re.findall("^same after kill", said["killed"], re.M)) == 7
    assert said["orders"].split()[:2] == ["1", "1"]
    assert "same after policies" in said["policies"]
    assert "processes 1 1" in said["backends"]
    assert len(re.findall("/online = 1$", said["backends"], re.M)) == 2
    assert "there is no bridge xenbr7; there is: xenbr0" in said["backends"]
    assert "same after devices\n" in said["backends"]
    times = re.findall(r"^cycle ([\d.]+) ([\d.]+)$", said["cycles"], re.M)
    assert len(times) == cycles
    assert "same after %d cycles" % cycles in said["cycles"]


@pytest.mark.quick
def test_life(dom0):
    check(lives(dom0, 10, 1500), 10)


def test_hundred_lives(dom0):
    check(lives(dom0, 100, 3600), 100)
