"""tests/profile names what ran, in the core, the kernel and programs."""

import os
import re
import subprocess

from conftest import TOP

COMMAND = """
hvxl list >/dev/null
profmark start
for i in 1 2 3 4 5 6 7 8 9 10; do hvxl domid Domain-0 >/dev/null; done
profmark stop
i=0
while [ $i -lt 20000 ]; do i=$((i + 1)); done
exit 3
"""


def test_profile():
    r = subprocess.run(
        [os.path.join(TOP, "tests/profile"), "--top", "500", "--mem", "1024",
         "--", COMMAND], capture_output=True, text=True, timeout=600)
    assert r.returncode == 3, r.stderr[-2000:]
    owners, functions = r.stdout.split("\n\n")
    had = {name: int(count) for count, name in re.findall(
        r"^ *(\d+) +[\d.]+%  (.*)$", owners, re.M)}
    every = had.pop("all")
    assert sum(had.values()) == every
    # A process each, of a few milliseconds: not the loop behind the mark.
    assert 10 << 18 < every < 10 << 24
    assert had["core"] > every / 20 and had["dom0's kernel"] > every / 5
    assert had["other domains"] == 0
    for name in (r"core  entry_syscall", r"core  hc_\w+",
                 r"dom0's kernel  do_syscall_64", r"dom0's kernel  clear_page"):
        assert re.search(r"^ *\d+ +[\d.]+%%  %s" % name, functions, re.M), name
