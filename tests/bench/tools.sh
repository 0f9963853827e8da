# What the operator waits for: tools.sh TOOL (hvxl or xl). Guests are built and
# left paused, so that their own work doesn't count, but for the last row.
tool=$1
guest() {	# NAME KERNEL MIB [LINE]
	printf 'name = "%s"\nkernel = "/root/%s"\nmemory = %d\n%s\n' \
		"$1" "$2" $3 "$4" >$1.cfg
}
for i in $(seq 1 100); do guest t$i hello 8; done
guest stock vmlinuz-amd64 128 'ramdisk = "/root/initrd-amd64"
extra = "console=hvc0"'
guest cloud vmlinuz-cloud 128 'ramdisk = "/root/initrd-cloud"
extra = "console=hvc0"'

./stopwatch list 10 $tool list
./stopwatch create-stock-first 1 $tool create -p stock.cfg
./stopwatch destroy-stock 1 $tool destroy stock
./stopwatch create-stock-again 1 $tool create -p stock.cfg
$tool destroy stock
./stopwatch create-cloud-first 1 $tool create -p cloud.cfg
$tool destroy cloud
./stopwatch create-tiny 1 $tool create -p t1.cfg
./stopwatch destroy-tiny 1 $tool destroy t1
./stopwatch create-tiny-1-to-10 10 $tool create -p t%d.cfg
for i in $(seq 11 90); do $tool create -p t$i.cfg >/dev/null; done
for i in $(seq 91 100); do
	./stopwatch create-tiny-91-to-100 1 $tool create -p t$i.cfg
done | sort -k 3n | head -1
./stopwatch list-100 10 $tool list
for i in $(seq 1 100); do $tool destroy t$i; done
./stopwatch cloud-to-init until /var/log/xen/console/guest-cloud.log \
	guest-init: $tool create cloud.cfg
$tool destroy cloud
