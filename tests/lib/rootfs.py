"""A stock Debian on a disk: debootstrap's minbase on ext4, with Debian's kernel,
the initramfs that it makes for itself, and fio; it is set up in a chroot."""

import hashlib
import os
import shutil
import subprocess
import tempfile

import debian
import debootstrap

PACKAGES = ["systemd-sysv", "linux-image-cloud-amd64", "initramfs-tools", "fio"]
SIZE = "1200M"
PASSWORD = "wasser-7"
# What an administrator does to a fresh debootstrap, and no more.
SETUP = r"""
set -e
echo 'root:%s' | chpasswd
echo guest >/etc/hostname
echo '127.0.0.1 localhost guest' >/etc/hosts
echo '/dev/xvda / ext4 errors=remount-ro 0 1' >/etc/fstab
""" % PASSWORD


def _make(part, base):
    with tempfile.TemporaryDirectory(dir=part) as tmp:
        root = os.path.join(tmp, "root")
        debian.run("cp", "-a", base, root)
        debian.run("chroot", root, "sh", "-c", SETUP)
        for name in ("vmlinuz", "initrd.img"):
            shutil.copy(os.path.realpath(os.path.join(root, name)),
                        os.path.join(part, name))
        debian.run("mke2fs", "-q", "-t", "ext4", "-d", root,
                   os.path.join(part, "disk.img"), SIZE)


def folder():
    """Where disk.img, vmlinuz and initrd.img are; they belong to the cache."""
    key = hashlib.sha256(repr((debootstrap.SUITE, PACKAGES, SIZE, SETUP)).encode()
                         ).hexdigest()[:12]
    base = debootstrap.folder(PACKAGES)
    return debian.cached("rootfs-" + key, lambda part: _make(part, base))


def copy(path):
    """A disk of one's own."""
    subprocess.run(["cp", "--sparse=always", os.path.join(
        folder(), "disk.img"), path], check=True)


def fsck(path):
    """e2fsck's words and its exit status: 0 is clean."""
    r = subprocess.run(["e2fsck", "-fn", path], text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       env=dict(os.environ, PATH=os.environ["PATH"] +
                                ":/usr/sbin:/sbin"))
    return r.returncode, r.stdout
