"""The packages on a whole Debian, under both kinds of firmware: installed, booted
into hvx, a guest started by the host's own units; removed, and nothing left."""

import gzip
import os
import re
import shutil
import subprocess
import sys

import pytest

from conftest import LOGS, TOP

sys.path.insert(0, os.path.join(TOP, "tests/lib"))
import debian                                           # noqa: E402
import image                                            # noqa: E402
import debootstrap                                           # noqa: E402
import system                                           # noqa: E402

OUT = os.path.join(TOP, os.environ.get("O", "build"))
OURS = ["hvx-core", "hvx-utils", "libhvxs1", "libhvxs-dev"]
# All files with type, mode and target, and what is in those that scripts write,
# but for where a package manager, the journal and a running system write by
# themselves. /root has the lists, and is left out.
FILES = r"""{ find / -xdev -printf '%p %y %m %l\n'
	find /boot/grub/grub.cfg /etc -xdev -type f -exec md5sum {} +; } |
	grep -Ev '(^|  )/(proc|sys|dev|run|tmp|mnt|root|boot/efi)(/| )' |
	grep -Ev '/var/(lib/(dpkg|apt|systemd)|log|cache|tmp)(/| )' |
	grep -Ev '/etc/ld\.so\.cache' | sort"""

GUEST = """name = "first"
kernel = "/mnt/vmlinuz-cloud"
ramdisk = "/mnt/initrd-cloud"
extra = "console=hvc0"
memory = 128
"""
LOG = "/var/log/xen/console/guest-first.log"


def packages():
    """Our .deb files: those of the folder HVX_DEBS, or made anew."""
    folder = os.environ.get("HVX_DEBS")
    if not folder:
        folder = os.path.join(OUT, "deb")
        r = subprocess.run(["make", "deb"], cwd=TOP, capture_output=True,
                           env={k: v for k, v in os.environ.items()
                                if not k.startswith(("MAKE", "MFLAGS"))})
        assert r.returncode == 0, (r.stdout + r.stderr).decode()[-3000:]
    return {p: os.path.join(folder, f) for p in OURS + ["hvx-agent"]
            for f in os.listdir(folder) if f.startswith(p + "_")}


@pytest.fixture(scope="module")
def debs():
    return packages()


@pytest.fixture(scope="module")
def medium(debs, tmp_path_factory):
    """A disk with our packages, the libraries that they ask for, and a guest's
    kernel and initramfs."""
    if system.lacks():
        pytest.skip(system.lacks())
    folder = tmp_path_factory.mktemp("medium")
    content = folder / "content"
    (content / "debs").mkdir(parents=True)
    for name in OURS:
        shutil.copy(debs[name], content / "debs")
    for deb in debian.debs(debian.closure(libraries(debs["hvx-utils"]))):
        shutil.copy(deb, content / "debs")
    shutil.copy(image.guest_kernel("cloud")[1], content / "vmlinuz-cloud")
    shutil.copy(image.guest_initramfs("cloud"), content / "initrd-cloud")
    (content / "first.cfg").write_text(GUEST)
    path = str(folder / "medium.img")
    debootstrap.ext4(path, str(content), 256)
    return path


def libraries(deb):
    """The packages that a .deb depends on."""
    text = debian.run("dpkg-deb", "-f", deb, "Depends")
    return [re.split(r"[ (]", d.strip())[0] for d in text.split(",")]


def test_lintian(debs):
    if not shutil.which("lintian"):
        pytest.skip("no lintian; .ci/deps full installs it")
    # The packages have no public address of a maintainer yet.
    r = subprocess.run(
        ["lintian", "--allow-root", "--fail-on", "error,warning",
         "--suppress-tags",
         "bogus-mail-host,bogus-mail-host-in-debian-changelog",
         *debs.values()], capture_output=True, text=True)
    assert r.returncode == 0, r.stdout


def kernels(boot):
    """dom0-kernels on a folder like /boot: (status, what it says)."""
    r = subprocess.run(
        ["sh", os.path.join(TOP, "dom0-tools/install/dom0-kernels")],
        env=dict(os.environ, HVX_BOOT=str(boot), PATH="%s/bin:%s" % (
            OUT, os.environ["PATH"])), capture_output=True, text=True)
    return r.returncode, r.stderr


