"""Guests' networks: two stock guests and dom0 on bridges, by hvxl, netback and
libbridge."""

import hashlib
import os
import re
import socket
import subprocess
import sys
import threading

import pytest

from conftest import LOGS

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, "../..")
OUT = os.path.join(TOP, os.environ.get("O", "build"))
sys.path.insert(0, os.path.join(TOP, "tests/lib"))
import debian                                           # noqa: E402

NET = os.path.join(HERE, "net")
# dom0 with two guests that have iperf3.
GUESTS = ["--guest", "cloud", "--guest-package", "iperf3",
          "--package", "iperf3", "--package", "xenstore-utils",
          "--package", "libcmocka0", "--mem", "1536", "--dom0-mem", "768",
          "--append-dom0", "nosoftlockup"]


def built(name, sources, libs, folder):
    """A program of this test, linked with our libraries."""
    path = os.path.join(folder, name)
    subprocess.run(["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-O1", "-Wall",
                    "-Werror", "-I.", "-o", path, *sources,
                    os.path.join(OUT, "lib/libbridge.a"), "-lnl-route-3",
                    "-lnl-3", *libs], check=True, cwd=TOP)
    return path


def files(*names):
    return [x for n in names for x in ("--file", os.path.join(NET, n))]


def numbers(text):
    """Steps that the script has marked: {name: what followed}."""
    return dict(re.findall(r"^@@ (\S+) ?(.*)$", text, re.M))


def guests(dom0, tmp_path, rounds, more="", *options):
    ports = built("test_bridge", ["tests/host/test_bridge.c"], ["-lcmocka"],
                  str(tmp_path))
    r = dom0("sh /root/net-test %d %s" % (rounds, more), *GUESTS, *options,
             "--file", ports,
             *files("net-dom0", "net-test", "net-matrix", "net-churn",
                    "net-policy"),
             timeout=1200 + 30 * rounds + 1200 * ("matrix" in more))
    said = numbers(r.out)
    assert "end" in said, r.out[-3000:]
    assert "PASSED  ] 12 test" in r.out and "SKIPPED" not in r.out, r.out
    # Streams came whole; no tap lost its link; all went with the guests.
    assert said["kills"] == str(rounds)
    assert said["carrier-changes"] == "0"
    assert said["left"] == "0 0" and said["taps-left"] == "0"
    return said


def check_traffic(said):
    for name in ("tcp4-dom0-a", "tcp4-a-dom0", "tcp6-dom0-b", "tcp6-b-dom0",
                 "tcp-large-mtu", "tcp-small-mtu"):
        assert int(said[name]) > 1 << 17, (name, said)
    # A second of a megabit, in datagrams of 1000 bytes; some may be lost.
    for name in ("udp4-dom0-a", "udp6-b-dom0"):
        assert int(said[name]) > 50000, (name, said)
    # As many as b has processors, each with an event channel a direction.
    assert said["queues"] == "2" and said["split"] == "2 2"
    assert int(said["tap-rx-bytes"]) > 1 << 17
    assert int(said["tap-tx-bytes"]) > 1 << 17


def check_policy(said):
    assert said["mac-spoofed"] == "0" and said["mac-own"] == "2", said
    assert said["link-down"] == "0" and said["link-up"] == "2", said
    assert said["vlan-same"] == "2" and said["vlan-other"] == "0", said
    assert said["vlan-after-kill"] == "2", said
    assert said["isolated-guests"] == "0", said
    assert said["isolated-dom0"] == "2", said
    assert said["ip-own"] == "2" and said["ip-spoofed"] == "0", said
    # 100 KB/s are 800 kbit/s.
    assert 200000 < int(said["rate"]) < 1000000, said
    assert said["script-ping"] == "2", said
    assert re.fullmatch(
        r"online type_if=vif vif(\d+)\.6 backend/hvif/\1/6 vif eth7 "
        r"offline type_if=vif vif\1\.6 backend/hvif/\1/6 vif eth7",
        said["script-said"]), said
    assert "no such thing" in said["script-refused"], said
    assert re.search("there is: .*xenbr0", said["no-bridge"]), said
    assert re.search("00:16:3e:00:00:0a.*in use", said["mac-in-use"]), said
    assert "rate=fast" in said["bad-rate"], said
    assert "xenbr1" in said["tap-refused"], said
    assert "vlan_filtering" in said["no-vlans"], said


