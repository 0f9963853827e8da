# What guests that always run get of the processors: shares.sh SECONDS [PART...].
# The machine has three, the first is dom0's but for the last part. Prints
# "used PART NAME NS of NS" for each guest, and what hvwake says of dom0.
. ./alloc-lib.sh
seconds=$1; shift

# spinner NAME VCPUS [LINE...]
spinner() {
	name=$1 vcpus=$2
	tiny $name 16 "vcpus=$vcpus" 'extra="spin"'
	shift 2
	printf '%s\n' "$@" >>$name.cfg
	hvxl create -q $name.cfg || die "create $name"
	until_true 60 "grep -q '^tiny: spins on $vcpus' /var/log/xen/console/guest-$name.log" ||
		die "$name doesn't spin"
}
# Each domain's name and time, and dom0's uptime, in ns.
cpu_times() {
	hvxl list --json | awk -F '[:",[:blank:]]+' '
		$2 == "name" { name = $3 } $2 == "cpu_time_ns" { print name, $3 }'
	awk '{ printf "uptime %.0f\n", $1 * 1e9 }' /proc/uptime
}
# measure PART: the guests' shares from now on, and then their end
measure() {
	sleep 2
	cpu_times >before
	sleep $seconds
	cpu_times | awk -v part=$1 '
		NR == FNR { was[$1] = $2; next }
		{ is[$1] = $2 - was[$1] }
		END {
			for (name in is)
				if (name != "uptime")
					printf "used %s %s %.0f of %.0f\n", part,
						name, is[name], is["uptime"]
		}' before -
	for name in a b c; do hvxl destroy $name || die "destroy $name"; done
}

one() {
	spinner a 1 cpus='"1"' cpu_weight=128
	spinner b 1 cpus='"1"' cpu_weight=256
	spinner c 1 cpus='"1"' cpu_weight=512
	measure one
}
two() {
	spinner a 2 cpus='"1-2"' cpu_weight=128
	spinner b 2 cpus='"1-2"' cpu_weight=256
	spinner c 2 cpus='"1-2"' cpu_weight=512
	measure two
}
# Weights that would give the first two more than their caps.
caps() {
	spinner a 1 cpus='"1-2"' cpu_weight=1024 cap=25
	spinner b 2 cpus='"1-2"' cpu_weight=1024 cap=110
	spinner c 2 cpus='"1-2"' cpu_weight=64
	measure caps
}
# One with a guarantee is bound where two others are; by its weight alone, which
# is made for the whole machine, it would have a sixth.
guarantee() {
	spinner b 1 cpus='"1"'
	spinner c 1 cpus='"1"'
	spinner a 1 cpus='"1"' cpu_guarantee=50
	sleep 40
	echo "waits $(field a 12)"
	measure guarantee
}
# Each comes when those before it have been seen to run; the last is bound later.
places() {
	for name in a b c; do
		[ $name = c ] && key= || key=cpu_bind=1
		spinner $name 1 $key
		sleep 12
	done
	[ $(place c) = all ] || die "c is bound: $(hvxl vcpu-list)"
	hvxl alloc bind c || die "bind c"
	echo "places $(place a) $(place b) $(place c)"
	for name in a b c; do hvxl destroy $name || die "destroy $name"; done
}
place() { hvxl vcpu-list $1 | awk 'NR > 1 { print $7 }'; }
# All processors are full, dom0's too.
answers() {
	hvxl vcpu-pin 0 all all || die "dom0 stays where it is"
	spinner a 3 cpu_weight=128
	spinner b 3 cpu_weight=256
	spinner c 3 cpu_weight=512
	sleep 2
	echo "wake $(hvwake $seconds)"
	echo "list $(hvwake $seconds hvxl list)"
	for name in a b c; do hvxl destroy $name || die "destroy $name"; done
}

hvxl vcpu-pin 0 all 0 || die "dom0's place"
for part in ${*:-one two caps answers}; do $part; done
