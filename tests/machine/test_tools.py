"""Debian's own tools, made for Xen 4.17, print sense."""

import re

import pytest

TOOLS = """
for c in 'xl info' 'xl list' 'xl list -l' 'xl vcpu-list' 'xl dmesg' \
		'xentop -b -i 2' 'xl sched-credit' 'xenstore-ls' 'xl uptime'; do
	echo "@@ $c"
	$c 2>&1
	echo "@= $?"
done
"""


@pytest.mark.quick
def test_tools(dom0, hypervisor):
    options = ["--toolstack", "xen", "--mem", "1024", "--smp", "2"]
    if hypervisor == "xen":
        options += ["--append-core", "sched=credit"]
    r = dom0(TOOLS, *options)
    said = {m.group(1): (int(m.group(3)), m.group(2)) for m in re.finditer(
        r"^@@ (.*)\n((?:.*\n)*?)@= (\d+)$", r.out, re.M)}
    for command, (status, text) in said.items():
        assert status == 0, "%s: %d\n%s" % (command, status, text)
    assert len(said) == 9

    info = dict(re.findall(r"^(\w+) +: (.*)$", said["xl info"][1], re.M))
    assert info["nr_cpus"] == "2"
    assert info["xen_major"] == "4" and info["xen_minor"] == "17"
    assert "xen-3.0-x86_64" in info["xen_caps"]
    assert info["xen_scheduler"] == "credit"
    assert 1000 <= int(info["total_memory"]) <= 1024
    assert 300 <= int(info["free_memory"]) < 512
    assert 100 < float(info["cpu_mhz"]) < 10000
    if hypervisor == "hvx":
        assert info["xen_extra"].startswith("-hvx-")
        assert info["xen_version"].startswith("4.17-hvx-")

    domain = said["xl list"][1].splitlines()[1].split()
    assert domain[:4] == ["Domain-0", "0", "512", "2"]
    assert float(domain[5]) > 0

    vcpus = [line.split() for line in
             said["xl vcpu-list"][1].splitlines()[1:]]
    assert [v[2] for v in vcpus] == ["0", "1"]
    assert all(float(v[5]) > 0 for v in vcpus)

    assert "dom0_mem=512M" in said["xl dmesg"][1] \
        or "Dom0" in said["xl dmesg"][1]
    assert len(re.findall(r"^ *Domain-0 ", said["xentop -b -i 2"][1],
                          re.M)) == 2
    assert "Domain-0" in said["xl sched-credit"][1]
    assert re.search(r'name = "Domain-0"', said["xenstore-ls"][1])
