# Domains' lives in a dom0 with hvxd: run by test_life.py, which reads what this
# prints: "@ NAME" opens a section, "! ..." is a failure.
# Arguments: how many cycles, and how many pages the hypervisor may keep of all that
# is done here.

cycles=$1 kept=$2
log=/var/log/hvx/hvxd.log

fail() { echo "! $*"; tail -5 $log; }

# conf NAME CMDLINE [more members of the configuration]
conf() {
	echo "{\"id\":1,\"do\":\"create\",\"config\":{\"c_info\":{\"type\":\"pv\",\"name\":\"$1\"},\"b_info\":{\"max_vcpus\":1,\"max_memkb\":${kib:-16384},\"target_memkb\":${kib:-16384},\"kernel\":\"/root/tiny\",\"cmdline\":\"$2\"}$3}}"
}
create() { hvxask -q "$(conf "$@")"; }
destroy() { hvxask -q "{\"id\":1,\"do\":\"destroy\",\"domain\":\"$1\"}"; }
state() { hvxask "{\"id\":1,\"do\":\"domain\",\"domain\":\"$1\"}" |
	sed -n 's/.*"state":"\([a-z]*\)".*/\1/p'; }
field() { hvxask "{\"id\":1,\"do\":\"domain\",\"domain\":\"$1\"}" |
	sed -n "s/.*\"$2\":\"*\([^\",}]*\).*/\1/p"; }

# until COMMAND succeeds, or a minute and a half is over
await() {
	n=0
	until eval "$1"; do
		usleep 100000
		n=$((n + 1))
		[ $n -lt 900 ] || { fail "waited in vain for: $1"; return; }
	done
}

# What a guest could leave behind. hvxd's own pid changes, its children and
# descriptors are counted.
count() {
	hvxask -c
	echo "files $(ls /run/hvx/domains | wc -l)"
	pid=$(cat /run/hvx/hvxd.pid)
	echo "descriptors $(ls -l /proc/$pid/fd | grep -vc memfd:kernel)"
	echo "processes $(cat /proc/[0-9]*/comm 2>/dev/null |
		grep -cE '^(hvxd|blkback|netback)')"
}

# as_before [LINE]: all is as in /tmp/base, but for what LINE counts, and for pages
# that the hypervisor may keep.
as_before() {
	count >/tmp/now
	for f in base now; do
		grep -vE "^(pages|${1:-pages}) " /tmp/$f >/tmp/$f.rest
	done
	less=$(($(sed -n 's/^pages //p' /tmp/base) - $(sed -n 's/^pages //p' /tmp/now)))
	[ $less -ge 0 ] && [ $less -le $kept ] && cmp -s /tmp/base.rest /tmp/now.rest
}

# The hypervisor frees a domain's own structures a moment after the domain.
same() {
	n=0
	until as_before; do
		n=$((n + 1))
		if [ $n -gt 50 ]; then
			fail "$1: not as before"
			diff /tmp/base /tmp/now
			return
		fi
		usleep 200000
	done
	echo "same after $1"
}

restart() {
	hvx-daemon stop hvxd
	hvx-daemon start hvxd || fail "hvxd does not start"
}

echo "@ whole"
create first || fail "the first create"
destroy first || fail "the first destroy"
restart
create warm && destroy warm || fail "a create and destroy"
await 'count >/tmp/base; usleep 500000; count >/tmp/now; cmp -s /tmp/base /tmp/now'
head -4 /tmp/base
create web || fail "create"
[ "$(state web)" = running ] || fail "web is $(state web)"
create web && fail "a second one of that name"
destroy web || fail "destroy"
same "create and destroy"
kib=4096 create small || fail "one of 4 MiB"
await 'grep -q "^tiny: " /var/log/xen/console/guest-small.log' &&
	echo "4 MiB are enough"
destroy small || fail "destroy"
same "the smallest"

echo "@ refused"
kib=4194304 create big && fail "4 GiB of what isn't there"
conf x x | sed 's,/root/tiny,/root/none,' >/tmp/req
hvxask "$(cat /tmp/req)" && fail "a kernel that isn't there"
head -c 100000 /dev/urandom >/root/noise
conf x x | sed 's,/root/tiny,/root/noise,' >/tmp/req
hvxask "$(cat /tmp/req)" && fail "a kernel that is none"
rm /root/noise
same "refusals"

echo "@ steps"
for step in reserve record domain limits claim memory store introduce devices ready \
		start child; do
	export HVXD_FAIL_AT=$step
	restart
	create web && fail "$step: it was to fail"
	unset HVXD_FAIL_AT
	restart
	same "failure at $step"
done

echo "@ killed"
kib=131072
for delay in 1000 20000 60000 120000 200000 300000 500000; do
	hvxask "$(conf web)" >/dev/null 2>&1 &
	usleep $delay
	hvx-daemon kill hvxd
	hvx-daemon start hvxd || fail "hvxd does not start"
	wait
	echo "after $delay us: $(state web)"
	case $(state web) in
	running) destroy web || fail "destroy" ;;
	esac
	await '[ -z "$(state web 2>/dev/null)" ]'
	same "kill in a create"