@pytest.mark.quick
def test_dom0_kernels(tmp_path):
    """An image for each kernel that can be dom0, as long as that is there."""
    assert kernels(tmp_path)[0] == 1
    for version, source, dom0 in (("1-amd64", image.kernel()[1], "y"),
                                  ("1-cloud", image.kernel()[1], "n")):
        shutil.copy(source, tmp_path / ("vmlinuz-" + version))
        (tmp_path / ("config-" + version)).write_text(
            "CONFIG_XEN=y\nCONFIG_XEN_DOM0=%s\n" % dom0)
    assert kernels(tmp_path) == (
        0, "hvx: making %s/hvx-dom0-1-amd64.gz\n" % tmp_path)
    assert not list(tmp_path.glob("hvx-dom0-*cloud*"))
    made = tmp_path / "hvx-dom0-1-amd64.gz"
    with gzip.open(made) as a, gzip.open(image.kernel()[2]) as b:
        assert a.read() == b.read()
    # Nothing new: nothing done. Another file of that name: made again.
    assert kernels(tmp_path) == (0, "")
    (tmp_path / "vmlinuz-1-amd64").write_bytes(b"no kernel")
    status, said = kernels(tmp_path)
    assert status == 1 and "is neither a bzImage nor an ELF image" in said
    assert not made.exists()
    made.write_bytes(b"left behind")
    (tmp_path / "vmlinuz-1-amd64").unlink()
    status, said = kernels(tmp_path)
    assert status == 1 and "no kernel of" in said and not made.exists()


def install(s):
    """What apt has installed for our packages."""
    installed = "dpkg-query -W -f '${Package}\\n'"
    before = s.must(installed).split()
    s.must("mount -o ro /dev/vdb /mnt; export DEBIAN_FRONTEND=noninteractive; "
           "apt-get -q install -y --no-install-recommends "
           "/mnt/debs/*.deb", 1800)
    return sorted(set(s.must(installed).split()) - set(before))


def check_installed(s):
    menu = s.must("cat /boot/grub/grub.cfg")
    assert "id 'hvx'" in menu
    # The settings have reached the entry.
    assert re.search(r"multiboot2 /boot/hvx-[\d.]+\.gz placeholder dom0_mem=1G",
                     menu)
    assert s.must("zcat /boot/hvx-dom0-$(uname -r).gz 2>/dev/null | "
                  "head -c 4") == \
        "\x7fELF"
    assert s.must("readlink -f /usr/sbin/xl").strip() == "/usr/sbin/hvxl"
    # A link as an operator makes it: the guest starts with the host.
    s.must("ln -s /mnt/first.cfg /etc/xen/auto/; "
           "echo '/dev/vdb /mnt ext4 ro 0 0' >>/etc/fstab")


def check_running(s):
    assert s.must("cat /proc/xen/capabilities").strip() == "control_d"
    s.run("systemctl is-system-running --wait")
    assert s.must("systemctl list-units --failed --plain --no-legend") == ""
    for unit in ("hvx-xenstored", "hvx-consoled", "hvxd", "hvx-guests",
                 "xenstored", "xenconsoled", "xendomains"):
        assert s.run("systemctl is-active %s" % unit)[1].strip() == "active", \
            unit
    assert "first" in s.must("hvxl list")
    s.must("for i in $(seq 300); do grep -q '^guest-init:' %s && exit; "
           "sleep 1; done; tail %s; exit 1" % (LOG, LOG))
    # What another toolstack's engine would call.
    assert "Domain-0" in s.must("xl list")


def remove(s, names):
    s.must("rm /etc/xen/auto/first.cfg; sed -i /vdb/d /etc/fstab; "
           "export DEBIAN_FRONTEND=noninteractive; "
           "apt-get -q purge -y " + " ".join(names), 1800)


@pytest.mark.parametrize("uefi", [False, True], ids=["bios", "uefi"])
def test_install(medium, tmp_path, uefi):
    log = os.path.join(LOGS, "test_install-%s.console" % (
        "uefi" if uefi else "bios"))
    os.makedirs(LOGS, exist_ok=True)
    s = system.System(str(tmp_path), system.disk(), log, uefi, [medium])
    try:
        s.booted()
        assert s.run("test -e /sys/firmware/efi")[0] == (0 if uefi else 1)
        s.must(FILES + " >/root/before; test -s /root/before")
        names = install(s)
        assert set(OURS) <= set(names)
        check_installed(s)
        s.reboot()
        check_running(s)
        remove(s, names)
        s.reboot()
        assert s.run("test -e /proc/xen/capabilities")[0] != 0
        assert s.run(FILES + " | diff /root/before -")[1] == ""
        assert s.run("test -e /var/log/xen")[0] != 0
    finally:
        s.stop()
