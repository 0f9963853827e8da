# Many guests at once: many.sh stock N, or many.sh tiny N. Each one answers on
# its console; then all end, and what was free is free again.
. ./alloc-lib.sh
kind=$1 count=$2
logs=/var/log/xen/console

config() {	# NAME
	case $kind in
	stock) cat <<-END ;;
		name = "$1"
		kernel = "/root/vmlinuz-cloud"
		ramdisk = "/root/initrd-cloud"
		extra = "console=hvc0 quiet"
		memory = 96
		END
	tiny) cat <<-END ;;
		name = "$1"
		kernel = "/root/echo"
		memory = 8
		END
	esac
}
answered() { grep -l "$1" $logs/guest-n*.log 2>/dev/null | wc -l; }
free_memory() { hvxl info free_memory; }

case $kind in
stock) greeting='^guest-init:' ask='echo sum=$((6 * 7))' answer='^sum=42' ;;
tiny) greeting='^echo: ready' ask=hello answer=HELLO ;;
esac

config n0 >n.cfg
hvxl create -q n.cfg || die "the first"
until_true 120 '[ $(answered "$greeting") = 1 ]' || die "the first's greeting"
hvxl destroy n0
rm -f $logs/guest-n0.log
before=$(free_memory)

for i in $(seq 1 $count); do
	config n$i >n.cfg
	hvxl create -q n.cfg || die "create n$i"
done
[ $(hvxl list | wc -l) = $((count + 2)) ] || die "not all are listed"
until_true 900 '[ $(answered "$greeting") = '$count' ]' ||
	die "only $(answered "$greeting") of $count greet"
ok "$count guests are up"
# A console stays when its input ends. Some at once, or it takes all day.
for i in $(seq 1 $count); do
	{ printf '\n%s\n' "$ask"; sleep 2; } |
		timeout 5 hvxl console n$i >/dev/null 2>&1 &
	[ $((i % 20)) != 0 ] || wait
done
wait
until_true 300 '[ $(answered "$answer") = '$count' ]' ||
	die "only $(answered "$answer") of $count answer"
ok "$count guests answer"
for i in $(seq 1 $count); do
	hvxl destroy n$i || die "destroy n$i"
done
[ $(hvxl list | wc -l) = 2 ] || die "some are left"
until_true 30 '[ $(free_memory) = '$before' ]' ||
	die "free memory $(free_memory), was $before"
ok "nothing left"
