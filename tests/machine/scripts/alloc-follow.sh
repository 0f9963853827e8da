# Memory follows the work of two stock guests: alloc-follow.sh SOURCE. SOURCE:
# who says what they use, agent or sampled. Prints "ok STEP" for what went well,
# and "has SECONDS A B" (MiB) meanwhile.
. ./alloc-lib.sh
source=$1
logs=/var/log/xen/console

# The guests' own programs, behind the stock initramfs.
pack() {
	mkdir -p over/usr/sbin
	cp /usr/sbin/hvtouch /usr/sbin/hvx-agent over/usr/sbin/
	(cd over; find . | busybox cpio -o -H newc 2>/dev/null | gzip) >over.gz
	cat initrd-cloud over.gz >initrd
}
stock() {
	cat >$1.cfg <<-END
	name = "$1"
	kernel = "/root/vmlinuz-cloud"
	ramdisk = "/root/initrd"
	extra = "console=hvc0 quiet"
	memory = 224
	mem_floor = 112
	maxmem = 384
	END
	hvxl create -q $1.cfg || die "create $1"
}
# wait_for SECONDS CONDITION: and say what they have on the way
wait_for() {
	n=$1; shift
	for i in $(seq 1 $n); do
		echo has $(cut -d. -f1 /proc/uptime) $(field a 3) $(field b 3)
		eval "$*" && return
		sleep 1
	done
	return 1
}
has_at_least() { [ $(field $1 3) -ge $2 ]; }
has_at_most() { [ $(field $1 3) -le $2 ]; }

pack
# Much headroom: what they work with is small beside what they have.
hvxl alloc set follow=60 retry=10 headroom=120
leave 452
stock a
stock b
until_true 240 '[ $(grep -l "^guest-init:" $logs/guest-[ab].log | wc -l) = 2 ]' ||
	die "no greeting: $(tail -3 $logs/guest-[ab].log)"
[ $source = sampled ] || for g in a b; do tell $g "hvx-agent &"; done
until_true 60 '[ $(field a 10) = $source ] && [ $(field b 10) = $source ]' ||
	die "they aren't known by $source"
ok "two guests, known by $source"
hvxl events >events 2>&1 &
events=$!

# touch NAME: it works with 100 MiB for some minutes
touch() {
	tell $1 "hvtouch 100 150"
	until_true 60 'grep -q "^touching 100" $logs/guest-'$1'.log' ||
		die "$1 doesn't work: $(tail -5 $logs/guest-$1.log)"
}
touch a
wait_for 120 'has_at_least a 260 && has_at_most b 190' || die "a has no more"
ok "memory went to the first"
until_true 240 'grep -q "touched 100:" $logs/guest-a.log' || die "a's work"
touch b
wait_for 180 'has_at_least b 260 && has_at_most a 190' || die "b has no more"
ok "memory went to the second"
[ $(($(field a 3) + $(field b 3))) -le 452 ] || die "more than there is"
kill $events
grep -q ' memory-target a .* why=need text=it uses what it has (it uses [0-9]* MiB, says ' events ||
	grep -q ' memory-target a .* why=share ' events ||
	die "events: $(head -5 events)"
grep -q ' memory-target b .* why=idle ' events || die "events: $(tail -5 events)"
ok "the events say why"
