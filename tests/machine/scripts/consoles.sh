# Consoles of small guests (echo, see tests/guests), step by step: a line "ok
# STEP" for each that went well; the first that doesn't ends it.

logs=/var/log/xen/console

die() {
	echo "FAIL $*"
	hvxl list
	for f in $logs/*.log out* /var/log/hvx/*.log; do
		[ ! -f $f ] || { echo "-- $f"; tail -c 1000 $f; }
	done
	exit 1
}
ok() { echo "ok $*"; }

# until SECONDS CONDITION: it becomes true
until_true() {
	t=$(($1 * 10)); shift
	while ! eval "$*"; do
		t=$((t - 1))
		[ $t -gt 0 ] || return 1
		usleep 100000
	done
}
has() { grep -q "$2" $1 2>/dev/null; }
consoled() { cat /run/hvx/hvxconsoled.pid; }
fds() { ls /proc/$(consoled)/fd | wc -l; }

# create NAME EXTRA
create() {
	cat >$1.cfg <<-END
	name = "$1"
	kernel = "/root/echo"
	memory = 16
	extra = "$2"
	on_poweroff = "destroy"
	END
	hvxl create -q $1.cfg || die "create $1"
}
# say NAME BYTES: to the guest, by a console of its own
say() {
	{ printf "$2"; sleep 1; } | hvxl console $1 >/dev/null 2>&1 &
}
# Each of its 2000 lines once and in order, by number
all_lines() {
	tr -d '\r' <$1 | sed -n 's/^line \([0-9]*\) of 2000$/\1/p' >numbers
	[ "$(wc -l <numbers)" = 2000 ] && sort -c numbers &&
		[ "$(sort -u numbers | wc -l)" = 2000 ]
}

create e1 ""
until_true 60 'has $logs/guest-e1.log "echo: ready"' || die "output in the log"
ok "output in the log"

hvxl console e1 </dev/null >out1 2>err1 &
one=$!
until_true 30 'has out1 "echo: ready"' || die "replay"
hvxl console -t pv e1 </dev/null >out2 2>err2 &
say e1 'hello'
until_true 30 'has out1 HELLO && has out2 HELLO' || die "input, for all to see"
has $logs/guest-e1.log HELLO || die "input's echo in the log"
ok "replay and input, with several looking"

tty=$(xenstore-read /local/domain/$(hvxl domid e1)/console/tty)
mkfifo typed
xenconsole --interactive $(hvxl domid e1) <typed >out3 2>&1 &
three=$!
exec 7>typed
until_true 30 'has out3 "echo: ready"' || die "xenconsole on $tty"
printf 'by tty' >&7
until_true 30 'has out3 "BY TTY"' || die "typing on $tty"
printf '\035' >&7
wait $three
exec 7>&-
ok "xenconsole"

# The loader tells to whom it has bound them.
for c in 'xenstore-ls /local' 'xenstore-write /tool/x 1' 'xenstore-read /tool/x' \
	'xenstore-rm /tool/x' 'xenstore-list /local/domain'; do
	LD_PRELOAD=/root/libhvxs.so LD_DEBUG=bindings LD_DEBUG_OUTPUT=/tmp/bind \
		$c >ours || die "$c by libhvxs"
	$c >theirs
	cmp ours theirs || die "$c: another answer"
done
# The other way to the store: by dom0's kernel.
LD_PRELOAD=/root/libhvxs.so XENSTORED_PATH=/dev/xen/xenbus \
	xenstore-ls /local >ours || die "by the kernel's device"
xenstore-ls /local >theirs
cmp ours theirs || die "another answer by the kernel's device"
cat /tmp/bind.* | grep -q 'to /root/libhvxs.so .*xs_open' || die "not bound"
ok "Debian's tools by libhvxs"

create e2 flood
until_true 60 '[ $(stat -c %s $logs/guest-e2.log 2>/dev/null || echo 0) -gt 500000 ]' ||
	die "a flood"
i=0
while [ $i -lt 5 ]; do
	i=$((i + 1))
	say e1 "through$i"
	until_true 30 'has out1 THROUGH'$i || die "an answer beside a flood"
done
say e1 '%%'
until_true 60 'has out1 "sane again"' || die "a ring that made no sense"
ok "a flood and nonsense"

old=$(consoled)
say e1 '#'
until_true 30 'has out1 "line 00100"' || die "many lines"
hvx-daemon kill hvxconsoled
hvx-daemon start hvxconsoled || die "start again"
[ $(consoled) != $old ] || die "the same process"
until_true 60 'has out1 "line 01999"' || die "all lines after a kill"
all_lines $logs/guest-e1.log || die "lines in the log: $(wc -l <numbers)"
all_lines out1 || die "lines for who looked on: $(wc -l <numbers)"
kill -0 $one || die "who looked on has left"
ok "killed while a guest prints"

hvxl destroy e2 || die "destroy"
size=$(($(stat -c %s $logs/guest-e2.log) + $(stat -c %s $logs/guest-e2.log.1 2>/dev/null || echo 0)))
[ $size -le $((2 * 4096 * 1024)) ] || die "a log of $size bytes"
create e3 ""
until_true 60 'has $logs/guest-e3.log "echo: ready"' || die "a guest after a kill"
rss=$(awk '/VmRSS/ { print $2 }' /proc/$(consoled)/status)
[ $rss -le 16384 ] || die "hvxconsoled has grown to $rss KiB"
ok "bounded"

before=$(fds)
e3=$(hvxl domid e3)
hvx-daemon kill hvxstored
# By number: names are the store's.
say $e3 'no store'
until_true 30 'has $logs/guest-e3.log "NO STORE"' || die "output without a store"
hvx-daemon start hvxstored
create e4 ""
until_true 60 'has $logs/guest-e4.log "echo: ready"' || die "a guest after the store's end"
ok "the store's end"

say e4 '!'
until_true 60 '! hvxl domid e4 >/dev/null 2>&1' || die "power off"
has $logs/guest-e4.log bye || die "last words"
say e1 '!'
wait $one || die "who looked on left with $?"
until_true 30 '! hvxl domid e1 >/dev/null 2>&1' || die "power off"
has out1 bye || die "last words for who looked on"
hvxl destroy e3 || die "destroy e3"
until_true 20 '[ -z "$(ls /run/hvx/console)" ]' || die "left: $(ls /run/hvx/console)"
until_true 20 '[ $(fds) -lt '$before' ]' || die "descriptors: $(fds) of $before"
hvxl console e1 2>err4 </dev/null
[ $? = 1 ] || die "a console of nobody"
ok "ends"