@pytest.mark.quick
def test_guests(dom0, tmp_path):
    """Ports of a bridge as Debian's kernel makes them (test_bridge, of which the
    building machine may lack parts); DHCP; ping, TCP and UDP in every direction
    with IPv4 and IPv6, small and large MTU; a stream that lives while netback is
    killed; an end in the middle of traffic (NB-10)."""
    check_traffic(guests(dom0, tmp_path, 2))


def test_matrix(dom0, tmp_path):
    """Each MTU with either IP version, TCP and UDP (whole and in fragments), in
    each direction: as many bytes came by as were to be sent, and xentop counts
    them."""
    said = guests(dom0, tmp_path, 2, "matrix", "--package", "xen-utils-4.17")
    least = {"tcp": 2 << 20, "udp": 100000, "pieces": 100000}
    names = ["mtu%d-%d-%s-%s" % (mtu, ip, what, way)
             for mtu in (576, 1280, 1500, 9000) for ip in (4, 6)
             for what in least for way in ("dom0-a", "a-dom0", "a-b")
             if mtu >= 1280 or ip == 4]
    assert len(names) == 63
    for name in names:
        assert int(said[name]) >= least[name.split("-")[2]], (name, said)
    # Both are dom0's end: what that has sent the guest has received.
    for tool in ("xentop", "top"):
        cards, received, sent = map(int, said[tool].split())
        # Seven times 2 MiB to dom0, to b and from dom0, and the datagrams.
        assert cards == 2 and sent > 28 << 10 and received > 14 << 10, said


def test_policies(dom0, tmp_path):
    """Who may talk to whom, how fast, by whose script; and what can't be."""
    said = guests(dom0, tmp_path, 2, "churn policy")
    assert said["attached"] == "2"
    check_policy(said)


def test_hundred_rounds(dom0, tmp_path):
    """Of deaths, and of cards that come and go."""
    said = guests(dom0, tmp_path, 100, "churn")
    assert said["attached"] == "100"


class Beyond:
    """A host's TCP echo and TFTP server (RFC 1350, for one client that puts),
    on one port of the loopback."""

    def __init__(self):
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self.tcp.getsockname()[1]
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        self.blocks = {}
        for serve in (self.echo, self.tftp):
            threading.Thread(target=serve, daemon=True).start()

    def echo(self):
        while True:
            conn, _ = self.tcp.accept()
            with conn:
                while data := conn.recv(65536):
                    conn.sendall(data)

    def tftp(self):
        while True:
            data, peer = self.udp.recvfrom(65536)
            block = b"\0\0"
            if data[:2] == b"\0\3":
                block = data[2:4]
                self.blocks[block] = data[4:]
            self.udp.sendto(b"\0\4" + block, peer)

    def was_put(self):
        return hashlib.md5(b"".join(
            self.blocks[b] for b in sorted(self.blocks))).hexdigest()


def tshark(capture, condition):
    """How many frames of a capture meet it, all checksums having been looked
    at; by Debian's tshark, which is fetched and not installed."""
    root = debian.userland(["tshark"])
    lib = os.path.join(root, "usr/lib/x86_64-linux-gnu")
    checks = [x for p in ("ip", "tcp", "udp")
              for x in ("-o", "%s.check_checksum:TRUE" % p)]
    r = subprocess.run(
        [os.path.join(lib, "ld-linux-x86-64.so.2"), "--library-path", lib,
         os.path.join(root, "usr/bin/tshark"), "-n", "-r", capture, *checks,
         "-Y", condition, "-T", "fields", "-e", "frame.number"],
        capture_output=True, text=True)
    assert r.returncode == 0, r.stderr
    return len(r.stdout.split())


