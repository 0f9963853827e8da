"""dom0 under load for minutes: nothing dies, nothing is lost."""

import pytest

# One of each kind of trouble: fork and exec storms, mappings that come and go,
# signals, threads, the FPU, context switches.
STRESSORS = ("--fork 2 --exec 2 --vm 1 --vm-bytes 64M --mmap 1 "
             "--mmap-bytes 16M --mremap 1 --mremap-bytes 8M --sigq 1 "
             "--pthread 1 --matrix 2 --switch 2 --sigsegv 1 --timer 1 "
             "--pipe 1 --clone 1 --fault 1")


def stress(dom0, seconds, *options):
    r = dom0("stress-ng %s --verify --timeout %d --metrics-brief 2>&1"
             % (STRESSORS, seconds), "--package", "stress-ng", "--mem", "2048",
             "--dom0-mem", "1536", *options, timeout=seconds * 4 + 240)
    assert "successful run completed" in r.out
    assert "fail" not in r.out.replace("failed: 0", "")


@pytest.mark.quick
def test_stress_short(dom0):
    stress(dom0, 20, "--smp", "2")


@pytest.mark.parametrize("smp", [1, 2, 4])
def test_stress_long(dom0, smp):
    stress(dom0, 180, "--smp", str(smp))
