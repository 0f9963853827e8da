"""A whole Debian in QEMU: a disk with systemd and GRUB, which boots by itself
and is asked by an agent on its second serial port. The disk is made once and
used by snapshot: what a test changes is gone when its machine ends."""

import argparse
import base64
import hashlib
import os
import shutil
import tempfile
import time

import debian
import machine
import debootstrap

AGENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "agent")
PACKAGES = """systemd systemd-sysv udev kmod linux-image-amd64 initramfs-tools
grub2-common grub-pc-bin grub-efi-amd64-bin""".split()
DISK_MIB = 2560
DEFAULT_GRUB = b"""GRUB_DEFAULT=0
GRUB_TIMEOUT=0
GRUB_DISTRIBUTOR=Debian
GRUB_CMDLINE_LINUX="console=ttyS0 net.ifnames=0"
GRUB_CMDLINE_LINUX_DEFAULT=""
GRUB_TERMINAL=serial
GRUB_SERIAL_COMMAND="serial --unit=0 --speed=115200"
"""
# As on any machine: GRUB for both kinds of firmware, by its own installer.
INSTALL_GRUB = """set -e
mkdir -p /boot/efi
mount /dev/vda2 /boot/efi
grub-install --target=i386-pc /dev/vda
grub-install --target=x86_64-efi --removable --no-nvram
umount /boot/efi
update-grub
"""


def lacks():
    """None, or what this machine lacks for the disk."""
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    return debootstrap.lacks() or (
        None if shutil.which("sfdisk", path=path)
        else "no sfdisk; .ci/deps full installs it")


class System:
    """QEMU with that disk, and what its agent answers (kept beside the log)."""

    def __init__(self, folder, disk, log, uefi=False, others=(), more=("-snapshot",),
                 mem=2048):
        parser = argparse.ArgumentParser()
        machine.add_options(parser)
        opt = parser.parse_args(["--uefi"] if uefi else [])
        opt.smp, opt.mem = 2, mem
        args = machine.command_line(opt, None, [disk, *others])
        args.remove("-no-reboot")
        self.machine = machine.Machine(args + list(more), folder, 2)
        self.console = machine.Console(log, False)
        self.answers = open(log + ".agent", "wb", buffering=0)
        self.said = bytearray()

    def _wait(self, mark, seconds):
        """What the agent says up to the end of a line that begins with mark:
        (all before the mark, the rest of the line)."""
        deadline = time.monotonic() + seconds
        at = looked = 0
        while (at := self.said.find(mark, looked)) < 0 or \
                (end := self.said.find(b"\n", at + len(mark))) < 0:
            looked = max(0, len(self.said) - len(mark)) if at < 0 else at
            port, data = self.machine.read(deadline)
            if port == 0:
                self.console.feed(data)
            elif port == 1:
                self.said += data
                self.answers.write(data)
            if port is None or self.console.death:
                raise debian.Problem("%s; the console's end:\n%s" % (
                    self.console.death or self.machine.complaint()
                    or "no answer in %d s" % seconds, self.console.tail()))
        before, line = self.said[:at], self.said[at + len(mark):end]
        del self.said[:end + 1]
        return bytes(before), bytes(line)

    def booted(self, seconds=900):
        self._wait(b"\x1eREADY", seconds)

    def run(self, script, seconds=900):
        """Runs it as root: (exit status, output)."""
        self.machine.write(1, base64.b64encode(script.encode()) + b"\n")
        out, status = self._wait(b"\n\x1eEXIT ", seconds)
        return int(status), out.decode(errors="replace").replace("\r", "")

    def must(self, script, seconds=900):
        status, out = self.run(script, seconds)
        if status:
            raise debian.Problem("status %d of:\n%s\n%s" % (status, script,
                                                           out[-4000:]))
        return out

    def _end(self, how):
        """Asks for it; there may be nobody left to answer."""
        self.machine.write(1, base64.b64encode(
            b"sync; systemctl %s --no-block" % how) + b"\n")

    def reboot(self, seconds=900):
        self._end(b"reboot")
        self.booted(seconds)

    def power_off(self, seconds=300):
        self._end(b"poweroff")
        deadline = time.monotonic() + seconds
        while not self.machine.ended():
            port, data = self.machine.read(deadline)
            if port == 0:
                self.console.feed(data)
            elif port is None and not self.machine.ended():
                raise debian.Problem("it doesn't power off:\n"
                                     + self.console.tail())

    def stop(self):
        self.machine.stop()
        self.answers.close()


def _files():
    def read(name):
        with open(os.path.join(AGENT, name), "rb") as f:
            return f.read()
    return {
        "usr/local/sbin/agent": (read("agent"), 0o755),
        "etc/systemd/system/agent.service": (read("agent.service"), 0o644),
        "etc/systemd/system/multi-user.target.wants/agent.service":
            "/etc/systemd/system/agent.service",
        "etc/default/grub": (DEFAULT_GRUB, 0o644),
        "etc/fstab": (b"/dev/vda3 / ext4 errors=remount-ro 0 1\n", 0o644),
        "etc/hostname": (b"test\n", 0o644),
    }


def disk():
    """The disk image of the cache, made on first use: its GRUB is installed
    by the system itself, booted without one."""
    files = _files()
    key = hashlib.sha256(repr((sorted(files.items()), PACKAGES, DISK_MIB,
                               INSTALL_GRUB)).encode()).hexdigest()[:12]
    source = debootstrap.folder(PACKAGES)

    def make(part):
        debian.say("a disk image with a Debian that boots")
        path = os.path.join(part, "disk.img")
        debootstrap.disk(path, source, DISK_MIB, files)
        direct = ["-kernel", os.path.join(source, "vmlinuz"),
                  "-initrd", os.path.join(source, "initrd.img"),
                  "-append", "root=/dev/vda3 console=ttyS0 net.ifnames=0"]
        with tempfile.TemporaryDirectory() as tmp:
            s = System(tmp, path, os.path.join(part, "console"), False, (),
                       direct)
            try:
                s.booted()
                s.must(INSTALL_GRUB)
                s.power_off()
            finally:
                s.stop()
    return os.path.join(debian.cached("disk-" + key, make), "disk.img")