@pytest.mark.quick
def test_wire(dom0, tmp_path):
    """hvxl net setup on dom0's NIC; a guest speaks with a host beyond it. What
    its frames are like on the wire, QEMU dumps and tshark tells."""
    capture = str(tmp_path / "wire.pcap")
    beyond = Beyond()
    r = dom0("sh /root/net-wire %d" % beyond.port, *GUESTS,
             "--net", "virtio",
             "--qemu-arg", "-object filter-dump,id=dump,netdev=net0,file="
             + capture, *files("net-dom0", "net-wire"), timeout=900)
    said = numbers(r.out)
    assert "end" in said, r.out[-3000:]
    assert "10.0.2.15" in said["setup"]
    assert said["udp"] == beyond.was_put()
    ours = "eth.src == 00:16:3e:00:00:0a && "
    for protocol, least in (("tcp", 700), ("udp", 40), ("ip", 740)):
        good = tshark(capture, ours + "%s.checksum.status == 1" % protocol)
        bad = tshark(capture, ours + "%s.checksum.status == 0" % protocol)
        assert good >= least and bad == 0, (protocol, good, bad)
    assert tshark(capture, ours + "ipv6 && tcp.checksum.status == 1") > 0
    assert tshark(capture, ours + "icmpv6.checksum.status == 0") == 0
    # No frame is longer than the wire's.
    assert tshark(capture, "frame.len > 1514") == 0


class Gateway(threading.Thread):
    """A host on a wire of its own (QEMU's socket network): answers ARP and ping
    for 10.7.0.1, unless the machine's console says that it shall be silent."""

    MAC = bytes.fromhex("525400000701")
    IP = bytes([10, 7, 0, 1])

    def __init__(self, log):
        super().__init__(daemon=True)
        self.log = log
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.peer.bind(("127.0.0.1", 0))
        self.ports = (self.sock.getsockname()[1], self.peer.getsockname()[1])
        self.peer.close()               # QEMU's
        self.left = 1

    def allowed(self):
        """Not from the second answer on after "once" was said."""
        with open(self.log, "rb") as f:
            said = re.findall(rb"gateway: (\w+)", f.read())
        if said[-1:] == [b"once"]:
            self.left -= 1
        else:
            self.left = 1
        return self.left >= 0

    def answer(self, f):
        head = f[6:12] + self.MAC + f[12:14]
        if f[12:14] == b"\x08\x06" and f[20:22] == b"\0\1" \
                and f[38:42] == self.IP:
            return head + f[14:20] + b"\0\2" + self.MAC + self.IP + f[22:32]
        if f[12:14] == b"\x08\0" and f[23] == 1 and f[34] == 8:
            # An echo's answer has the other type; its sum grows by as much.
            s = int.from_bytes(f[36:38], "big") + 0x800
            s = (s & 0xffff) + (s >> 16)
            return (head + f[14:26] + f[30:34] + f[26:30] + b"\0\0"
                    + s.to_bytes(2, "big") + f[38:])
        return None

    def run(self):
        while True:
            frame = self.sock.recv(65536)
            back = self.answer(frame)
            if back and self.allowed():
                self.sock.sendto(back, ("127.0.0.1", self.ports[1]))


@pytest.mark.quick
def test_setup_rolls_back(dom0):
    """The network behind the NIC stays away once it is tied to the bridge:
    hvxl net setup says so when its time is over, and has undone all of it."""
    log = os.path.join(LOGS, "test_setup_rolls_back-1.console")
    os.makedirs(LOGS, exist_ok=True)
    open(log, "w").close()
    gateway = Gateway(log)
    gateway.start()
    wire = "udp=127.0.0.1:%d,localaddr=127.0.0.1:%d" % gateway.ports
    r = dom0("sh /root/net-setup", "--coldplug", *files("net-setup"),
             "--qemu-arg", "-netdev socket,id=wire," + wire
             + " -device virtio-net-pci,netdev=wire", timeout=400)
    said = numbers(r.out)
    assert "end" in said, r.out[-3000:]
    assert "did not come back" in said["refused"]
    # 4 s were promised, to which its own work comes.
    assert 4 <= int(said["seconds"]) <= 12, said
    assert said["before"] == said["after"]
    assert said["bridges"] == "0" and said["again"] == "0", said
