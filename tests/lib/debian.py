"""Debian packages as material: fetched and unpacked into a cache folder, never
installed on the host.  A folder of the cache is whole or absent: it is made
under another name and renamed when complete."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
OUT = os.path.join(TOP, os.environ.get("O", "build"))
CACHE = os.environ.get("HVX_CACHE") or os.path.join(OUT, "cache")

# What a package asks for but a dom0 without services doesn't need.
NOT_NEEDED = re.compile(
    r"^(python3|libpython3|perl|libperl|debconf|cdebconf|dpkg|systemd|udev|"
    r"grub|qemu|media-types|mailcap|init-system-helpers|"
    r"adduser|passwd|login|gcc-.*-base|debianutils|tzdata|ucf|"
    r"xen-hypervisor|linux-image|firmware|initramfs-tools|dbus|lib(gl|egl|glx|gl1|glapi)-mesa|libgl1-mesa|mesa|"
    r"sensible-utils|lsb-base|fonts-|ceph|librados|librbd)")


class Problem(Exception):
    """Something that the reader can put right; its text says how."""


def say(text):
    print("hvx: " + text, file=sys.stderr, flush=True)


def run(*args, **kw):
    # depmod is not on everybody's PATH.
    kw.setdefault("env", dict(os.environ, LC_ALL="C", PATH=os.environ["PATH"]
                              + ":/usr/sbin:/sbin"))
    r = subprocess.run(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, **kw)
    if r.returncode:
        raise Problem("%s failed: %s" % (" ".join(args)[:200],
                                         r.stderr.decode().strip()[-2000:]))
    return r.stdout.decode()


def cached(name, make):
    """The cache's folder of that name; make(folder) fills it when absent."""
    done = os.path.join(CACHE, name)
    if os.path.isdir(done):
        return done
    os.makedirs(CACHE, exist_ok=True)
    with open(os.path.join(CACHE, ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.isdir(done):
            return done
        part = done + ".part"
        shutil.rmtree(part, ignore_errors=True)
        os.makedirs(part)
        make(part)
        os.rename(part, done)
    return done


def _apt(*args, **kw):
    """apt, with one `apt-get update` if it knows too little."""
    try:
        return run(*args, **kw)
    except Problem:
        if os.geteuid():
            raise
        say("apt-get update")
        run("apt-get", "-qq", "update")
        return run(*args, **kw)


def _fetch(names, folder):
    os.makedirs(folder, exist_ok=True)
    _apt("apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download",
         *names, cwd=folder)
    return sorted(os.path.join(folder, f) for f in os.listdir(folder)
                  if f.endswith(".deb"))


def unpack(deb, root):
    """A package file into a folder."""
    tar = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb],
                           stdout=subprocess.PIPE)
    run2 = subprocess.run(["tar", "-x", "--keep-directory-symlink",
                           "--no-same-owner", "-C", root], stdin=tar.stdout)
    if tar.wait() or run2.returncode:
        raise Problem("can't unpack " + deb)


def package(name):
    """One package, unpacked, without what it depends on."""
    def make(part):
        say("fetching Debian's %s" % name)
        for deb in _fetch([name], os.path.join(part, ".deb")):
            unpack(deb, part)
        shutil.rmtree(os.path.join(part, ".deb"))
    return cached("package-" + name, make)


def closure(names):
    """Packages with all they depend on, as if nothing were installed."""
    with tempfile.TemporaryDirectory() as tmp:
        # An empty archive folder: apt leaves out what is fetched already.
        os.mkdir(os.path.join(tmp, "partial"))
        out = _apt("apt-get", "-qq", "--print-uris", "-y", "-o",
                   "Dir::State::status=/dev/null", "-o",
                   "Dir::Cache::archives=" + tmp, "-o", "Debug::NoLocking=1",
                   "--no-install-recommends", "install", *names)
    # 'http://...' name_version_arch.deb size hash
    found = [line.split()[1].split("_")[0] for line in out.splitlines()
             if line.startswith("'")]
    return [n for n in found if n in names or not NOT_NEEDED.match(n)]


def debs(names):
    """The packages themselves, as files of the cache."""
    def make(part):
        say("fetching Debian's %s" % ", ".join(names))
        _fetch(names, part)
    folder = cached("debs-" + hashlib.sha256(
        " ".join(sorted(names)).encode()).hexdigest()[:16], make)
    return sorted(os.path.join(folder, f) for f in os.listdir(folder))


def userland(names):
    """A root folder with these packages and their libraries."""
    def make(part):
        say("fetching Debian's %s, with libraries" % ", ".join(names))
        for d in ("bin", "sbin", "lib", "lib64"):
            os.makedirs(os.path.join(part, "usr", d))
            os.symlink("usr/" + d, os.path.join(part, d))
        for deb in _fetch(closure(names), os.path.join(part, ".deb")):
            unpack(deb, part)
        shutil.rmtree(os.path.join(part, ".deb"))
        for d in ("usr/share/doc", "usr/share/man", "usr/share/locale",
                  "usr/share/lintian", "usr/share/bug", "usr/include",
                  "usr/lib/x86_64-linux-gnu/gconv", "usr/share/i18n",
                  "var/lib/dpkg", "usr/share/bash-completion"):
            shutil.rmtree(os.path.join(part, d), ignore_errors=True)
    key = hashlib.sha256(NOT_NEEDED.pattern.encode()).hexdigest()[:8]
    listed = "+".join(sorted(names))
    if len(listed) > 120:           # a file's name has 255 bytes at most
        listed = "%s-%s" % (listed[:80], hashlib.sha256(
            listed.encode()).hexdigest()[:16])
    return cached("userland-%s-%s" % (listed, key), make)


def kernel_package(meta="linux-image-amd64"):
    """The name of the package behind a kernel's metapackage."""
    def make(part):
        out = _apt("apt-cache", "depends", meta)
        names = re.findall(r"Depends: (linux-image-\S+)", out)
        if not names:
            raise Problem("apt knows no %s; apt-get update?" % meta)
        with open(os.path.join(part, "name"), "w") as f:
            f.write(names[0])
    folder = "kernel-name" + meta.replace("linux-image", "", 1).replace(
        "-amd64", "")
    with open(os.path.join(cached(folder, make), "name")) as f:
        return f.read()
