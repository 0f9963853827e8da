"""Guests' consoles: log, replay, input, floods, and daemons killed meanwhile."""

import os
import re

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "../..", os.environ.get("O", "build"))
STEPS = ["output in the log", "replay and input, with several looking",
         "xenconsole", "Debian's tools by libhvxs", "a flood and nonsense",
         "killed while a guest prints", "bounded", "the store's end", "ends"]


@pytest.mark.quick
def test_console(dom0):
    r = dom0("sh consoles.sh", "--mem", "1024", "--smp", "2",
             "--package", "xen-utils-4.17", "--package", "xen-utils-common",
             "--package", "xenstore-utils",
             "--file", os.path.join(HERE, "scripts/consoles.sh"),
             "--file", os.path.join(OUT, "guests/echo"),
             "--file", os.path.join(OUT, "lib/libhvxs.so"), timeout=600)
    assert re.findall("^ok (.*)$", r.out, re.M) == STEPS
