"""A machine or a boot entry that can't work is refused in one clear line, and
the processor halts: no panic, no reset, no silence."""

import argparse
import os
import re
import sys
import time

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../lib"))
import image                                            # noqa: E402
import machine                                          # noqa: E402

pytestmark = pytest.mark.skipif(
    os.environ.get("HVX_HYPERVISOR", "hvx") != "hvx",
    reason="the core's own words")


def boot(tmp_path, args, modules, *options, until=rb"halt(ed|ing)\."):
    """The console of a boot, up to the words awaited or 40 seconds."""
    p = argparse.ArgumentParser()
    machine.add_options(p)
    opt = p.parse_args(list(options))
    opt.smp, opt.mem = opt.smp or 1, opt.mem or 512
    iso = str(tmp_path / "boot.iso")
    image.iso(iso, image.core("hvx"), "console=com1 com1=115200,8n1 noreboot "
              + args, modules)
    m = machine.Machine(machine.command_line(opt, iso), str(tmp_path))
    text = b""
    deadline = time.monotonic() + 60
    try:
        while not re.search(until, text):
            port, data = m.read(deadline)
            if port is None:
                break
            text += data
        # Whoever halts says nothing after it and does not reset.
        time.sleep(1)
        assert not m.ended(), "the machine was reset\n%s" % text
    finally:
        m.stop()
    text = text.decode(errors="replace").replace("\r", "")
    assert "Panic" not in text, text
    return text


def refusal(text):
    lines = [line for line in text.splitlines()
             if re.search(r"halt(ed|ing)\.", line)]
    assert len(lines) == 1, text
    return lines[0]


@pytest.fixture
def elf(tmp_path):
    """A kernel that is good enough to be looked at."""
    return (image.kernel()[2], "", True)


@pytest.mark.quick
def test_no_module(tmp_path):
    assert "no dom0 kernel" in refusal(boot(tmp_path, "", []))


@pytest.mark.quick
def test_bzimage(tmp_path):
    line = refusal(boot(tmp_path, "", [(image.kernel()[1], "", False)]))
    assert "bzImage" in line


@pytest.mark.quick
def test_not_an_elf(tmp_path):
    junk = tmp_path / "junk"
    junk.write_bytes(b"this is no kernel\n" * 1000)
    assert "ELF" in refusal(boot(tmp_path, "", [(str(junk), "", False)]))


def test_elf_without_notes(tmp_path):
    """A 64-bit ELF that isn't a Xen kernel."""
    line = refusal(boot(tmp_path, "", [(image.BUSYBOX, "", False)]))
    assert "Xen" in line


@pytest.mark.quick
def test_little_memory(tmp_path, elf):
    assert "too little" in refusal(boot(tmp_path, "", [], "--mem", "48"))


@pytest.mark.parametrize("cpu, word", [
    ("max,-lm", "long mode"), ("max,-nx", "NX"), ("max,-apic", "APIC")])
def test_processor(tmp_path, cpu, word):
    text = boot(tmp_path, "", [], "--cpu", cpu)
    assert word in refusal(text)


@pytest.mark.quick
@pytest.mark.parametrize("option, name", [
    ("dom0_mem=lots", "dom0_mem"), ("maxcpus=-3", "maxcpus"),
    ("sched_credit_tslice_ms=0x", "sched_credit_tslice_ms")])
def test_bad_value(tmp_path, option, name):
    assert name in refusal(boot(tmp_path, option, []))


@pytest.mark.quick
def test_unknown_option(tmp_path):
    """Warned about; the boot goes on, here to the missing module."""
    text = boot(tmp_path, "frobnicate=1", [])
    assert re.search(r"frobnicate", text)
    assert "no dom0 kernel" in refusal(text)
