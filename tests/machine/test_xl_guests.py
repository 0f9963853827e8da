"""Stock guests by Debian's own toolstack: xl, xenstored, xenconsoled."""

import re

import pytest

# name kernel MiB vCPUs; wait FILE PATTERN [COUNT]; send NAME TEXT
LIB = r"""
log() { echo /var/log/xen/console/guest-$1.log; }
config() {
	cat >$1.cfg <<-X
	name = "$1"
	kernel = "/root/vmlinuz-$2"
	ramdisk = "/root/initrd-$2"
	memory = $3
	vcpus = $4
	extra = "console=hvc0 quiet"
	on_crash = "preserve"
	$5
	X
}
until_ok() {
	i=0
	until eval "$1"; do
		usleep 200000
		i=$((i + 1))
		[ $i -lt 900 ] || { echo "never: $1"; exit 1; }
	done
}
said() { until_ok "[ \$(grep -c '$2' $(log $1)) -ge ${3:-1} ]"; }
send() { echo "$2" >$(xenstore-read /local/domain/$(xl domid $1)/console/tty); }
state() { xl list $1 | awk 'END { print $5 }'; }
free_pages() { xl debug-keys m; xl dmesg | grep -o 'free pages: [0-9]*' | tail -1; }
"""

LIVES = LIB + r"""
config c1 cloud 128 1
config a4 amd64 256 2 'maxvcpus = 4
maxmem = 256'
xl create -q c1.cfg && xl destroy c1
until_ok '! xl domid c1 >/dev/null 2>&1'
rm -f $(log c1)
echo "@before $(free_pages)"
xl create -q c1.cfg
said c1 guest-init:
send c1 'echo answer$((40 + 2))'
said c1 answer42
echo "@answered"

send c1 'while :; do :; done &'
send c1 'echo busy$((1 + 1))'
said c1 busy2
for i in 1 2 3 4 5; do
	xl pause c1
	echo "@paused $(state c1)"
	xl unpause c1
done
send c1 'kill %1; echo calm$((1 + 1))'
said c1 calm2
echo "@unpaused $(state c1)"
xl reboot c1
said c1 guest-init: 2
echo "@rebooted $(xl domid c1)"
xl shutdown -w c1 >/dev/null
until_ok '! xl domid c1 >/dev/null 2>&1'
echo "@shutdown"

xl create -q a4.cfg
said a4 guest-init:
send a4 'until [ $(nproc) = 2 ]; do sleep 1; done; echo cpus=$(nproc)'
said a4 cpus=2
xl vcpu-set --ignore-host a4 4
send a4 'c=/sys/devices/system/cpu; until [ -e $c/cpu3/online ]; do sleep 1; done'
send a4 'for n in 2 3; do echo 1 >$c/cpu$n/online; done; echo cpus=$(nproc)'
said a4 cpus=4
xl vcpu-set a4 1
until_ok "[ \$(xl vcpu-list a4 | grep -c -- '--p') = 3 ]"
echo "@vcpus"
xl mem-set a4 160
until_ok "[ \$(xl list a4 | awk 'END { print \$3 }') -le 160 ]"
xl mem-set a4 250
until_ok "[ \$(xl list a4 | awk 'END { print \$3 }') -ge 250 ]"
echo "@memory"
xl vcpu-pin a4 all 1
echo "@pinned $(xl vcpu-list a4 | awk 'NR > 1 { print $7 }' | sort -u)"
xl sched-credit -d a4 -w 512 -c 50
echo "@credit $(xl sched-credit -d a4 | awk 'END { print $3, $4 }')"
xl trigger a4 nmi 0; echo "@nmi $?"
xl sysrq a4 h
said a4 'sysrq: HELP'
send a4 'echo c >/proc/sysrq-trigger'
until_ok "state a4 | grep -q c"
echo "@crashed $(state a4)"
xl destroy a4
until_ok '! xl domid a4 >/dev/null 2>&1'
echo "@after $(free_pages)"
xl debug-keys M
xl dmesg | grep 'audit:' | tail -1
"""


@pytest.mark.quick
def test_lives(dom0, hypervisor):
    options = ["--append-core", "sched=credit"] if hypervisor == "xen" else []
    r = dom0(LIVES, "--toolstack", "xen", "--mem", "1536", "--smp", "2",
             "--guest", "cloud", "--guest", "amd64", *options, timeout=900)
    told = {}
    for name, value in re.findall(r"^@(\w+) ?(.*)$", r.out, re.M):
        told.setdefault(name, []).append(value)
    assert {"answered", "shutdown", "vcpus", "memory"} <= set(told), r.out
    assert told["paused"] == ["--p---"] * 5, r.out
    assert all("p" not in s for s in told["unpaused"]), r.out
    assert told["rebooted"] == ["3"], r.out
    assert told["pinned"] == ["1"] and told["credit"] == ["512 50"], r.out
    assert told["nmi"] == ["0"], r.out
    assert told["crashed"] == ["---sc-"], r.out
    if hypervisor == "hvx":
        assert told["before"] == told["after"], r.out
        assert "audit: 0 differences" in r.out
