# Work that needs memory moves over three stock guests on a machine that has too
# little for all: memory-moves.sh SECONDS MODE... MODE is who deals out memory:
#
#	fixed	nobody: each keeps a third
#	hand	mem-set, at each move
#	sampled	hvxallocd, told of use by the hypervisor
#	agent	hvxallocd, told by an agent in each guest
#
# Each guest works for SECONDS in turn; what doesn't fit is swapped to a disk of
# its own. Prints "moved MODE GUEST PAGES in US, has A B C" for each (MiB at its
# end), "BENCH MODE-pages PAGES", and "ok STEP".
. ./alloc-lib.sh
seconds=$1; shift
logs=/var/log/xen/console
guests="a b c" third=192 idle=96 most=384 needs=240

# The guests' own programs, behind the stock initramfs.
pack() {
	mkdir -p over/usr/sbin
	cp /usr/sbin/hvwork /usr/sbin/hvx-agent over/usr/sbin/
	(cd over; find . | busybox cpio -o -H newc 2>/dev/null | gzip) >over.gz
	cat initrd-cloud over.gz >initrd
}
stock() {
	cat >$1.cfg <<-END
	name = "$1"
	kernel = "/root/vmlinuz-cloud"
	ramdisk = "/root/initrd"
	extra = "console=hvc0 quiet"
	disk = [ "phy:/dev/vd$1,xvda,w" ]
	memory = $third
	mem_floor = $idle
	maxmem = $most
	END
	hvxl create -q $1.cfg || die "create $1"
}
# answers NAME COMMAND: and waits until it is done
asked=0
answers() {
	asked=$((asked + 1))
	tell $1 "$2; echo done=\$((1000 + $asked))"
	until_true 120 "grep -q '^done=$((1000 + asked))' $logs/guest-$1.log" ||
		die "$1: $2: $(tail -5 $logs/guest-$1.log)"
}
has() { hvxl list $1 | awk 'NR > 1 { print $3 }'; }
all_have() {
	for g in $guests; do
		[ $(has $g) -ge $(($1 - 1)) ] && [ $(has $g) -le $1 ] || return 1
	done
}
# As at the beginning, and nobody changes it.
thirds() {
	hvx-daemon stop hvxallocd
	for g in $guests; do hvxl mem-set $g $third || die "mem-set $g"; done
	until_true 60 "all_have $third" || die "no thirds"
}

begin_fixed() { thirds; }
begin_hand() { thirds; }
begin_sampled() { thirds; policy sampled; }
begin_agent() {
	thirds
	for g in $guests; do answers $g "(hvx-agent &)"; done
	policy agent
}
policy() {
	hvx-daemon start hvxallocd
	for g in $guests; do
		until_true 60 "[ \$(field $g 10) = $1 ]" ||
			die "$g isn't known by $1"
	done
}
# by_hand NAME: it is to have what the others can give
by_hand() {
	for g in $guests; do
		[ $g = $1 ] || hvxl mem-set $g $idle || die "mem-set $g"
	done
	hvxl mem-set $1 $most || die "mem-set $1"
}

work() {
	mode=$1 name=$2 log=$logs/guest-$2.log
	before=$(grep -c "^worked $needs:" $log)
	[ $mode != hand ] || by_hand $name
	tell $name "hvwork $needs $seconds"
	until_true $((seconds * 4 + 60)) \
		"[ \$(grep -c '^worked $needs:' $log) -gt $before ]" ||
		die "$name doesn't work: $(tail -5 $log)"
	grep "^worked $needs:" $log | tail -1 | tr -d '\r' | sed \
		"s/.*: \([0-9]*\) pages in \([0-9]*\) us/moved $mode $name \1 in \2, has $(has a) $(has b) $(has c)/" >>moved
}
moves() {
	begin_$1
	: >moved
	for g in $guests; do work $1 $g; done
	cat moved
	awk -v mode=$1 '{ n += $4 } END { printf "BENCH %s-pages %d\n", mode, n }' moved
}

pack
hvxl alloc set slack=$(($(hvxl info free_memory) - 3 * (third + 1) - 4))
for g in $guests; do stock $g; done
for g in $guests; do
	until_true 240 "grep -q '^guest-init:' $logs/guest-$g.log" ||
		die "no greeting of $g: $(tail -3 $logs/guest-$g.log)"
	answers $g "mkswap /dev/xvda && swapon /dev/xvda && cat /proc/swaps"
	grep -q '^/dev/xvda.*partition' $logs/guest-$g.log ||
		die "$g doesn't swap: $(tail -5 $logs/guest-$g.log)"
done
ok "three guests"
hvxl events >events 2>&1 &
events=$!
for mode; do moves $mode; done
kill $events
for g in $guests; do hvxl destroy $g || die "destroy $g"; done
case "$*" in *sampled*|*agent*)
	grep -q ' memory-target [abc] .* why=need text=it uses what it has (it uses [0-9]* MiB, says ' events ||
		die "events: $(head -5 events)"
	grep -q ' memory-target [abc] .* why=idle ' events ||
		die "events: $(tail -5 events)"
	ok "the events say why" ;;
esac
