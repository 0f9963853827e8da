#!/bin/sh
# In dom0: two stock guests on a bridge, timed. TOOL=xl: Debian's tools, and the
# kernel's own backend. A line "BENCH NAME VALUE" a figure.
. /root/net-dom0
seconds=${1:-2}

figure() { echo "BENCH $*"; }

# vif-up as xl calls it: what its vif-bridge does, without what that needs.
cat >/root/vif-up <<-'END'
	#!/bin/sh
	[ "$1" = online ] || exit 0
	ip link set $vif master xenbr0
	ip link set $vif up
	xenstore-write $XENBUS_PATH/hotplug-status connected
END
chmod +x /root/vif-up
more=
[ $tool = hvxl ] || more=,script=/root/vif-up

[ $tool = hvxl ] || modprobe xen-netback
bridge xenbr0 10.9.0.1/24
guest a 1 mac=00:16:3e:00:00:0a,bridge=xenbr0$more
guest b 1 mac=00:16:3e:00:00:0b,bridge=xenbr0$more
heard a guest-init:
heard b guest-init:
address a eth0 10.9.0.10/24
address b eth0 10.9.0.11/24
ping -c 2 -W 20 10.9.0.10 >/dev/null || fail "ping"
tell a "iperf3 -s -D"
run b "iperf3 -s -D"
sleep 2

# dom0's processor time in milliseconds, as its hypervisor accounts for it.
dom0_ms() { $tool list 0 | awk 'NR == 2 { printf "%d", $6 * 1000 }'; }
counter() { cat /sys/class/net/vif$($tool domid a).0/statistics/$1; }
# of SUM MEMBER: of a run's closing figures
of() {
	sed -n '/"end"/,$p' /tmp/iperf | sed -n "/\"$1\"/,/}/s/.*\"$2\":[^0-9]*\([0-9]*\).*/\1/p" | head -1
}
# tcp NAME ARGUMENTS: Mbit/s, and dom0's milliseconds for each GiB
tcp() {
	name=$1
	shift
	begin=$(dom0_ms) frames=$(($(counter rx_packets) + $(counter tx_packets)))
	iperf3 -J -t $seconds "$@" >/tmp/iperf || fail "$name"
	frames=$(($(counter rx_packets) + $(counter tx_packets) - frames))
	echo "$name: $(($(of sum_received bytes) / frames)) bytes a frame either way"
	ms=$(($(dom0_ms) - begin))
	figure $name-mbit $(($(of sum_received bits_per_second) / 1000000))
	figure $name-dom0-ms-gib $((ms * 1024 / ($(of sum_received bytes) / 1048576 + 1)))
}

figure rtt-best-us $(ping -c 50 -A 10.9.0.10 >/tmp/ping; sed -n 's/^round.*= \([0-9]*\)\.\([0-9]*\).*/\1\2/p' /tmp/ping)
figure rtt-average-us $(sed -n 's/^round.*= [^/]*\/\([0-9]*\)\.\([0-9]*\).*/\1\2/p' /tmp/ping)
tcp dom0-guest -c 10.9.0.10
tcp guest-dom0 -c 10.9.0.10 -R
# Small packets: those that came through a's card in a second. tx, rx: dom0's.
small() {
	name=$1 what=$2
	shift 2
	begin=$(counter $what)
	iperf3 -J -u -l 64 -b 0 -t 1 "$@" >/tmp/iperf || fail "$name"
	figure $name-pps $(($(counter $what) - begin))
}
small small-dom0-guest tx_packets -c 10.9.0.10
small small-guest-dom0 rx_packets -c 10.9.0.10 -R

# Between guests: dom0 only carries.
begin=$(dom0_ms)
run a "iperf3 -J -t $seconds -c 10.9.0.11 >/tmp/iperf"
ms=$(($(dom0_ms) - begin))
run a "sed -n '/\"end\"/,\$p' /tmp/iperf | sed -n '/\"sum_received\"/,/}/s/.*\"b\\([a-z_]*\\)\":[^0-9]*\\([0-9]*\\).*/between-\\1=\\2=/p'"
between() {
	sed -n "s/^between-$1=\([0-9]*\)=.*/\1/p" \
		/var/log/xen/console/guest-a.log | tail -1
}
figure guest-guest-mbit $(($(between its_per_second) / 1000000))
figure guest-guest-dom0-ms-gib $((ms * 1024 / ($(between ytes) / 1048576 + 1)))
