# What `make run` shows in dom0: a stock Linux guest with disks and a network
# card, made by hvxl, and at work. Ends with 1 at the first thing that fails.
#
# With a Debian on dom0's disk (/dev/vda) the guest boots that; without one it
# stays in its initramfs.

log=/var/log/xen/console/guest-demo.log

die() {
	echo "demo: $*" >&2
	hvxl list
	tail -20 $log /var/log/hvx/*.log 2>/dev/null
	exit 1
}
title() { printf '\n== %s\n' "$*"; }

# until_line SECONDS PATTERN: the guest's console has such a line
until_line() {
	t=$(($1 * 5))
	until grep -q "$2" $log 2>/dev/null; do
		t=$((t - 1))
		[ $t -gt 0 ] || return 1
		usleep 200000
	done
}
# guest COMMAND PATTERN: typed into the guest's console; the line that answers
guest() {
	{ printf '\n%s\n' "$1"; sleep 2; } | hvxl console demo >/dev/null 2>&1 &
	until_line 60 "$2" || die "the guest doesn't answer: $1"
	grep "$2" $log | tail -1 | tr -d '\r'
}

title "This is $(uname -sr), unmodified, on hvx"
echo "version $(cat /sys/hypervisor/version/major).$(cat \
	/sys/hypervisor/version/minor)$(cat /sys/hypervisor/version/extra)"
grep -q xen /sys/hypervisor/type || die "this is no hypervisor"
hvxl info | grep -E '^(nr_cpus|total_memory|free_memory|xen_version)'

title "A bridge for guests, and a disk"
ip link add xenbr0 type bridge || die "no bridge"
ip addr add 192.168.99.1/24 dev xenbr0
ip link set xenbr0 up
mkdir -p /srv/demo
head -c 262144 /dev/urandom >/srv/demo/file
httpd -p 192.168.99.1:80 -h /srv/demo
dd if=/dev/urandom of=/srv/demo.img bs=1M count=8 2>/dev/null
ip -4 addr show dev xenbr0 | sed -n "s/ *inet /xenbr0 /p"
ls -l /srv/demo.img

root= data=xvda disks='"/srv/demo.img,raw,xvda,rw"' up='^guest-init:'
if [ -b /dev/vda ]; then
	root='root = "/dev/xvda"' data=xvdb up='automatic login'
	disks='"phy:/dev/vda,xvda,w", "/srv/demo.img,raw,xvdb,rw"'
fi
# One vCPU: a kernel that patches its code on two can stand still for ever on
# Debian 12's QEMU (lib/emulator.py).
cat >/root/demo.cfg <<END
name = "demo"
kernel = "/root/vmlinuz-cloud"
ramdisk = "/root/initrd-cloud"
$root
extra = "console=hvc0 quiet net.ifnames=0"
memory = 256
vcpus = 1
disk = [ $disks ]
vif = [ "bridge=xenbr0" ]
END
title "hvxl create demo.cfg"
cat /root/demo.cfg
hvxl create /root/demo.cfg || die "create"
until_line 240 "$up" || die "the guest does not come up"
guest 'echo guest-is $(sed -n s/PRETTY_NAME=//p /etc/os-release) Linux $(uname -r)' \
	'^guest-is .*Linux'

title "The guest's disk, read through its ring"
want=$(md5sum </srv/demo.img | cut -d ' ' -f 1)
guest "echo disk-sum \$(md5sum </dev/$data)" '^disk-sum [0-9a-f]'
grep -q "^disk-sum $want" $log || die "the disk differs: $want here"

title "The guest's network card, through the bridge"
guest 'busybox ip addr add 192.168.99.2/24 dev eth0; busybox ip link set eth0 up; busybox ping -c 3 192.168.99.1; echo ping-status $?' '^ping-status [0-9]'
grep -q '^ping-status 0' $log || die "no answer to ping"
want=$(md5sum </srv/demo/file | cut -d ' ' -f 1)
guest 'echo file-sum $(busybox wget -qO- http://192.168.99.1/file | md5sum)' \
	'^file-sum [0-9a-f]'
grep -q "^file-sum $want" $log || die "the file differs: $want here"

title "hvxl list, block-list, network-list, vcpu-list"
hvxl list && hvxl block-list demo && hvxl network-list demo &&
	hvxl vcpu-list demo || die "lists"
title "hvxl top, as a batch"
hvxl top -b -i 2 -d 1 | tail -3
cat <<'END'

All of it works. To try in this shell of dom0:
  hvxl list                  hvxl console demo    (Ctrl-] leaves it)
  hvxl top                   hvxl shutdown -w demo
  hvxl create demo.cfg       hvxl help
END
