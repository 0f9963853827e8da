"""A stock dom0 comes up, with all processors, on every kind of machine."""

import re

import matrix
import pytest


@pytest.mark.parametrize("options, smp", [
    pytest.param(options, smp, id=name,
                 marks=[pytest.mark.quick] if quick else [])
    for name, options, smp, quick in matrix.MACHINES])
def test_boot(dom0, options, smp):
    r = dom0("cat /sys/hypervisor/type /sys/hypervisor/guest_type; nproc",
             *options)
    assert r.out.split() == ["xen", "PV", str(smp)]


@pytest.mark.quick
def test_exit_status_and_output(dom0):
    r = dom0("printf 'a\\n\\nb'; printf '\\036x' >&2; exit 3", status=3)
    assert r.out == "a\n\nb\x1ex"


@pytest.mark.quick
def test_poweroff(dom0):
    """dom0's ACPI turns the machine off; dom0-run fails if it stays on."""
    dom0("true", "--poweroff")


@pytest.mark.quick
def test_processors_down_and_up(dom0):
    r = dom0("cd /sys/devices/system/cpu/cpu1; for i in 1 2 3; do "
             "echo 0 >online; nproc; echo 1 >online; nproc; "
             "taskset 2 true || exit 1; done", "--smp", "2")
    assert r.out.split() == ["1", "2"] * 3


@pytest.mark.quick
def test_time_runs_right(dom0):
    """Sleep, the TSC clock and the wall clock agree, on each processor."""
    r = dom0("cat /sys/devices/system/clocksource/clocksource0/"
             "current_clocksource; date +%s; for c in 1 2; do "
             "a=$(cut -d' ' -f1 /proc/uptime); taskset $c sleep 3; "
             "b=$(cut -d' ' -f1 /proc/uptime); echo $a $b; done; date +%s")
    lines = r.out.split("\n")
    assert lines[0] == "xen"
    for line in lines[2:4]:
        a, b = map(float, line.split())
        assert 2.9 < b - a < 6, line
    assert 6 <= int(lines[4]) - int(lines[1]) <= 12


@pytest.mark.quick
def test_wall_clock(dom0):
    import time
    r = dom0("date -u +%s")
    # dom0-run ends as soon as the command does.
    assert abs(int(r.out) - time.time()) < 20


@pytest.mark.quick
def test_memory_is_all_there(dom0):
    """dom0 gets what dom0_mem says; without it, nearly all."""
    some = dom0("grep MemTotal /proc/meminfo; cat "
                "/sys/devices/system/xen_memory/xen_memory0/info/current_kb",
                "--dom0-mem", "512", "--mem", "1024")
    assert int(re.findall(r"\d+", some.out)[-1]) == 512 * 1024


def test_bochs(dom0):
    """On the machine that refuses what QEMU lets pass; minutes, not seconds."""
    r = dom0("cat /sys/hypervisor/type; nproc", "--emulator", "bochs",
             "--mem", "1024", timeout=1800)
    assert r.out.split() == ["xen", "1"]
