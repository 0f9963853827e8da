# Sourced in dom0 by tests that make a guest by hvxl and speak to its console;
# $name is the guest's. What it says is in $log.

log=/var/log/xen/console/guest-$name.log

die() {
	echo "FAIL $*"
	hvxl list
	echo "-- console"; tail -40 $log
	for f in /var/log/hvx/*.log; do echo "-- $f"; tail -15 $f; done
	exit 1
}
ok() { echo "ok $*"; }
# until_true SECONDS CONDITION: it becomes true
until_true() {
	t=$(($1 * 3)); shift
	while ! eval "$*"; do
		t=$((t - 1))
		[ $t -gt 0 ] || return 1
		usleep 300000
	done
}
# said PATTERN SECONDS: a line of the console has it
said() {
	until_true $2 'grep -q "'"$1"'" $log 2>/dev/null' ||
		die "the guest has not said: $1"
}
open_console() {
	mkfifo /tmp/keys
	hvxl console $name </tmp/keys >/dev/null 2>&1 &
	exec 3>/tmp/keys
}
type_in() { printf '%s\n' "$1" >&3; }
# guest COMMAND PATTERN: typed in, and answered by such a line
guest() {
	n=$(grep -c "$2" $log)
	type_in "$1"
	until_true 120 '[ $(grep -c "'"$2"'" $log) -gt '$n' ]' ||
		die "the guest doesn't answer: $1"
}
# refused WORDS COMMAND...: it fails, and says so
refused() {
	words=$1; shift
	"$@" >out 2>&1 && die "it was not refused: $*"
	grep -q "$words" out || die "$* says: $(cat out)"
}
# kill_blkback: it dies, and another one comes
kill_blkback() {
	old=$(pidof blkback)
	kill -9 $old || die "no blkback to kill"
	until_true 60 'now=$(pidof blkback) && [ "$now" != "'"$old"'" ]' ||
		die "blkback was not started again"
}
