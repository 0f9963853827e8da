"""A QEMU that can be trusted with several processors that run freshly patched
code.  Debian 12's own, 7.2, can't: when one processor writes an instruction
while another translates it, the second may keep the old bytes for good.  A
kernel that patches itself through int3 then traps for ever on a breakpoint that
memory doesn't hold (machine/test_emulator.py shows it without a hypervisor).

QEMU 10 of Debian's backports doesn't do that.  It is fetched into the cache,
where the machine's own is older; the system isn't touched."""

import glob
import os
import re
import subprocess
import tempfile

import debian

SOUND = 10


def version(qemu):
    """The major version of a QEMU; 0 if it doesn't say."""
    try:
        text = subprocess.run([qemu, "--version"], capture_output=True,
                              text=True).stdout
    except OSError:
        return 0
    m = re.search(r"version (\d+)\.", text)
    return int(m.group(1)) if m else 0


def _with_backports(folder):
    """Options for apt: the system's sources, and backports from the same
    site, with lists of their own."""
    targets = debian.run("apt-get", "indextargets", "--format",
                         "$(SITE) $(RELEASE)", "Created-By: Packages")
    found = re.search(r"^(\S+) ([a-z]+)$", targets, re.M)
    if not found:
        raise debian.Problem("apt knows no plain release of Debian")
    site, release = found.groups()
    parts = os.path.join(folder, "sources")
    for d in (parts, os.path.join(folder, "lists/partial"),
              os.path.join(folder, "archives/partial")):
        os.makedirs(d)
    for f in (["/etc/apt/sources.list"]
              + glob.glob("/etc/apt/sources.list.d/*")):
        if os.path.exists(f):
            os.symlink(f, os.path.join(parts, os.path.basename(f)))
    with open(os.path.join(parts, "backports.list"), "w") as f:
        f.write("deb %s %s-backports main\n" % (site, release))
    return ["-o", "Dir::Etc::sourcelist=/dev/null",
            "-o", "Dir::Etc::sourceparts=" + parts,
            "-o", "Dir::State::lists=" + os.path.join(folder, "lists"),
            "-o", "Dir::Cache=" + folder, "-o", "Debug::NoLocking=1",
            "-o", "APT::Sandbox::User=root",
            "-t", release + "-backports"]


def _fetch(part):
    debian.say("fetching QEMU from Debian's backports")
    with tempfile.TemporaryDirectory() as tmp:
        apt = ["apt-get", "-qq", *_with_backports(tmp)]
        debian.run(*apt, "update")
        # What the system has of its libraries is used as it is.
        debian.run(*apt, "-y", "--no-install-recommends", "--download-only",
                   "install", "qemu-system-x86")
        for deb in sorted(glob.glob(os.path.join(tmp, "archives/*.deb"))):
            debian.unpack(deb, part)
    start = os.path.join(part, "qemu")
    with open(start, "w") as f:
        f.write("""#!/bin/sh
top=$(dirname "$0")/usr
LD_LIBRARY_PATH=$top/lib/x86_64-linux-gnu exec $top/bin/qemu-system-x86_64 \\
	-L $top/share/qemu -L $top/share/seabios -L $top/lib/ipxe/qemu "$@"
""")
    os.chmod(start, 0o755)
    if version(os.path.join(part, "usr/bin/qemu-system-x86_64")) < SOUND:
        raise debian.Problem("Debian's backports have no QEMU %d" % SOUND)


def sound():
    """The path of such a QEMU, or of the one that QEMU= names; raises
    debian.Problem where there is none."""
    if "QEMU" in os.environ or version("qemu-system-x86_64") >= SOUND:
        return os.environ.get("QEMU", "qemu-system-x86_64")
    return os.path.join(debian.cached("qemu-sound", _fetch), "qemu")
