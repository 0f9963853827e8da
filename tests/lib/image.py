"""What a machine boots from: dom0's kernel and initramfs, and the ISO."""

import gzip
import hashlib
import lzma
import os
import shutil
import struct
import subprocess
import tempfile

import debian
from cpio import Cpio

HERE = os.path.dirname(os.path.abspath(__file__))
BUSYBOX = "/bin/busybox"

# Modules of the initramfs; what they depend on comes with them.
MODULES = """
xen-evtchn xen-gntdev xen-gntalloc xen-privcmd xenfs xen-blkback xen-netback
xen-blkfront xen-netfront xen-pciback xen-scsiback
virtio_pci virtio_blk virtio_net virtio_scsi virtio_console virtio-rng
e1000 e1000e igb ahci ata_piix ata_generic nvme sd_mod sr_mod
ext4 isofs vfat loop brd tun bridge 8021q dm-mod button msr cpuid
sch_ingress cls_u32 act_gact
""".split()


def kernel():
    """dom0's kernel: (version, vmlinuz, the same as an ELF, gzipped)."""
    root = debian.package(debian.kernel_package())
    version = os.listdir(os.path.join(root, "lib/modules"))[0]
    vmlinuz = os.path.join(root, "boot/vmlinuz-" + version)

    def make(part):
        debian.say("unpacking dom0's kernel")
        with gzip.GzipFile(os.path.join(part, "vmlinux.gz"), "wb", 9,
                           mtime=0) as out:
            out.write(unpack_bzimage(vmlinuz))
    folder = debian.cached("vmlinux-" + version, make)
    return version, vmlinuz, os.path.join(folder, "vmlinux.gz")


def unpack_bzimage(path):
    """The ELF image within a bzImage: payload_offset and payload_length of the
    boot header (protocol 2.08) count from the protected-mode part."""
    with open(path, "rb") as f:
        image = f.read()
    if image[0x202:0x206] != b"HdrS":
        raise debian.Problem("%s is no bzImage" % path)
    setup = (image[0x1f1] or 4) * 512 + 512
    offset, length = struct.unpack_from("<II", image, 0x248)
    payload = image[setup + offset:setup + offset + length]
    if payload[:6] == b"\xfd7zXZ\0":
        elf = lzma.LZMADecompressor().decompress(payload)
    elif payload[:2] == b"\x1f\x8b":
        elf = gzip.decompress(payload)
    elif payload[:4] in (b"\x02\x21\x4c\x18", b"\x28\xb5\x2f\xfd"):
        tool = "lz4" if payload[0] == 2 else "zstd"
        # The last four bytes are the unpacked size, not the tool's.
        elf = subprocess.run([tool, "-dcq"], input=payload[:-4], check=True,
                             stdout=subprocess.PIPE).stdout
    else:
        raise debian.Problem("%s: unknown compression" % path)
    if elf[:4] != b"\x7fELF":
        raise debian.Problem("%s: payload is no ELF" % path)
    return elf


def module_files(root, version, modules):
    """The .ko files of modules with dependencies, relative to root."""
    top = "lib/modules/" + version
    if not os.path.exists(os.path.join(root, top, "modules.dep")):
        debian.run("depmod", "-b", root, version)
    deps = {}
    with open(os.path.join(root, top, "modules.dep")) as f:
        for line in f:
            ko, rest = line.split(":")
            deps[ko] = rest.split()
    by_name = {os.path.basename(ko).split(".")[0].replace("-", "_"): ko
               for ko in deps}
    todo = [by_name[m.replace("-", "_")] for m in modules
            if m.replace("-", "_") in by_name]
    found = set()
    while todo:
        ko = todo.pop()
        if ko not in found:
            found.add(ko)
            todo += deps[ko]
    return sorted(os.path.join(top, ko) for ko in found)


def _add_modules(c, root, version, modules):
    files = module_files(root, version, modules)
    with tempfile.TemporaryDirectory() as tmp:
        for name in files + ["lib/modules/%s/modules.%s" % (version, m)
                             for m in ("builtin", "order",
                                       "builtin.modinfo")]:
            dest = os.path.join(tmp, name)
            os.makedirs(os.path.dirname(dest), exist_ok=True)
            shutil.copy(os.path.join(root, name), dest)
        debian.run("depmod", "-b", tmp, version)
        os.rename(os.path.join(tmp, "lib"), os.path.join(tmp, "l"))
        os.mkdir(os.path.join(tmp, "usr"))
        os.rename(os.path.join(tmp, "l"), os.path.join(tmp, "usr/lib"))
        c.tree(tmp)


def _add_base(c):
    for d in ("bin", "sbin", "lib", "lib64"):
        c.mkdir("usr/" + d)
        c.symlink(d, "usr/" + d)
    for d in ("proc", "sys", "dev", "tmp", "run", "root", "mnt", "var/lib",
              "var/log", "etc", "hvx"):
        c.mkdir(d)
    c.symlink("var/run", "../run")
    c.chardev("dev/console", 5, 1)
    c.chardev("dev/null", 1, 3, 0o666)
    with open(BUSYBOX, "rb") as f:
        c.file("usr/bin/busybox", f.read(), 0o755)
    for path in debian.run(BUSYBOX, "--list-full").split():
        path = path if path.startswith("usr/") else "usr/" + path
        if path != "usr/bin/busybox":
            c.symlink(path, "/usr/bin/busybox")
    with open(os.path.join(HERE, "dom0-init"), "rb") as f:
        c.file("init", f.read(), 0o755)
    c.file("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n"
           b"nobody:x:65534:65534:nobody:/:/bin/false\n")
    c.file("etc/group", b"root:x:0:\nnogroup:x:65534:\n")
    c.file("etc/hosts", b"127.0.0.1 localhost dom0\n")
    c.file("etc/resolv.conf", b"nameserver 10.0.2.3\n")


