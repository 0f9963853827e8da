# The life of one stock guest, told step by step: guest-life.sh FLAVOUR VCPUS.
# A line "ok STEP" for each that went well; the first that doesn't ends it.
# TOOL=xl does the same with Debian's tools, for comparison.

flavour=$1 vcpus=$2 tool=${TOOL:-hvxl}
# Little: it is built from 64 MiB on, and 6.1.192 itself runs out of memory below
# 70, before its init sections are free.
case $flavour in cloud) memory=72 ;; *) memory=160 ;; esac
name=g-$flavour
log=/var/log/xen/console/guest-$name.log

die() {
	echo "FAIL $*"
	$tool list
	echo "-- console"; tail -30 $log
	for f in /var/log/hvx/*.log; do
		[ ! -f $f ] || { echo "-- $f"; tail -15 $f; }
	done
	exit 1
}
ok() { echo "ok $*"; }

# until SECONDS CONDITION: it becomes true. Asked seldom: where a program's start
# is dear, asking would be all that the machine does.
until_true() {
	t=$(($1 * 2)); shift
	while ! eval "$*"; do
		t=$((t - 1))
		[ $t -gt 0 ] || return 1
		usleep 500000
	done
}
# How often the guest's init has greeted so far.
greetings() { grep -c '^guest-init:' $log 2>/dev/null; }
state() { $tool list $name 2>/dev/null | awk 'NR == 2 { print $5 }'; }
cpu_time() { $tool list $name | awk 'NR == 2 { print $6 }'; }
gone() { ! $tool domid $name >/dev/null 2>&1; }
free_memory() { $tool info free_memory; }

# ask COMMAND PATTERN: the guest's shell answers with a line of that pattern
ask() {
	pattern=$2
	n=$(grep -c "$pattern" $log)
	{ printf '\n%s\n' "$1"; sleep 2; } | $tool console $name >/dev/null 2>&1 &
	until_true 60 '[ $(grep -c "$pattern" $log) -gt '$n' ]'
	answered=$?
	kill $! 2>/dev/null
	wait $! 2>/dev/null
	return $answered
}

start() {
	n=$(greetings)
	$tool create guest.cfg || die "create"
	until_true 200 '[ $(greetings) -gt '${n:-0}' ]' || die "reaching init"
}

cat >guest.cfg <<END
name = "$name"
kernel = "/root/vmlinuz-$flavour"
ramdisk = "/root/initrd-$flavour"
extra = "console=hvc0 earlyprintk=xen"
memory = $memory
vcpus = $vcpus
on_poweroff = "destroy"
on_reboot = "restart"
on_crash = "destroy"
END

before=$(free_memory)
start
ok "created, and at its init"

grep -q "^guest-init: .*, $vcpus processors" $log || die "vcpus"
! grep 'insecure W+X mapping' $log || die "memory writable and executable"
ok "all vCPUs are up"
ask 'echo sum=$((6 * 7))' '^sum=42' || die "console input"
ok "console in and out"

i=0
while [ $i -lt $vcpus ]; do
	load="$load while :; do :; done &"
	i=$((i + 1))
done
ask "$load echo loaded=\$((1 + 1))" '^loaded=2' || die "load"
sleep 1
$tool pause $name || die "pause"
case $(state) in --p*) ;; *) die "state when paused: $(state)" ;; esac
t1=$(cpu_time); sleep 2; t2=$(cpu_time)
[ $t1 = $t2 ] || die "a paused guest ran: $t1 $t2"
$tool unpause $name || die "unpause"
sleep 1
[ $(cpu_time) != $t2 ] || die "an unpaused guest doesn't run"
ask 'echo alive=$((5 * 5))' '^alive=25' || die "answer after pause"
ok "paused and unpaused under load"

old=$($tool domid $name)
n=$(greetings)
$tool reboot $name || die "reboot"
until_true 200 '[ $(greetings) -gt '$n' ]' || die "reaching init again"
[ $($tool domid $name) != $old ] || die "same id after reboot"
ok "rebooted"

ask 'sleep 1; echo c >/proc/sysrq-trigger; echo x' 'sysrq: Trigger a crash' ||
	die "crash"
until_true 60 gone || die "gone after a crash: $(state)"
ok "crashed"

start
$tool shutdown -w $name || die "shutdown"
until_true 60 gone || die "gone after shutdown"
ok "shut down"

start
$tool destroy $name || die "destroy"
gone || die "gone after destroy"
ok "destroyed"

until_true 20 '[ $(free_memory) = '$before' ]' ||
	die "free memory $(free_memory), was $before"
[ $($tool list | wc -l) = 2 ] || die "domains left"
ok "nothing left"