done
kib=16384
create web "" ',"on_reboot":"restart"' || fail "create"
uuid=$(field web uuid)
hvx-daemon kill hvxd
hvx-daemon start hvxd
[ "$(state web)" = running ] || fail "web is $(state web) after a kill"
[ "$(field web uuid)" = "$uuid" ] || fail "another uuid"

# The store may go and come as well.
hvx-daemon kill hvxstored
hvx-daemon start hvxstored
create other || fail "create after the store was started again"
destroy other || fail "destroy after the store was started again"
[ "$(state web)" = running ] || fail "web is $(state web)"

echo "@ orders"
hvxask '{"id":1,"do":"reboot","domain":"web","wait":true}' | grep -c '"reason":"reboot"'
await '[ "$(state web 2>/dev/null)" = running ] && [ "$(field web restarts)" = 1 ]'
[ "$(field web uuid)" = "$uuid" ] || fail "another uuid after a reboot"
hvxask '{"id":1,"do":"shutdown","domain":"web","wait":true}' | grep -c '"reason":"poweroff"'
await '[ -z "$(state web 2>/dev/null)" ]'
same "reboot and shutdown"
create shy shy || fail "create"
hvxask '{"id":1,"do":"shutdown","domain":"shy","wait":true}' | grep -c '"reason":"poweroff"'
await '[ -z "$(state shy 2>/dev/null)" ]'

echo "@ policies"
create gone poweroff || fail "create"
await '[ -z "$(state gone 2>/dev/null)" ]'
create kept crash ',"on_crash":"preserve"' || fail "create"
await '[ "$(state kept)" = crashed ]'
destroy kept || fail "destroy"
create again crash ',"on_crash":"restart"' || fail "create"
await '[ "$(field again restarts)" -ge 1 ]'
await '[ "$(state again)" = restarting ]'
destroy again || fail "destroy in a restart's pause"
create put crash ',"on_crash":"restart_rename"' || fail "create"
await '[ "$(state put-1)" = crashed ]'
await '[ -n "$(state put-2 2>/dev/null)" ] || [ "$(state put)" = restarting ]'
for d in put put-1 put-2 put-3; do destroy $d >/dev/null 2>&1; done
await '[ "$(hvxask "{\"id\":1,\"do\":\"list\"}" | grep -c put)" = 0 ]'
same "policies"

echo "@ backends"
pids() { pidof $1 | wc -w; }
dd if=/dev/zero of=/root/disk.img bs=1M count=1 2>/dev/null
modprobe -a tun bridge
ip link add xenbr0 type bridge && ip link set xenbr0 up
disk=',"disks":[{"vdev":"xvda","format":"raw","pdev_path":"/root/disk.img","readwrite":1}]'
nic=',"nics":[{"mac":"00:16:3e:00:00:01","bridge":"BRIDGE"}]'
create web "" "$(echo "$disk" | sed s/disk.img/none.img/)" && fail "a disk that isn't there"
create web "" "$(echo "$nic" | sed s/BRIDGE/xenbr7/)" && fail "a bridge that isn't there"
# What it needs to ask for bridges stays open; nothing else may have changed.
as_before descriptors || fail "devices that are not there leave something"
cp /tmp/now /tmp/base
create web "" "$disk$(echo "$nic" | sed s/BRIDGE/xenbr0/)" || fail "create"
echo "processes $(pids blkback) $(pids netback)"
hvxask -c | grep -E '/(hvbd|hvif)/.*/online'
id=$(field web domid)
[ -d /sys/class/net/xenbr0/brif/vif$id.0 ] || fail "no tap in the bridge"
create other "" "$disk" && fail "one disk for two"
old=$(pidof blkback)
kill -9 $old
await '[ "$(pidof blkback)" != "$old" ] && [ "$(pids blkback)" = 1 ]'
old="$(pidof blkback) $(pidof netback)"
hvx-daemon kill hvxd
hvx-daemon start hvxd
await '[ "$(pids blkback)$(pids netback)" = 11 ]'
for pid in $old; do [ -d /proc/$pid ] && fail "an orphan stays: $pid"; done
[ "$(state web)" = running ] || fail "web is $(state web)"
await 'hvxask "{\"id\":1,\"do\":\"disk-detach\",\"domain\":\"web\",\"device\":51712,\"force\":true}" >/tmp/detach'
destroy web || fail "destroy"
[ ! -d /sys/class/net/vif$id.0 ] || fail "the tap stays"
ls /run/hvx | grep -E 'blkback|netback' && fail "files stay"
same "devices"

echo "@ cycles"
i=0
while [ $i -lt $cycles ]; do
	i=$((i + 1))
	echo "cycle $(create web) $(destroy web)"
done
same "$cycles cycles"
echo "@ end"