# What packages bring along (base-files), and _add_base has better: links.
OURS = ("bin", "sbin", "lib", "lib64", "var/run")


def initramfs(packages):
    """The part of the initramfs that runs share, gzipped; with Debian packages
    and their libraries if some are named."""
    root = debian.userland(packages) if packages else None
    with open(os.path.join(HERE, "dom0-init"), "rb") as f:
        key = hashlib.sha256(f.read() + repr((
            MODULES, OURS, os.path.basename(root or ""),
            debian.kernel_package())).encode()).hexdigest()[:12]
    kernel()

    def make(part):
        debian.say("packing dom0's initramfs")
        with open(os.path.join(part, "initrd.gz"), "wb") as raw:
            # One archive: what a package brings replaces busybox's command.
            with gzip.GzipFile("", "wb", 6, raw, mtime=0) as out:
                c = Cpio(out)
                _add_base(c)
                _add_modules(c, debian.package(debian.kernel_package()),
                             kernel()[0], MODULES)
                if root:
                    c.tree(root, lambda name: name in OURS)
                c.close()
    return os.path.join(debian.cached("initramfs-" + key, make), "initrd.gz")


# A guest's own modules: its frontends, and a file system.
GUEST_MODULES = ["xen-blkfront", "xen-netfront", "ext4"]


def guest_kernel(flavour):
    """A stock kernel for guests, amd64 or cloud: (version, vmlinuz, root)."""
    root = debian.package(debian.kernel_package(
        {"amd64": "linux-image-amd64",
         "cloud": "linux-image-cloud-amd64"}[flavour]))
    version = os.listdir(os.path.join(root, "lib/modules"))[0]
    return version, os.path.join(root, "boot/vmlinuz-" + version), root


def guest_initramfs(flavour, packages=()):
    """A small initramfs for such a kernel, gzipped: busybox, frontends,
    lib/guest-init, and Debian packages with their libraries."""
    version, _, root = guest_kernel(flavour)
    more = debian.userland(packages) if packages else None
    with open(os.path.join(HERE, "guest-init"), "rb") as f:
        init = f.read()
    key = hashlib.sha256(init + repr((
        GUEST_MODULES, version, os.path.basename(more or ""))).encode()
        ).hexdigest()[:12]

    def make(part):
        with gzip.GzipFile(os.path.join(part, "initrd.gz"), "wb", 6,
                           mtime=0) as out:
            c = Cpio(out)
            for d in ("proc", "sys", "dev", "tmp", "run", "mnt", "etc"):
                c.mkdir(d)
            c.chardev("dev/console", 5, 1)
            c.chardev("dev/null", 1, 3, 0o666)
            with open(BUSYBOX, "rb") as f:
                c.file("bin/busybox", f.read(), 0o755)
            c.file("init", init, 0o755)
            _add_modules(c, root, version, GUEST_MODULES)
            if more:
                c.symlink("lib64", "usr/lib64")
                c.tree(more, lambda name: name in ("bin", "sbin", "lib",
                                                   "lib64"))
            c.close()
    return os.path.join(debian.cached("guest-initramfs-" + key, make),
                        "initrd.gz")


def overlay(path, files, env):
    """The part of one run: files is {name in dom0: (bytes, mode)}."""
    with gzip.GzipFile(path, "wb", 1, mtime=0) as out:
        c = Cpio(out)
        for name, (data, mode) in sorted(files.items()):
            c.file(name, data, mode)
        c.file("hvx/env", "".join("%s='%s'\n" % e
                                  for e in sorted(env.items())).encode())
        c.close()


def concat(path, *parts):
    with open(path, "wb") as out:
        for p in parts:
            with open(p, "rb") as f:
                shutil.copyfileobj(f, out)
            # The kernel looks for the next archive at a multiple of four.
            out.write(b"\0" * (-out.tell() % 4))


def xen():
    """Debian's Xen 4.17."""
    return os.path.join(debian.package("xen-hypervisor-4.17-amd64"),
                        "boot/xen-4.17-amd64.gz")


def core(hypervisor):
    if hypervisor == "xen":
        return xen()
    path = os.environ.get("HVX") or os.path.join(debian.OUT, "hvx")
    if not os.path.exists(path):
        raise debian.Problem("no %s; run make first" % path)
    return path


def iso(path, core_file, core_args, modules):
    """A bootable ISO; modules are (file, arguments, GRUB unpacks it)."""
    lines = ["serial --unit=0 --speed=115200", "terminal_output serial",
             "terminal_input serial", "set timeout=0",
             "multiboot2 /boot/core " + core_args]
    with tempfile.TemporaryDirectory(dir=os.path.dirname(path) or ".") as tmp:
        boot = os.path.join(tmp, "boot")
        os.makedirs(os.path.join(boot, "grub"))
        shutil.copy(core_file, os.path.join(boot, "core"))
        for i, (file, args, unpack) in enumerate(modules):
            name = "module%d" % i
            try:
                os.link(file, os.path.join(boot, name))
            except OSError:
                shutil.copy(file, os.path.join(boot, name))
            lines.append("module2 %s/boot/%s %s" % (
                "" if unpack else "--nounzip ", name, args))
        lines.append("boot")
        with open(os.path.join(boot, "grub/grub.cfg"), "w") as f:
            f.write("\n".join(lines) + "\n")
        debian.run("grub-mkrescue", "-o", path, "--compress=no",
                   "--install-modules=multiboot2 serial gzio part_msdos "
                   "part_gpt iso9660 normal boot echo acpi",
                   "--fonts=", "--locales=", "--themes=", tmp)
