"""The strict second machine: Bochs, which refuses what QEMU lets pass.  Same
shape as machine.Machine; its serial ports write to files that are followed."""

import os
import subprocess
import time

import debian
import machine

CONFIG = """
config_interface: textconfig
display_library: x
plugin_ctrl: unmapped=true, biosdev=true, speaker=false, extfpuirq=true, parallel=false, serial=true, iodebug=false
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
cpu: model=ryzen, count=1, ips=50000000, reset_on_triple_fault=0
memory: guest={mem}, host={mem}
clock: sync=none, time0=utc
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path={iso}, status=inserted
boot: cdrom
pci: enabled=1, chipset=i440fx
vga: extension=vbe, update_freq=1
{ports}
log: {folder}/bochs.log
panic: action=fatal
error: action=report
info: action=ignore
debug: action=ignore
"""

PACKAGES = "bochs bochs-x bochsbios vgabios xvfb"


class Bochs:
    def __init__(self, opt, iso, folder, ports=1):
        if opt.uefi or opt.machine != "pc" or (opt.smp or 1) != 1:
            raise debian.Problem("Bochs is a PC with a BIOS and one processor")
        self.files = []
        lines = []
        for i in range(ports):
            path = os.path.join(folder, "serial%d" % i)
            self.files.append(open(path, "w+b", buffering=0))
            lines.append("com%d: enabled=1, mode=file, dev=%s" % (i + 1, path))
        rc = os.path.join(folder, "bochsrc")
        with open(rc, "w") as f:
            f.write(CONFIG.format(mem=opt.mem, iso=iso, folder=folder,
                                  ports="\n".join(lines)))
        # It is the debugger's build: it has to be told to go on.
        go = os.path.join(folder, "go")
        with open(go, "w") as f:
            f.write("c\n")
        self.log = os.path.join(folder, "bochs.out")
        out = open(self.log, "wb")
        r, w = os.pipe()
        try:
            self.x = subprocess.Popen(
                ["Xvfb", "-displayfd", str(w), "-nolisten", "tcp"],
                pass_fds=[w], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                preexec_fn=machine.die_with_parent)
        except FileNotFoundError:
            raise debian.Problem("please install: " + PACKAGES)
        os.close(w)
        # Number and newline may come one by one; who doesn't wait for both
        # ends the server by closing the pipe.
        with os.fdopen(r) as pipe:
            display = pipe.readline().strip()
        # The first server of a machine speaks before its socket is there.
        for _ in range(50):
            if os.path.exists("/tmp/.X11-unix/X" + display):
                break
            time.sleep(0.1)
        try:
            self.proc = subprocess.Popen(
                ["bochs", "-q", "-f", rc, "-rc", go],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env=dict(os.environ, DISPLAY=":" + display),
                preexec_fn=machine.die_with_parent)
        except FileNotFoundError:
            self.x.kill()
            raise debian.Problem("please install: " + PACKAGES)

    def read(self, deadline):
        """The next (port, bytes); (None, b"") past the deadline, or when Bochs
        has ended."""
        while True:
            ended = self.ended()
            for i, f in enumerate(self.files):
                data = f.read(65536)
                if data:
                    return i, data
            if ended or time.monotonic() > deadline:
                return None, b""
            time.sleep(0.05)

    def ended(self):
        return self.proc.poll() is not None

    def complaint(self):
        with open(self.log, errors="replace") as f:
            return f.read()[-3000:]

    def stop(self):
        for p in (self.proc, self.x):
            if p.poll() is None:
                p.kill()
            p.wait()
        for f in self.files:
            f.close()


def start(opt, iso, folder, ports=1, disks=(), nics=()):
    """The machine that the options ask for, running."""
    if opt.emulator == "bochs":
        if disks or nics:
            raise debian.Problem("no --disk or --net on Bochs")
        return Bochs(opt, iso, folder, ports)
    return machine.Machine(machine.command_line(opt, iso, disks, nics),
                           folder, ports)
