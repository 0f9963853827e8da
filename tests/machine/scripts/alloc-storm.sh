# Creates against too little memory, and a guest that gives nothing back:
# alloc-storm.sh COUNT FIT. A line "ok STEP" for each thing that went well.
. ./alloc-lib.sh
count=$1 fit=$2 size=64

# COUNT creates at once, then the end of those that were made.
storm() {
	for i in $(seq 1 $count); do
		tiny s$i $size
		hvxl create -q s$i.cfg 2>s$i.err &
		eval p$i=$!
	done
	for i in $(seq 1 $count); do
		if eval wait \$p$i; then echo s$i; fi
	done >made
	[ $(wc -l <made) = $fit ] || die "$(wc -l <made) of $count were made"
	[ $(running) = $fit ] || die "$(running) run"
	refused=$(grep -l "it needs 65 MiB; [0-9]* MiB are free and guests could give 0 MiB; [0-9]* MiB are missing: end a guest" s*.err | wc -l)
	[ $refused = $((count - fit)) ] ||
		die "$refused were refused so: $(cat s*.err)"
	hvxl alloc status --json >status
	grep -q '"reservations": \[$' status ||
		grep -q '"reservations": \[\]' status ||
		die "reservations are left"
	for name in $(cat made); do
		hvxl destroy $name || die "destroy $name"
	done
}

# One MiB for the hypervisor goes with each; room for a bit less than one more.
leave $(((size + 1) * fit + 10))
follow_events events
storm
ok "$fit run, $refused are refused with a plan"
# After a first time: for as many guests dom0's tables have grown for good.
sleep 1
hvxask -c >before
storm
until_true 30 'hvxask -c | cmp -s - before' ||
	die "left over: $(hvxask -c | diff before -)"
ok "again, and nothing leaks"
said() { grep -v '"probe"' events | grep -c $1; }
[ $(said reservation-refused) = $((2 * refused)) ] &&
	[ $(said reservation-granted) = $((2 * fit)) ] ||
	die "the events are others: $(cut -c1-200 events)"
ok "each decision was an event"

# One that could give, by its configuration, and doesn't.
hvxl alloc set follow=3 retry=60
leave 700
tiny deaf 500 mem_floor=100
hvxl create -q deaf.cfg || die "deaf"
tiny big 400
hvxl alloc plan big.cfg >plan || die "no plan: $(cat plan)"
grep -q '^big needs 401 MiB; .*: it can be created' plan &&
	grep -q '^deaf .*  *500  *100  *20[0-9]' plan || die "plan: $(cat plan)"
ok "a plan says who would give"
hvxl create -q big.cfg 2>big.err &
big=$!
until_true 20 'hvxl alloc status | grep -q "^big: 401 MiB are being freed"' ||
	die "big doesn't wait"
tiny small 64
hvxl create -q small.cfg || die "small waits for deaf"
kill -0 $big || die "big is done already"
ok "others are created meanwhile"
wait $big && die "big was created"
grep -q 'big: it needs 401 MiB; .* could give 0 MiB; .* missing' big.err ||
	die "big: $(cat big.err)"
grep -q '"memory-stuck".*"deaf"' events && grep -q \
	"^deaf: it doesn't give back what it was asked for: it has 500 MiB" \
	<<-END || die "deaf isn't marked"
	$(hvxl alloc status)
	END
ok "one that gives nothing is marked, and not waited for"
hvxl alloc plan big.cfg >plan && die "there is a plan"
grep -q "^deaf .*  0 it doesn't give back" plan || die "plan: $(cat plan)"
# Its floor is raised, and it is told so.
hvxl alloc set deaf floor=500
until_true 20 '[ $(field deaf 4) = 500 ]' || die "deaf's floor"
ok "a floor is set"

# Without the daemon all goes on as it was.
hvx-daemon kill hvxallocd
hvxl alloc status 2>err && die "who answers?"
grep -q 'hvxallocd does not answer (.*): guests keep the memory they have' err ||
	die "$(cat err)"
tiny late 64
hvxl create -q late.cfg || die "late"
ok "without it guests are created from what is free"
hvx-daemon start hvxallocd
[ $(field deaf 6) = 500 ] && [ $(running) -ge 3 ] || die "after its restart"
hvxl alloc status | grep -q '^Settings:.* follow=3 .*retry=60' ||
	die "its settings are forgotten"
ok "it knows all again after a restart"
kill $events
