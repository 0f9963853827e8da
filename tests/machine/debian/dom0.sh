# Sourced in dom0 by tests of a stock Debian that lives on its disk: a guest
# `deb` with the first of dom0's disks as xvda, and so on. What is typed goes to
# its console; what it says is in $log.

name=deb
. ./guest.sh

# ask COMMAND SECONDS: its output, and its status in the end; what the shell
# echoes has no such line
ask() {
	asked=$((${asked:-0} + 1))
	type_in "$1; echo done-\$(($asked * 1000))-\$?"
	said "^done-${asked}000-" $2
	grep -q "^done-${asked}000-0" $log || die "failed in the guest: $1"
}
# boot DISKS
boot() {
	disks=
	for d in $(echo a b c d | cut -c 1-$(($1 * 2 - 1))); do
		disks="$disks\"phy:/dev/vd$d,xvd$d,w\", "
	done
	cat >deb.cfg <<-END
	name = "deb"
	kernel = "/root/vmlinuz"
	ramdisk = "/root/initrd.img"
	extra = "root=/dev/xvda rw console=hvc0"
	memory = 320
	vcpus = 2
	disk = [ $disks ]
	END
	hvxl create deb.cfg || die "create"
	open_console
	said '^guest login:' 900
}
login() {
	type_in root
	said '^Password:' 60
	type_in "$PASSWORD"
	said 'root@guest:' 120
	# Short lines, no prompt to be redrawn among them.
	type_in 'export PS1= TERM=dumb; stty -echo cols 500; dmesg -n 4'
	ask 'id -un' 60
}
# off: it shuts down by itself and is gone
off() {
	hvxl shutdown -w deb || die "shutdown"
	until_true 300 '! hvxl domid deb >/dev/null 2>&1' || die "it has not gone"
	said 'Reached target.*[Pp]ower' 1
}
# kills TIMES SECONDS: blkback dies so often, with so long between two
kills() {
	n=0
	while [ $n -lt $1 ]; do
		sleep $2
		kill_blkback
		n=$((n + 1))
	done
	echo "killed $n times"
}
