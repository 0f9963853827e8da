"""The core beside Debian's Xen: calls, a stock dom0's kernel, boot, memory."""

import os
import subprocess
import time

import measure
from measure import Group


def calls(opt):
    return {"calls": measure.both("calls", lambda hv: measure.lines(
        ["tests/guest-run", "--hypervisor", hv, "--icount",
         "--timeout", "600", "bench"]))}


def dom0(name, *more):
    """A group by dom0bench, and what it says of memory as one of its own."""
    program = measure.compiled("dom0bench")

    def run(hv):
        return measure.lines(
            ["tests/dom0-run", "--hypervisor", hv, "--toolstack", "none",
             "--mem", "3072", "--file", program, *more, "--",
             "modprobe xen-privcmd; ./dom0bench"])
    pair = measure.both(name, run)
    kept = [{n: r.pop(n) for n in ("kept-kib",) if n in r} for r in pair]
    found = {name: pair}
    if all(kept):
        found["memory"] = tuple(kept)
    return found


MARKS = [("first", {"hvx": b"(hvx) hvx ", "xen": b"(XEN) Xen version"}),
         ("boot-to-kernel-ms", b"Linux version"),
         ("boot-to-init-ms", b"Run /init as init process")]


def boot_once(hv):
    """Milliseconds from the hypervisor's first message to each mark."""
    p = subprocess.Popen(
        ["tests/dom0-run", "--hypervisor", hv, "--toolstack", "none",
         "--mem", "3072", "--verbose", "--", "true"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=measure.TOP)
    seen, at = b"", {}
    while data := os.read(p.stderr.fileno(), 65536):
        now = time.monotonic()
        seen += data
        for name, mark in MARKS:
            if isinstance(mark, dict):
                mark = mark[hv]
            if name not in at and mark in seen:
                at[name] = now
    p.wait()
    return {n: round((at[n] - at["first"]) * 1000)
            for n, _ in MARKS[1:] if n in at and "first" in at}


def boots(hv, runs):
    best = {}
    for _ in range(runs):
        for n, v in boot_once(hv).items():
            best[n] = min(v, best.get(n, v))
    return best


GROUPS = [
    Group("calls", "a small PV kernel, instructions a call "
          "(-icount, one CPU)", calls),
    Group("kernel", "a stock dom0, instructions an operation "
          "(-icount, one CPU); memory kept",
          lambda opt: dom0("kernel", "--icount", "--timeout", "900"),
          aims={"kept-kib": 0.5}),
    Group("wall", "the same in TSC ticks, best of several (all CPUs)",
          lambda opt: dom0("wall", "--timeout", "300"), aim=None,
          aims={"kept-kib": 0.5}),
    Group("boot", "milliseconds from the core's first message (all CPUs)",
          lambda opt: {"boot": measure.both(
              "boot", lambda hv: boots(hv, opt.boots))}, aim=0.5),
]
