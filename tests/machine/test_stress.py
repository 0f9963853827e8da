"""dom0 under load for minutes: nothing dies, nothing is lost."""

import re

import pytest

# One of each kind of trouble: fork and exec storms, mappings that come and go,
# signals, threads, the FPU, context switches.
STRESSORS = ("--fork 2 --exec 2 --vm 1 --vm-bytes 64M --mmap 1 "
             "--mmap-bytes 16M --mremap 1 --mremap-bytes 8M --sigq 1 "
             "--pthread 1 --matrix 2 --switch 2 --sigsegv 1 --timer 1 "
             "--pipe 1 --clone 1 --fault 1")


# What the core has free, before and after, and its own audit: under load too,
# asked on two CPUs at once, when tables change on the others.
SCRIPT = """
ask() { xl debug-keys $1; }
ask m
for i in 1 2 3 4 5; do sleep 2; ask M; done &
for i in 1 2 3 4 5; do sleep 2; ask M; done &
stress-ng %s --verify --timeout %d --metrics-brief 2>&1
status=$?
wait
ask M
ask m
xl dmesg | tail -40
exit $status
"""


def stress(dom0, hypervisor, seconds, *options):
    r = dom0(SCRIPT % (STRESSORS, seconds), "--package", "stress-ng",
             "--toolstack", "xen", "--mem", "2048", "--dom0-mem", "1536",
             *options, timeout=seconds * 4 + 400)
    assert "successful run completed" in r.out
    assert "fail" not in r.out.split("successful run completed")[0].replace(
        "failed: 0", "")
    if hypervisor == "hvx":
        found = re.findall(r"audit: (\d+) difference", r.console)
        assert found == ["0"] * 11, found
        free = [int(n) for n in re.findall(r"free pages: (\d+)", r.console)]
        assert len(free) == 2
        assert free[0] - free[1] <= 64, "pages lost: %s" % free


@pytest.mark.quick
def test_stress_short(dom0, hypervisor):
    stress(dom0, hypervisor, 20, "--smp", "2")


@pytest.mark.parametrize("smp", [1, 2, 4])
def test_stress_long(dom0, hypervisor, smp):
    stress(dom0, hypervisor, 180, "--smp", str(smp))
