"""dom0 drives real devices: what goes through them arrives unchanged, and their
interrupts reach the processors that they should."""

import hashlib
import http.server
import os
import re
import threading

import pytest

MIB = 1 << 20
SIZE = 24 * MIB

DISK_TEST = r"""
set -e
dev=$1
# Around the cache, so that it is the device that is read.
dd if=$dev bs=1M iflag=direct 2>/dev/null | sha256sum
yes "hvx writes to a disk" | head -c %d >/tmp/pattern
dd if=/tmp/pattern of=$dev bs=64k oflag=direct conv=notrunc 2>/dev/null
for i in 1 2 3 4; do
	dd if=$dev of=/tmp/part$i bs=4k skip=$((i * 512)) count=512 \
		iflag=direct 2>/dev/null &
done
wait
for i in 1 2 3 4; do
	dd if=/tmp/pattern of=/tmp/want bs=4k skip=$((i * 512)) count=512 \
		2>/dev/null
	cmp /tmp/want /tmp/part$i
done
sync
""" % SIZE


@pytest.mark.parametrize("machine", [
    pytest.param("pc", marks=pytest.mark.quick), "q35"])
@pytest.mark.parametrize("kind, dev", [
    ("virtio", "/dev/vda"), ("nvme", "/dev/nvme0n1"), ("ahci", "/dev/sda")])
def test_disk(dom0, tmp_path, kind, dev, machine):
    image = tmp_path / "disk.img"
    was = os.urandom(SIZE)
    image.write_bytes(was)
    script = tmp_path / "disk-test.sh"
    script.write_text(DISK_TEST)
    r = dom0("sh disk-test.sh " + dev, "--file", str(script), "--machine",
             machine, "--disk", "%s:%s" % (image, kind))
    assert r.out.split()[0] == hashlib.sha256(was).hexdigest()
    line = b"hvx writes to a disk\n"
    assert image.read_bytes() == (line * (SIZE // len(line) + 1))[:SIZE]


@pytest.mark.quick
def test_interrupts_spread(dom0, tmp_path):
    """An NVMe queue's interrupt comes to the processor that the queue is for."""
    image = tmp_path / "disk.img"
    image.write_bytes(bytes(8 * MIB))
    r = dom0("for c in 1 2; do taskset $c dd if=/dev/nvme0n1 of=/dev/null "
             "bs=4k count=500 iflag=direct 2>/dev/null; done; "
             "grep nvme0q /proc/interrupts", "--smp", "2",
             "--disk", "%s:nvme" % image)
    counts = [list(map(int, line.split()[1:3])) for line in
              r.out.splitlines() if re.search(r"nvme0q[12]\b", line)]
    assert any(a >= 400 for a, _ in counts), r.out
    assert any(b >= 400 for _, b in counts), r.out


class Peer(http.server.BaseHTTPRequestHandler):
    """The other end of the wire: sends a file, and takes one."""
    data = b""
    got = None

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.data)))
        self.end_headers()
        self.wfile.write(self.data)

    def do_POST(self):
        n = int(self.headers["Content-Length"])
        Peer.got = hashlib.sha256(self.rfile.read(n)).hexdigest()
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.mark.quick
@pytest.mark.parametrize("model", ["e1000", "virtio"])
def test_network(dom0, model):
    Peer.data = os.urandom(8 * MIB)
    Peer.got = None
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Peer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = "http://10.0.2.2:%d/" % server.server_port
    try:
        r = dom0("set -e; wget -q -O /tmp/f %s; sha256sum /tmp/f; "
                 "wget -q -O /dev/null --post-file /tmp/f %s; "
                 "grep eth0 /proc/interrupts || grep virtio /proc/interrupts"
                 % (url, url), "--net", model)
    finally:
        server.shutdown()
    want = hashlib.sha256(Peer.data).hexdigest()
    assert r.out.split()[0] == want
    assert Peer.got == want
