"""The emulator itself, without a hypervisor: what the machine tests take for
granted of a processor.  Debian 12's QEMU 7.2 fails this (QEMU= names another
one to try); see tests/lib/emulator.py."""

import os
import re
import subprocess

import image
from cpio import Cpio

SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "scripts")


def initramfs(program, path):
    with open(path, "wb") as out, open(program, "rb") as f:
        c = Cpio(out)
        c.chardev("dev/console", 5, 1)
        c.file("init", f.read(), 0o755)
        c.close()


def test_patched_code_is_run(sound_qemu, tmp_path):
    program = str(tmp_path / "stale")
    subprocess.run(["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-O1", "-Wall",
                    "-Wextra", "-Werror", "-static", "-pthread", "-o", program,
                    os.path.join(SCRIPTS, "stale.c")], check=True)
    initramfs(program, tmp_path / "initrd")
    r = subprocess.run(
        [sound_qemu, "-nodefaults", "-no-user-config", "-display", "none",
         "-no-reboot", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2",
         "-m", "512", "-kernel", image.kernel()[1],
         "-initrd", str(tmp_path / "initrd"),
         "-append", "console=ttyS0 loglevel=1", "-serial", "stdio"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    assert re.search(r"^stale 0 of 2000$", r.stdout, re.M), r.stdout[-2000:]
