"""netback under two stock guests and dom0 on one bridge: until hvxd makes the
guests, Debian's xl does, and nethost (tests/machine/net) plays netback's parent."""

import os
import re
import subprocess

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, "../..")
OUT = os.path.join(TOP, os.environ.get("O", "build"))


def built(name, sources, libs, folder):
    """A program of this test, linked with our libraries."""
    path = os.path.join(folder, name)
    subprocess.run(["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-O1", "-Wall",
                    "-Werror", "-I.", "-o", path, *sources,
                    os.path.join(OUT, "lib/libbridge.a"), "-lnl-route-3",
                    "-lnl-3", *libs], check=True, cwd=TOP)
    return path


def numbers(text):
    """Steps that the script has marked: {name: what followed}."""
    return dict(re.findall(r"^@@ (\S+) ?(.*)$", text, re.M))


@pytest.mark.quick
def test_guests(dom0, tmp_path):
    """Ports of a bridge as Debian's kernel makes them (test_bridge, of which the
    building machine may lack parts); then ping and TCP in every direction, what
    is left of them when netback is killed, and a guest with a false address."""
    nethost = built("nethost", ["tests/machine/net/nethost.c"], [],
                    str(tmp_path))
    ports = built("test_bridge", ["tests/host/test_bridge.c"], ["-lcmocka"],
                  str(tmp_path))
    net = os.path.join(HERE, "net")
    r = dom0("sh /root/net-test", "--toolstack", "xen", "--guest", "cloud",
             "--mem", "1536", "--dom0-mem", "768", "--package", "libcmocka0",
             "--append-dom0", "nosoftlockup",
             "--file", nethost, "--file", ports,
             "--file", os.path.join(net, "net-dom0"),
             "--file", os.path.join(net, "net-test"), timeout=1200)
    said = numbers(r.out)
    assert "end" in said, r.out[-3000:]
    assert "PASSED  ] 12 test" in r.out and "SKIPPED" not in r.out, r.out
    # Checksums were left to the tap and came out right; counters agree.
    assert int(said["tap-rx-bytes"]) > 2 << 20
    assert int(said["tap-tx-bytes"]) > 2 << 20
    # Killed under traffic: the stream went on, each new netback served it.
    assert said["kills"] == "10"
    # Only its own address.
    assert said["spoofed"] == "0"
