# What the scripts about a guest's working set share: a stock guest, ws.

log=/var/log/xen/console/guest-ws.log

die() { echo "FAIL $*"; tail -20 $log; exit 1; }

# say COMMAND: typed into its console, while the script goes on
say() { { printf '\n%s\n' "$1"; sleep 2; } | hvxl console ws >/dev/null 2>&1 & }
# create_ws MIB PROGRAM...: makes it, with these programs in it; id is its
create_ws() {
	mib=$1; shift
	mkdir -p more/bin
	cp "$@" more/bin
	(cd more && find bin | cpio -o -H newc 2>/dev/null | gzip) >>initrd-cloud
	cat >ws.cfg <<-END
	name = "ws"
	kernel = "/root/vmlinuz-cloud"
	ramdisk = "/root/initrd-cloud"
	extra = "console=hvc0 quiet"
	memory = $mib
	END
	hvxl create ws.cfg 2>/dev/null || die "create"
	id=$(hvxl domid ws)
}
