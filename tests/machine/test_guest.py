"""Stock, unmodified Linux guests: from create to each kind of end."""

import os
import re

import pytest

SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "scripts")
STEPS = ["created, and at its init", "all vCPUs are up", "console in and out",
         "paused and unpaused under load", "rebooted", "crashed", "shut down",
         "destroyed", "nothing left"]


def live(dom0, hypervisor, flavour, vcpus):
    after = "hvxl debug-keys M; sleep 2" if hypervisor == "hvx" else ":"
    r = dom0("sh guest-life.sh %s %d || exit 1; %s" % (flavour, vcpus, after),
             "--guest", flavour, "--mem", "1280", "--smp", "2",
             "--file", os.path.join(SCRIPTS, "guest-life.sh"), timeout=1800)
    assert re.findall("^ok (.*)$", r.out, re.M) == STEPS
    if hypervisor == "hvx":
        assert "audit: 0 differences" in r.console


@pytest.mark.quick
@pytest.mark.parametrize("flavour,vcpus", [("cloud", 1), ("amd64", 1)])
def test_life(dom0, hypervisor, flavour, vcpus):
    live(dom0, hypervisor, flavour, vcpus)


# A kernel that patches itself while several vCPUs run: only an emulator that
# runs what memory holds can judge it.
@pytest.mark.parametrize("flavour,vcpus", [
    pytest.param("amd64", 4, marks=pytest.mark.quick), ("cloud", 4)])
def test_life_smp(dom0, hypervisor, sound_qemu, flavour, vcpus):
    live(dom0, hypervisor, flavour, vcpus)
