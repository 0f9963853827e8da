"""Many guests at once, all of them answering."""

import os
import re

from conftest import TOP
from test_guest import SCRIPTS

ECHO = os.path.join(TOP, os.environ.get("O", "build"), "guests/echo")


def many(dom0, kind, count, *options):
    r = dom0("sh many.sh %s %d" % (kind, count),
             "--file", os.path.join(SCRIPTS, "many.sh"),
             "--file", os.path.join(SCRIPTS, "alloc-lib.sh"), *options,
             timeout=3000)
    assert re.findall("^ok (.*)$", r.out, re.M) == [
        "%d guests are up" % count, "%d guests answer" % count,
        "nothing left"]


def test_twenty_stock(dom0):
    many(dom0, "stock", 20, "--guest", "cloud", "--mem", "8192",
         "--dom0-mem", "1024")


def test_two_hundred_tiny(dom0):
    many(dom0, "tiny", 200, "--file", ECHO, "--mem", "4096",
         "--dom0-mem", "1024")
