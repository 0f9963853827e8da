"""One run of QEMU: its command line, its serial ports, and its end.

Every serial port is a Unix socket that QEMU connects to, so nothing is lost
and nothing races.  QEMU dies with us, whatever kills us."""

import ctypes
import os
import selectors
import shlex
import signal
import socket
import subprocess
import time

import debian

OVMF = "/usr/share/OVMF/OVMF_%s_4M.fd"

# What a broken boot says; waiting for the time limit would teach nothing.
DEATHS = (b"Kernel panic - not syncing", b"Panic on CPU", b"; halted.",
          b"The machine is halted",
          b"error: file `/boot/core", b"error: file `/boot/module",
          b"error: no multiboot", b"error: you need to load the kernel")


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)      # PR_SET_PDEATHSIG


def add_options(parser):
    a = parser.add_argument
    a("--hypervisor", choices=("hvx", "xen"), default="hvx",
      help="xen: Debian's Xen 4.17 (default hvx)")
    a("--smp", type=int, metavar="N", help="processors")
    a("--mem", type=int, metavar="MIB", help="the machine's memory")
    a("--uefi", action="store_true", help="boot by OVMF, not by BIOS")
    a("--machine", choices=("pc", "q35"), default="pc")
    a("--timeout", type=float, metavar="S", help="limit of the whole run; "
      "passed, the exit status is 124")
    a("--log", metavar="FILE", help="the whole serial console")
    a("--append-core", default="", metavar="ARGS",
      help="more arguments for the hypervisor")
    a("--emulator", choices=("qemu", "bochs"), default="qemu",
      help="bochs: slower by far, and stricter; one processor")
    a("--icount", action="store_true", help="virtual time counts instructions "
      "(one processor)")
    a("--cpu", default="max,-smap,-la57", help="QEMU's -cpu")
    a("--accel", help="QEMU's -accel (default tcg)")
    a("--qemu-arg", action="append", default=[], metavar="ARG",
      help="passed to QEMU, split at blanks (repeatable)")
    a("--verbose", action="store_true", help="the console on stderr, live")


def command_line(opt, iso, disks=(), nics=()):
    """QEMU's arguments but for the serial ports. Without an ISO the machine
    boots from its first disk."""
    accel = opt.accel or ("tcg,thread=single" if opt.icount
                          else "tcg,thread=multi")
    args = [os.environ.get("QEMU", "qemu-system-x86_64"), "-nodefaults",
            "-no-user-config", "-display", "none", "-no-reboot",
            "-machine", opt.machine, "-accel", accel, "-cpu", opt.cpu,
            "-smp", str(opt.smp), "-m", str(opt.mem)]
    if iso:
        args += ["-cdrom", iso, "-boot", "d"]
    if opt.icount:
        args += ["-icount", "shift=0"]
    if opt.uefi:
        args += ["-drive", "if=pflash,format=raw,readonly=on,file="
                 + OVMF % "CODE",
                 "-drive", "if=pflash,format=raw,snapshot=on,file="
                 + OVMF % "VARS"]
    for i, spec in enumerate(disks):
        path, _, kind = spec.partition(":")
        drive = "if=none,id=disk%d,format=raw,file=%s" % (i, path)
        device = {"virtio": "virtio-blk-pci,drive=disk%d",
                  "nvme": "nvme,serial=hvx%d,drive=disk%d",
                  "ahci": "ide-hd,bus=ahci%d.0,drive=disk%d",
                  }.get(kind or "virtio")
        if not device:
            raise debian.Problem("--disk %s: the kinds are virtio, nvme, ahci"
                                 % spec)
        if kind == "ahci":
            args += ["-device", "ahci,id=ahci%d" % i]
        args += ["-drive", drive,
                 "-device", device % ((i,) * device.count("%d"))]
    for i, kind in enumerate(nics):
        model = {"virtio": "virtio-net-pci"}.get(kind, kind)
        args += ["-netdev", "user,id=net%d" % i,
                 "-device", "%s,netdev=net%d" % (model, i)]
    for more in opt.qemu_arg:
        args += shlex.split(more)
    return args


class Machine:
    """Runs QEMU and hands on what its serial ports say."""

    def __init__(self, args, folder, ports=1):
        self.listeners = []
        for i in range(ports):
            path = os.path.join(folder, "serial%d" % i)
            s = socket.socket(socket.AF_UNIX)
            s.bind(path)
            s.listen(1)
            self.listeners.append(s)
            args = args + ["-chardev", "socket,id=ser%d,path=%s" % (i, path),
                           "-device", "isa-serial,chardev=ser%d" % i]
        self.err = open(os.path.join(folder, "qemu.err"), "w+b")
        self.proc = subprocess.Popen(
            args, stdin=subprocess.DEVNULL, stdout=self.err, stderr=self.err,
            preexec_fn=die_with_parent)
        self.sel = selectors.DefaultSelector()
        self.ports = []
        self.open = 0
        for i, s in enumerate(self.listeners):
            s.settimeout(20)
            try:
                conn = s.accept()[0]
            except OSError:
                self.stop()
                raise debian.Problem("QEMU doesn't start: "
                                     + self.complaint())
            self.ports.append(conn)
            conn.setblocking(False)
            self.sel.register(conn, selectors.EVENT_READ, i)
            self.open += 1

    def complaint(self):
        self.err.seek(0)
        return self.err.read().decode(errors="replace").strip()

    def read(self, deadline):
        """The next (port, bytes); (None, b"") past the deadline, or when QEMU
        has ended."""
        while self.open:
            left = deadline - time.monotonic()
            if left <= 0:
                return None, b""
            for key, _ in self.sel.select(left):
                try:
                    data = key.fileobj.recv(65536)
                except BlockingIOError:
                    continue
                except OSError:
                    data = b""
                if data:
                    return key.data, data
                self.sel.unregister(key.fileobj)
                key.fileobj.close()
                self.open -= 1
        return None, b""

    def write(self, port, data):
        """A line typed into a port: short enough for its socket's buffer."""
        self.ports[port].send(data)

    def ended(self):
        return not self.open

    def stop(self):
        if self.proc.poll() is None:
            self.proc.kill()
        self.proc.wait()
        for s in self.listeners:
            s.close()


class Console:
    """COM1: kept whole in the log, and watched for the end of a boot."""

    def __init__(self, path, verbose):
        self.path = path
        self.file = open(path, "wb", buffering=0)
        self.verbose = verbose
        self.last = b""
        self.death = None

    def feed(self, data):
        self.file.write(data)
        if self.verbose:
            os.write(2, data)
        self.last = (self.last + data)[-65536:]
        if self.death is None:
            for d in DEATHS:
                if d in self.last:
                    self.death = d.decode()

    def tail(self, lines=30):
        text = self.last.decode(errors="replace").replace("\r", "")
        return "\n".join(text.splitlines()[-lines:])
