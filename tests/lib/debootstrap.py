"""Debian systems of debootstrap's making, kept in the cache: a folder, a file
system image, a disk image with a partition table and no boot loader yet. Needs
root, as debootstrap does; no device nodes and no mounts of this machine."""

import hashlib
import os
import shutil
import tempfile

import debian

SUITE = "bookworm"
# The partitions: where GRUB for BIOS embeds itself, UEFI's, the system's.
BIOS_AT, EFI_AT, EFI_MIB, ROOT_AT = 1, 2, 64, 66


def lacks():
    """None, or what this machine lacks for a folder and a file system."""
    if os.geteuid():
        return "debootstrap needs root"
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    for tool in ("debootstrap", "mke2fs"):
        if not shutil.which(tool, path=path):
            return "no %s; .ci/deps test installs it" % tool
    return None


def folder(packages=()):
    """A minimal Debian with these packages, as a folder that nobody may write
    to."""
    listed = ",".join(sorted(packages))

    def make(part):
        debian.say("debootstrap: a Debian with %s" % (listed or "no more"))
        root = os.path.join(part, "root")
        debian.run("debootstrap", "--variant=minbase",
                   *(["--include=" + listed] if listed else []), SUITE, root)
        for deb in os.listdir(os.path.join(root, "var/cache/apt/archives")):
            if deb.endswith(".deb"):
                os.unlink(os.path.join(root, "var/cache/apt/archives", deb))
    key = hashlib.sha256((SUITE + listed).encode()).hexdigest()[:12]
    return os.path.join(debian.cached("debian-" + key, make), "root")


def with_files(source, files, to):
    """A copy of the folder, by links, with these files in place of its own:
    {name: (bytes, mode), or what a link points to}."""
    debian.run("cp", "-al", source, to)
    for name, what in files.items():
        dest = os.path.join(to, name)
        os.makedirs(os.path.dirname(dest), exist_ok=True)
        if os.path.lexists(dest):
            os.unlink(dest)
        if isinstance(what, str):
            os.symlink(what, dest)
            continue
        data, mode = what
        with open(dest, "wb") as f:
            f.write(data)
        os.chmod(dest, mode)


def ext4(path, source, mib, files=None, offset_mib=0):
    """A file system in the image, from its offset on, with what is in the
    folder source, and these files."""
    with tempfile.TemporaryDirectory(dir=os.path.dirname(
            os.path.dirname(source))) as tmp:
        root = source
        if files:
            root = os.path.join(tmp, "root")
            with_files(source, files, root)
        debian.run("mke2fs", "-q", "-F", "-t", "ext4", "-d", root, "-E",
                   "offset=%d" % (offset_mib << 20), path, "%dM" % mib)


def disk(path, source, mib, files):
    """A disk image with a GPT, an empty file system for UEFI, and the system of
    the folder with these files in the third partition."""
    with open(path, "wb") as f:
        f.truncate(mib << 20)
    with tempfile.NamedTemporaryFile("w") as plan:
        plan.write("label: gpt\n"
                   "start=%dMiB, size=1MiB, "
                   "type=21686148-6449-6E6F-744E-656564454649\n"
                   "start=%dMiB, size=%dMiB, type=U\n"
                   "start=%dMiB, type=L\n"
                   % (BIOS_AT, EFI_AT, EFI_MIB, ROOT_AT))
        plan.flush()
        debian.run("sh", "-c", 'exec sfdisk -q "$0" <"$1"', path, plan.name)
    debian.run("mformat", "-i", "%s@@%dM" % (path, EFI_AT), "-T",
               str(EFI_MIB << 11), "::")
    # The last MiB has the other copy of the table.
    ext4(path, source, mib - ROOT_AT - 1, files, ROOT_AT)
