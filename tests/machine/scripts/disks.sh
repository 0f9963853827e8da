# Disks of a stock guest, made by hvxl, told step by step: a line "ok STEP" for
# each that went well; the first that doesn't ends it.

name=web
. ./guest.sh
left() { pidof blkback; ls /run/hvx /run/xen | grep -E 'blkback|qmp'; }

# A disk of two parts with 1 MiB of something between them.
dd if=/dev/zero of=/tmp/parts.img bs=1M count=9 2>/dev/null
dd if=/dev/urandom of=/tmp/between bs=1M count=1 2>/dev/null
dd if=/tmp/between of=/tmp/parts.img bs=1M seek=4 conv=notrunc 2>/dev/null
dd if=/dev/urandom of=/tmp/ro.img bs=1M count=1 2>/dev/null
truncate -s 4M /tmp/grows.img
# One that has less room than it says.
mkdir /tmp/small && mount -t tmpfs -o size=256k tmpfs /tmp/small
truncate -s 4M /tmp/small/thin.img

cat >web.cfg <<'END'
name = "web"
kernel = "/root/vmlinuz-cloud"
ramdisk = "/root/initrd-cloud"
extra = "console=hvc0 xen_blkfront.max_ring_page_order=2"
memory = 256
vcpus = 2
disk = [ "/tmp/parts.img,raw,xvda,w,offset=0,length=4M",
	 "/tmp/parts.img,raw,xvdb,w,offset=5M,length=4M,sector-size=4096",
	 "/tmp/ro.img,raw,xvdc,r", "/tmp/grows.img,raw,xvdd,w" ]
END
before=$(hvxl info free_memory)
hvxl create -q web.cfg || die "create"
open_console
said '^guest-init:' 200
until_true 60 '[ $(grep -c "xvd.: connected, 2 queue(s) of 4 page(s)" /var/log/hvx/hvxd.log) = 4 ]' ||
	die "queues and pages: $(grep connected /var/log/hvx/hvxd.log)"
ok "two queues of 4 pages"

guest 'echo sizes: $(cat /sys/block/xvd*/size)' '^sizes: '
grep -q '^sizes: 8192 8192 2048 8192' $log || die "sizes"
guest 'for d in xvda xvdb; do dd if=/dev/zero bs=1M count=4 2>/dev/null | tr "\0" $d | dd of=/dev/$d bs=64k 2>/dev/null; done; sync; dd if=/dev/zero of=/dev/xvdb bs=4k seek=1024 count=1; echo full: $?' '^full: 1'
dd if=/tmp/parts.img bs=1M skip=4 count=1 2>/dev/null | cmp - /tmp/between ||
	die "it wrote outside of its parts"
guest 'echo sum: $(cat /dev/xvda /dev/xvdb | md5sum | cut -c 1-32)' '^sum: '
want=$( (dd if=/tmp/parts.img bs=1M count=4; dd if=/tmp/parts.img bs=1M skip=5) 2>/dev/null | md5sum | cut -c 1-32)
grep -q "^sum: $want" $log || die "the parts differ"
[ $(dd if=/tmp/parts.img bs=4k count=1 2>/dev/null | tr -d x | wc -c) = 0 ] ||
	die "nothing was written"
ok "parts of a file"

guest 'echo block: $(cat /sys/block/xvd[ab]/queue/logical_block_size)' '^block: '
grep -q '^block: 512 4096' $log || die "sectors of 4096 bytes"
ok "sectors of 4096 bytes"

sum=$(md5sum </tmp/ro.img | cut -c 1-32)
guest 'echo ro: $(cat /sys/block/xvdc/ro) $(md5sum </dev/xvdc | cut -c 1-32); dd if=/dev/zero of=/dev/xvdc bs=4k count=1; echo wrote: $?' '^wrote: 1'
grep -q "^ro: 1 $sum" $log || die "the read-only disk"
[ "$(md5sum </tmp/ro.img | cut -c 1-32)" = "$sum" ] || die "it was written"
ok "read-only"

truncate -s 6M /tmp/grows.img
hvxl block-resize web xvdd || die "block-resize"
guest 'while [ $(cat /sys/block/xvdd/size) != 12288 ]; do usleep 100000; done; dd if=/dev/xvdd of=/dev/null bs=1M skip=5 count=1 2>/dev/null; echo grown: $?' '^grown: 0'
ok "grown while in use"

# Debian's xentop waits for 10 ms: on a busy machine it may see nothing at first.
sum() { sed -n "s/.*\"$1\": *\([0-9]*\).*/\1/p" list | awk '{ n += $1 } END { print n }'; }
seen() {
	PATH=$PATH:/usr/lib/xen-4.17/bin xentop -b -x -i 1 >xentop.out 2>&1
	hvxl block-list --json web >list
	[ "$(awk '$1 == "web" { print $13, $15, $16, $17, $18 }' xentop.out)" = \
		"4 $(sum read_requests) $(sum write_requests) $(sum read_sectors) $(sum write_sectors)" ] &&
		[ $(grep -c '^VBD .* 517[0-9][0-9] ' xentop.out) = 4 ]
}
until_true 60 seen || die "xentop: $(cat xentop.out list)"
[ $(sum read_sectors) -gt 16384 ] || die "too little was counted"
ok "xentop counts as we do"

