# A stock guest's disks that are qcow2 images, served by Debian's qemu-nbd: a line
# "ok STEP" for each step that went well; the first that doesn't ends it.

name=web
. ./guest.sh
# The images' servers; a dead one may still be counted.
servers() { pidof qemu-nbd | wc -w; }
clean() {
	qemu-img check $1 >out 2>&1 || die "$1: $(cat out)"
}

for d in a b c; do qemu-img create -q -f qcow2 /tmp/$d.qcow2 64M; done
dd if=/dev/zero of=/tmp/raw.img bs=1M count=8 2>/dev/null
cat >web.cfg <<'END'
name = "web"
kernel = "/root/vmlinuz-cloud"
ramdisk = "/root/initrd-cloud"
extra = "console=hvc0"
memory = 256
disk = [ "/tmp/a.qcow2,qcow2,xvda,w", "qcow2:/tmp/b.qcow2,xvdb,w" ]
END
printf 'name = "raw"\nkernel = "/root/tiny"\nmemory = 16\ndisk = [ "/tmp/raw.img,raw,xvda,w" ]\n' >raw.cfg

bad() {	# WORDS DISK
	sed "s|^disk = .*|disk = [ \"$2\" ]|" raw.cfg >bad.cfg
	refused "$1" hvxl create -q bad.cfg
}
bad 'format raw with an offset' /tmp/c.qcow2,qcow2,xvda,w,offset=1M,length=1M
bad 'to one guest' '/tmp/c.qcow2,qcow2,xvda,w!'
bad 'not in qcow2 format' /tmp/raw.img,qcow2,xvda,w
bad 'No such file' /tmp/none.qcow2,qcow2,xvda,w
bad 'is not' /tmp/c.qcow2,vhd,xvda,w
mv /usr/bin/qemu-nbd /usr/bin/qemu-nbd.away
bad 'apt install qemu-utils' /tmp/c.qcow2,qcow2,xvda,w
mv /usr/bin/qemu-nbd.away /usr/bin/qemu-nbd
until_true 20 '[ $(servers) = 0 ]' || die "servers are left"
[ $(hvxl list | wc -l) = 2 ] || die "domains are left"
ok "refused for a reason"

hvxl create -q web.cfg || die "create"
open_console
said '^guest-init:' 200
bad 'in use by another guest' /tmp/a.qcow2,qcow2,xvda,w
[ $(servers) = 2 ] || die "$(servers) servers of two images"
for p in $(pidof qemu-nbd); do
	[ "$(sed -n 's/^Uid:	\([0-9]*\).*/\1/p' /proc/$p/status)" -ge 1900000000 ] ||
		die "its user: $(cat /proc/$p/status)"
	# CAP_DAC_OVERRIDE, for a tree in which there is nothing but the image,
	# programs, and /dev/null.
	[ "$(sed -n 's/^Cap\(Eff\|Bnd\):	//p' /proc/$p/status | sort -u)" = 0000000000000002 ] ||
		die "its rights: $(grep Cap /proc/$p/status)"
	[ "$(ls /proc/$p/root | sort | tr '\n' ' ')" = "dev image lib lib64 usr " ] ||
		die "it sees: $(ls /proc/$p/root)"
done
ok "confined"

guest 'echo sizes: $(cat /sys/block/xvd*/size)' '^sizes: '
grep -q '^sizes: 131072 131072' $log || die "sizes"
# As much as a mebibyte of every 8 has; each file system block known by its sum.
guest 'dd if=/dev/urandom of=/tmp/data bs=1M count=16 2>/dev/null; put() { dd if=/tmp/data of=/dev/$1 bs=64k oflag=direct conv=fsync 2>/dev/null; }; same() { dd if=/dev/$1 bs=1M count=16 iflag=direct 2>/dev/null | cmp - /tmp/data; }; put xvda; put xvdb; same xvda && same xvdb; echo same: $?' '^same: 0'
guest 'blkdiscard -o 1M -l 1M /dev/xvdb; dd if=/dev/xvdb bs=1M skip=1 count=1 iflag=direct 2>/dev/null | tr -d "\0" | wc -c | sed s/^/left-/' '^left-0'
ok "written and read"

guest '(i=0; while [ ! -e /tmp/stop ]; do put xvda && same xvda || echo differs: $i; i=$((i + 1)); done; echo stopped: $i) & echo begun:' '^begun:'
# Each serves both disks before it dies.
started() { grep -c backend-started /var/log/hvx/hvxd.log; }
for i in 1 2 3 4 5 6; do
	sleep 2
	n=$(started)
	kill_blkback
	until_true 60 '[ $(started) -gt '$n' ]' || die "blkback doesn't serve"
done
# Behind the shell's prompt, maybe.
guest 'touch /tmp/stop' 'stopped: [1-9]'
grep -q 'differs: [0-9]' $log && die "what was written is not there"
grep -q 'I/O error' $log && die "the guest saw an error"
[ $(grep -c 'goes on with' /var/log/hvx/hvxd.log) -ge 12 ] || die "too few resumed"
ok "killed and killed again"

hvx-daemon kill hvxd
kill -9 $(pidof blkback)
hvx-daemon start hvxd
guest 'same xvda; echo again: $?' '^again: 0'
until_true 20 '[ $(servers) = 2 ]' || die "$(servers) servers"
ok "hvxd comes again"

guest 'dd if=/dev/xvdb of=/tmp/b.part bs=1M count=1 iflag=direct; echo read: $?' '^read: 0'
for p in $(pidof qemu-nbd); do
	ls -l /proc/$p/root/image >/dev/null
	[ $(stat -L -c %i /proc/$p/root/image) = $(stat -c %i /tmp/b.qcow2) ] &&
		kill -9 $p
done
guest 'dd if=/dev/xvdb of=/dev/null bs=1M count=1 iflag=direct 2>/dev/null; echo dead: $?' '^dead: 1'
grep -q 'xvdb: qemu-nbd.*signal 9 (KILL)' /var/log/hvx/hvxd.log || die "no word of it"
hvxl list --json web | tr -d '\n' | grep -q '"xvdb", *"error": *"read: [A-Z]' ||
	die "the cause: $(hvxl list --json web)"
guest 'same xvda; echo other: $?' '^other: 0'
hvxl block-detach web xvdb || die "detach"
ok "an end that the guest sees"

# Its blkback is the small one, which another takes over from.
hvxl create -q raw.cfg || die "create raw"
hvxl block-attach raw /tmp/c.qcow2,qcow2,xvdb,w || die "attach"
until_true 30 'hvxl block-list --json raw | grep -c "\"vdev\"" | grep -q 2' ||
	die "$(hvxl block-list --json raw)"
hvxl block-detach --force raw xvdb || die "detach of the new one"
until_true 20 '[ $(servers) = 1 ]' || die "$(servers) servers"
hvxl block-attach web /tmp/c.qcow2,qcow2,xvdc,w || die "attach"
guest 'while [ ! -b /dev/xvdc ]; do usleep 100000; done; put xvdc; same xvdc; echo new: $?' '^new: 0'
hvxl destroy raw
ok "attached while it runs"

hvxl destroy web || die "destroy"
until_true 20 '[ $(servers) = 0 ]' || die "servers are left"
clean /tmp/a.qcow2
clean /tmp/c.qcow2
[ $(qemu-img map --output=json /tmp/a.qcow2 | grep -c '"data": true') -gt 0 ] ||
	die "nothing is in it"
ls /run/hvx | grep -E 'blkback|image.*sock' && die "files are left"
ok "clean after the guest's end"
