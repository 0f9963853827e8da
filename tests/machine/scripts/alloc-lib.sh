# What the scripts about the allocator share, and those with many guests.

die() {
	hvxl list
	hvxl alloc status
	tail -8 /var/log/hvx/hvxallocd.log
	tail -8 /var/log/hvx/hvxd.log
	echo "FAIL $*"
	exit 1
}
ok() { echo "ok $*"; }

# until_true SECONDS CONDITION
until_true() {
	t=$(($1 * 5)); shift
	while ! eval "$*"; do
		t=$((t - 1))
		[ $t -gt 0 ] || return 1
		usleep 200000
	done
}
# tiny NAME MIB [MORE...]: a configuration for a tiny guest, which never gives
# anything back
tiny() {
	file=$1.cfg
	printf 'name="%s"\nmemory=%d\nkernel="/root/tiny"\n' $1 $2 >$file
	shift 2
	printf '%s\n' "$@" >>$file
}
# follow_events FILE: hvxl events goes to FILE from now on; its pid is $events.
# It is heard of nothing before it has met both daemons: until then a guest that is
# too large for any machine is asked for.
follow_events() {
	hvxl events --json >$1 2>&1 &
	events=$!
	tiny probe 1000000
	until_true 20 'hvxl create -q probe.cfg 2>/dev/null
		grep -q "\"reservation-refused\".*\"probe\"" '$1' &&
		grep -q "\"create-failed\".*\"probe\"" '$1 || die "no events"
}
# leave MIB: so much is left for guests
leave() { hvxl alloc set slack=$(($(hvxl info free_memory) - $1)); }
# field NAME COLUMN: of a guest in alloc status
field() { hvxl alloc status | awk -v n=$1 -v c=$2 '$1 == n { print $c }'; }
# tell NAME COMMAND: on its console, and Ctrl-] to leave it
tell() {
	{ printf '\n%s\n' "$2"; sleep 2; printf '\035'; } |
		hvxl console $1 >/dev/null 2>&1
}
running() { hvxl list | awk 'NR > 2' | wc -l; }