# Others may have what is between, and nothing else; also after a restart.
printf 'name = "other"\nkernel = "/root/tiny"\nmemory = 16\n' >other.cfg
hvxl create -q other.cfg || die "create other"
overlap() {
	refused 'in use' hvxl block-attach other /tmp/parts.img,raw,xvdf,w,offset=3M,length=1M
	refused 'in use' hvxl block-attach other /tmp/parts.img,raw,xvdf,r,offset=8M
	refused 'in use' hvxl block-attach other /tmp/parts.img,raw,xvdf,w
}
overlap
hvxl block-attach other /tmp/parts.img,raw,xvda,w,offset=4M,length=1M ||
	die "what nobody has"
hvx-daemon kill hvxd
kill -9 $(pidof blkback)
hvx-daemon start hvxd
until_true 60 '[ $(pidof blkback | wc -w) = 2 ]' || die "backends come again"
guest 'dd if=/dev/xvda of=/dev/null bs=4k count=1 iflag=direct 2>/dev/null; echo again: $?' '^again: 0'
overlap
hvxl block-attach other '/tmp/parts.img,raw,xvdb,w!' || die "w!"
refused 'in use' hvxl block-attach other /tmp/ro.img,raw,xvdc,w
hvxl block-attach other /tmp/ro.img,raw,xvdc,r || die "two that read"
hvxl destroy other || die "destroy other"
ok "overlaps refused"

lvm() { # as on a machine without udev
	/sbin/lvm "$@" --config 'activation { udev_sync=0 udev_rules=0 }
		devices { use_devicesfile=0 scan="/dev" }' >>lvm.log 2>&1 ||
		die "lvm $*: $(cat lvm.log)"
}
modprobe -a loop dm-mod
truncate -s 64M /tmp/pv.img
losetup /dev/loop0 /tmp/pv.img || die "losetup"
lvm pvcreate /dev/loop0
lvm vgcreate vg0 /dev/loop0
lvm lvcreate -y -Wn -Zn -L 16M -n data vg0
hvxl block-attach web phy:/dev/vg0/data xvdf w || die "attach of a volume"
refused 'in use' hvxl block-attach web phy:/dev/vg0/data xvdg w
guest 'while [ ! -b /dev/xvdf ]; do usleep 100000; done; dd if=/dev/urandom bs=1M count=16 2>/dev/null | tee /dev/xvdf | md5sum | sed s/^/volume-/; sync' '^volume-'
[ "volume-$(md5sum </dev/vg0/data | cut -c 1-32)" = "$(grep -o '^volume-[0-9a-f]*' $log)" ] ||
	die "the volume differs"
lvm lvextend -L 32M vg0/data
hvxl block-resize web xvdf || die "block-resize of a volume"
guest 'while [ $(cat /sys/block/xvdf/size) != 65536 ]; do usleep 100000; done; echo extended: $?' '^extended: 0'
hvxl block-detach web xvdf || die "detach of a volume"
lvm vgchange -an vg0
ok "a logical volume"

hvxl block-attach web /tmp/small/thin.img,raw,xvde,w || die "attach"
guest 'while [ ! -b /dev/xvde ]; do usleep 100000; done; dd if=/dev/urandom of=/dev/xvde bs=64k count=16 conv=fsync; echo thin: $?' '^thin: 1'
until_true 10 'hvxl list --json web | tr -d "\n" | grep -q "\"xvde\", *\"error\": *\"write: No space left on device\""' ||
	die "the cause: $(hvxl list --json web)"
grep -q 'xvde.*No space left' /var/log/hvx/hvxd.log || die "no word in the log"
hvxl block-list --json web | grep -q '"errors": [1-9]' || die "no errors counted"
guest 'echo fine: $(dd if=/dev/xvda bs=4k count=1 iflag=direct 2>/dev/null | wc -c)' '^fine: 4096'
ok "no space"

# A guest that doesn't run can't let go: told after a while, and gone once it can.
hvxl pause web || die "pause"
refused 'has not let go.*10 s' hvxl block-detach web xvdd
grep -q -- '--force' out || die "what to do: $(cat out)"
hvxl unpause web
until_true 20 '! hvxl block-list web | grep -q ^51760' || die "still there"
guest 'while [ -e /sys/block/xvdd ]; do usleep 100000; done; echo gone: $?' '^gone: 0'
ok "detached"

guest 'for d in xvda xvdb; do (while :; do dd if=/dev/zero of=/dev/$d bs=64k count=64 oflag=direct 2>/dev/null; done) & done; echo loaded: $?' '^loaded: 0'
sleep 2
hvxl destroy web || die "destroy under load"
until_true 20 '[ -z "$(left)" ]' || die "left: $(left)"
until_true 20 '[ $(hvxl info free_memory) = '$before' ]' ||
	die "free memory $(hvxl info free_memory), was $before"
[ $(hvxl list | wc -l) = 2 ] || die "domains left"
hvxask -c | grep -E '/(hvbd|qdisk)/' &&
	die "nodes left"
ok "destroyed under load, nothing left"
