"""dom0 drives real devices: what goes through them arrives unchanged, and their
interrupts reach the processors that they should."""

import hashlib
import http.server
import os
import re
import socket
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


class Peer:
    """The other end of the wire: serves one file by HTTP, and takes what is
    sent to a bare TCP port."""

    def __init__(self, data):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.sink = socket.create_server(("127.0.0.1", 0))
        self.sink.settimeout(280)
        self.got = hashlib.sha256()
        self.take = threading.Thread(target=self.receive, daemon=True)
        self.take.start()
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def receive(self):
        conn, _ = self.sink.accept()
        conn.settimeout(120)
        while data := conn.recv(65536):
            self.got.update(data)
        conn.close()


@pytest.mark.quick
@pytest.mark.parametrize("model", ["e1000", "virtio"])
def test_network(dom0, model):
    data = os.urandom(8 * MIB)
    peer = Peer(data)
    r = dom0("set -e; wget -q -O /tmp/f http://10.0.2.2:%d/; "
             "sha256sum /tmp/f; nc 10.0.2.2 %d </tmp/f; cat /proc/interrupts"
             % (peer.http.server_port, peer.sink.getsockname()[1]),
             "--net", model)
    peer.http.shutdown()
    peer.take.join(10)
    want = hashlib.sha256(data).hexdigest()
    assert r.out.split()[0] == want
    assert peer.got.hexdigest() == want
    counts = [int(n) for line in r.out.splitlines()
              if "eth0" in line or "virtio" in line
              for n in line.split()[1:3] if n.isdigit()]
    assert sum(counts) > 100, r.out
