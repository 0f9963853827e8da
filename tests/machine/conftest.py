"""Machine tests boot a stock dom0 in QEMU by tests/dom0-run, on the hypervisor
that HVX_HYPERVISOR names (hvx).  A test's console is kept in
build/logs/machine/, or where HVX_LOGS says."""

import os
import re
import subprocess
import sys

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests/lib"))
import debian                                           # noqa: E402
import emulator                                         # noqa: E402

HYPERVISOR = os.environ.get("HVX_HYPERVISOR", "hvx")
LOGS = os.environ.get("HVX_LOGS") or os.path.join(
    TOP, os.environ.get("O", "build"), "logs/machine")

# What dom0's kernel says when its hypervisor has let it down.
TROUBLE = re.compile(
    r"WARNING: CPU|BUG: |Oops|rcu: INFO|soft lockup|hung_task|blocked for more"
    r"|general protection fault|Call Trace|I/O error|nobody cared|Bad page")


def pytest_configure(config):
    config.addinivalue_line("markers", "quick: part of make test")


class Result:
    def __init__(self, status, out, err, console):
        self.status = status
        self.out = out
        self.err = err
        self.console = console

    def trouble(self):
        return [line for line in self.console.splitlines()
                if TROUBLE.search(line)]


@pytest.fixture
def hypervisor():
    return HYPERVISOR


@pytest.fixture
def sound_qemu(monkeypatch):
    """The machine's emulator is one that several processors don't upset."""
    try:
        path = emulator.sound()
    except debian.Problem as e:
        pytest.skip("no QEMU %d or later, of the system or of Debian's "
                    "backports: %s" % (emulator.SOUND, e))
    monkeypatch.setenv("QEMU", path)
    return path


@pytest.fixture
def dom0(request):
    """Calls tests/dom0-run; the command must succeed unless status= says
    otherwise, and dom0's kernel must have had no complaint."""
    os.makedirs(LOGS, exist_ok=True)
    name = re.sub(r"[^A-Za-z0-9_.=-]+", "_", request.node.name)
    count = [0]

    def run(command, *options, status=0, timeout=300):
        count[0] += 1
        log = os.path.join(LOGS, "%s-%d.console" % (name, count[0]))
        r = subprocess.run(
            [os.path.join(TOP, "tests/dom0-run"), "--hypervisor", HYPERVISOR,
             "--timeout", str(timeout), "--log", log, *options, "--", command],
            stdin=subprocess.DEVNULL, capture_output=True,
            timeout=timeout + 300)
        console = ""
        if os.path.exists(log):
            with open(log, errors="replace") as f:
                console = f.read().replace("\r", "")
        result = Result(r.returncode, r.stdout.decode(errors="replace"),
                        r.stderr.decode(errors="replace"), console)
        assert result.status == status, "status %d; console in %s\n%s\n%s" % (
            result.status, log, result.out[-3000:], result.err[-3000:])
        assert not result.trouble(), "%s; console in %s" % (
            result.trouble()[:5], log)
        return result
    return run
