# A stock guest whose working set is watched: working-set.sh GUEST_MIB N...
# In it a program touches N MiB again and again; what the hypervisor makes of
# it is printed: "N MIB base KIB estimate KIB core US", means of the intervals
# (base: the same guest before). Then a program that touches once and sleeps:
# how the kernel sees its pages after they were watched. Then the agent.
# SAMPLES, INTERVAL, COUNT: how to watch.

mib=$1; shift
: ${SAMPLES:=8192} ${INTERVAL:=2} ${COUNT:=2}
. ./ws-lib.sh

# until_true SECONDS CONDITION
until_true() {
	t=$(($1 * 10))
	until eval "$2"; do
		t=$((t - 1))
		[ $t -gt 0 ] || die "waited in vain for: $2"
		usleep 100000
	done
}
until_line() { until_true $1 "grep -q '$2' $log"; }

# type_in COMMAND PATTERN: and the guest's console shows such a line
type_in() {
	say "$1"
	until_line 120 "$2"
}

# watch: the mean of the estimates in KiB, and of the core's time in us
watch() {
	hvws $id $SAMPLES $INTERVAL $COUNT >/tmp/ws || die "hvws"
	cat /tmp/ws >&2
	awk '{ n++; ws += $2; core += $(NF - 1) }
		END { printf "%d core %d\n", ws / n, core / n }' /tmp/ws
}

create_ws $mib /usr/sbin/hvtouch /usr/sbin/hvx-agent
until_line 120 '^guest-init:'
sleep 2
base=$(watch)
for n; do
	type_in "hvtouch $n 100000 &" "touching $n"
	echo "N $n base ${base% core*} estimate $(watch)"
	type_in "killall hvtouch; echo ended=\$((1000 + $n))" \
		"ended=$((1000 + n))"
done

type_in "hvtouch 24 idle &" "touching 24"
echo "idle $(watch)"
type_in "killall hvtouch" "referenced"
grep -o 'referenced.*' $log

# What the agent tells, and what the kernel could do without at that time.
type_in "hvx-agent --once; echo agent=\$((40 + \$?))" "agent=4"
type_in "awk '/^(MemFree|Buffers|Cached):/ { n += \$2 } \
/^(Shmem|Mapped):/ { n -= \$2 } END { print \"spare=\" n }' /proc/meminfo" "^spare="
told=$(hvxask -c | sed -n "s|^node /local/domain/$id/memory/meminfo = ||p")
echo "$(grep -o 'agent=4.' $log | tail -1) told=$told $(grep '^spare=' $log |
	tr -d '\r')"
hvxl destroy ws || die "destroy"
