"""hvxl top, live, on the terminal of a shell in dom0."""

import os
import sys

import pytest

from conftest import HYPERVISOR, TOP

sys.path.insert(0, os.path.join(TOP, "tests/lib"))
import terminal                                         # noqa: E402

TINY = os.path.join(TOP, os.environ.get("O", "build"), "guests/tiny")
CREATE = ("hvxl create -q /dev/null 'name=\"busy\"' memory=8 "
          "'kernel=\"/root/tiny\"' 'extra=\"spin\"'; clear; hvxl top -d 1\n")


def follow(dom0):
    dom0.until("^shell follows", 300)
    dom0.watch(5)
    dom0.type(CREATE)
    dom0.until(r"^hvxl top - .*every 1 s", 120)
    dom0.until(r"^ +NAME +STATE +CPU\(sec\) .* SSID", 10)
    # It runs all the time, so at some look it has a share.
    dom0.until(r"^ +busy +-----r +\d+ +[1-9][\d.]+ +8192 ", 60)
    assert "VCPUs(sec)" not in dom0.text()
    dom0.type("v")
    dom0.until(r"^VCPUs\(sec\):   0: ", 20)
    dom0.type("v+")
    dom0.until("every 2 s", 20)
    assert "VCPUs(sec)" not in dom0.text()
    for key, first in (("n", "Domain-0"), ("c", "busy"), ("i", "Domain-0")):
        dom0.type(key)
        dom0.until(r"SSID\n +%s " % first, 60)
    dom0.type("q")
    dom0.watch(2)
    dom0.type("echo left with $?\n")
    dom0.until("^left with 0", 30)


@pytest.mark.quick
def test_live_view():
    dom0 = terminal.Terminal(
        [os.path.join(TOP, "tests/dom0-run"), "--hypervisor", HYPERVISOR,
         "--file", TINY, "--shell", "--", "echo shell follows"], 164, 24)
    try:
        follow(dom0)
    finally:
        dom0.close()
