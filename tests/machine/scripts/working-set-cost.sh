# What it costs a stock guest to be watched: working-set-cost.sh GUEST_MIB N
# SECONDS SAMPLES INTERVAL. A program in it writes to N MiB for some SECONDS of
# its own, by turns while nobody looks and while it is watched. Prints "ROUNDS
# in US alone|watched" for each turn, and what the core says of its own time.
. ./ws-lib.sh
mib=$1 n=$2 seconds=$3 samples=$4 interval=$5

lines() { grep -c "$1" $log; }
# until_lines COUNT PATTERN
until_lines() {
	t=6000
	until [ $(lines "$2") -ge $1 ]; do
		t=$((t - 1))
		[ $t -gt 0 ] || die "waited in vain for $1 times $2"
		usleep 100000
	done
}
# turn HOW: the turn's line from the guest
turn() {
	before=$(lines "^touched $n:")
	say "hvtouch $n x$rounds"
	until_lines $((before + 1)) "^touched $n:"
	grep "^touched $n:" $log | tail -1 | tr -d '\r' |
		sed "s/^touched [0-9]*: \([0-9]*\) rounds, \([0-9]*\) us.*/\1 in \2 $1/"
}

create_ws $mib /usr/sbin/hvtouch
until_lines 1 '^guest-init:'
sleep 2
# How many rounds are some seconds of work.
rounds=10
first=$(turn first)
us=${first#* in }; us=${us% first}
rounds=$((seconds * 10 * 1000000 / us))
for i in 1 2 3; do
	turn alone
	hvws $id $samples $interval 100000 >ws.out &
	watcher=$!
	sleep 2
	turn watched
	kill $watcher
	wait $watcher 2>/dev/null
	hvws $id $samples 0 0		# nothing is watched any more
done
awk '{ n++; us += $(NF - 1) } END { printf "core %d us an interval\n", us / n }' ws.out
hvxl destroy ws || die "destroy"
