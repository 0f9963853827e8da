# A stock guest's disk, in dom0: blk.sh TOOL (hvxl or xl) ROUNDS. The disk is
# memory of dom0's, so that what is measured is the way to it. Prints each
# kind's figure, and dom0's processor time for each GiB that it moved.
tool=$1 rounds=$2
log=/var/log/xen/console/guest-blk.log
disk=/dev/ram0,raw,xvda,w
if [ $tool = xl ]; then
	modprobe xen-blkback
	# What Debian's own script for disks comes to, without bash and its locks.
	cat >block <<-'END'
	#!/bin/sh
	[ "$1" = add ] || exit 0
	xenstore-write "$XENBUS_PATH/physical-device" $(stat -L -c %t:%T /dev/ram0) \
		"$XENBUS_PATH/hotplug-status" connected
	END
	chmod +x block
	disk=vdev=xvda,access=w,script=/root/block,target=/dev/ram0
fi
modprobe brd rd_nr=1 rd_size=65536
# A plain archive must begin at a multiple of four: the packed one comes last.
cat blkbench.cpio initrd-cloud >initrd
cat >blk.cfg <<END
name = "blk"
kernel = "/root/vmlinuz-cloud"
ramdisk = "/root/initrd"
extra = "console=hvc0 quiet"
memory = 192
disk = [ "$disk" ]
END
said() {	# PATTERN: until the guest has said it
	i=0
	until grep -q "$1" $log; do
		sleep 1
		i=$((i + 1))
		[ $i -lt 300 ] || { tail $log; exit 1; }
	done
}
# hvxl asks the hypervisor, whichever it is.
dom0_ns() {
	hvxl list --json Domain-0 | sed -n 's/.*"cpu_time_ns": *\([0-9]*\).*/\1/p'
}
dd if=/dev/zero of=/dev/ram0 bs=1M count=64 2>/dev/null
$tool create -q blk.cfg || exit 1
mkfifo keys
said '^guest-init:'
# xl's console hears nobody but a terminal.
if [ $tool = hvxl ]; then
	hvxl console blk <keys >/dev/null &
	exec 3>keys
else
	exec 3>"$(xenstore-read /local/domain/$(xl domid blk)/console/tty)"
fi
sleep 2
for kind in 4k-read-qd1 4k-write-qd1 4k-read-qd32 4k-write-qd32 1m-read \
		1m-write; do
	before=$(dom0_ns)
	echo "/blkbench /dev/xvda $kind $rounds" >&3
	said "^BLK $kind "
	after=$(dom0_ns)
	sed -n "s/^BLK $kind \([0-9]*\) \([0-9]*\).*/\1 \2/p" $log | {
		read -r figure kib
		echo "BENCH $kind $figure"
		echo "BENCH $kind-dom0-ms-per-gib $(((after - before) / 1000 *
			1024 / kib * 1024 / 1000))"
	}
done
$tool destroy blk
