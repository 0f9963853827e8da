"""hvxl prints what xl prints: both run in one dom0, in Debian's xl world, on the
same domains, and must agree byte by byte once digits no longer count."""

import json
import os
import re

import pytest

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..",
                   os.environ.get("O", "build"))
CONFIG = """
cat >g1.cfg <<'END'
name = "g1"
memory = 16
vcpus = 2
kernel = "/root/hello"
on_crash = "preserve"
on_poweroff = "preserve"
extra = "some words"
END
chmod +x hvxl
ln -s hvxl ./xl-link
"""
# Runs one command with each tool: exit status, output and errors of both.
BOTH = """
both() {
	echo "@@ $*"
	for tool in xl ./hvxl; do
		$tool "$@" >out 2>err
		echo "@= $tool $?"
		sed 's/^/o /' out
		sed 's/^/e /' err
	done
}
"""
# What is printed must be the same; so must what stands on stderr, if it is
# xl's own text and not a message of its library.
SAME = """
list
list g1
list 1
list -v
list -v g2
list -Z
list -c
list -n
list -nvc
list nosuch
list 77
list -l nosuch
info
info -n
info nr_cpus
info xen_caps
info nosuch
domid g1
domid nosuch
domid 1
domname 1
domname 77
domname g1
vcpu-list
vcpu-list g1
vcpu-list g1 g2
vcpu-list nosuch
vcpu-l g1
vm-list
uptime
uptime g1
uptime nosuch
sched-credit
sched-credit -d g1
sched-credit -s
sched-credit -p Pool-0
sched-credit -p nosuch
sched-credit -w 512
sched-credit -t 20
sched-credit -p Pool-0 -d g1
cpupool-list
cpupool-list -c
cpupool-list Pool-0
cpupool-list nosuch
claims
pause nosuch
unpause nosuch
destroy nosuch
destroy 0
rename nosuch x
shutdown
shutdown nosuch
reboot nosuch
vcpu-set nosuch 1
vcpu-set g1 x
mem-set nosuch 16
mem-set g1 x
mem-max g1 x
sysrq nosuch h
sysrq g1 hh
trigger nosuch nmi
trigger g1 nosuch
help nosuch
""".strip().splitlines()
# Only whether it works must be the same: xl has the library's words there.
STATUS = """
help
help list
list --help
frobnicate
list -x
domid
pause
mem-set g1 4g
sched-credit -d nosuch
sched-credit -d g1 -w 0
sched-credit -d g1 -c 999999
sched-credit -s -t 20000
sched-credit -s -r 1
vcpu-set g1 5
vcpu-set g1 0
-x list
-v list
-t list
""".strip().splitlines()


def runs(text):
    """{command: {tool: (status, out, err)}}"""
    said = {}
    for part in text.split("@@ ")[1:]:
        command, _, rest = part.partition("\n")
        both = {}
        for one in rest.split("@= ")[1:]:
            head, _, body = one.partition("\n")
            tool, status = head.split()
            lines = body.splitlines()
            both[tool] = (int(status),
                          [x[2:] for x in lines if x.startswith("o ")],
                          [x[2:] for x in lines if x.startswith("e ")])
        said[command] = both
    return said


def form(line):
    """A line without its digits: a number and the blanks before it become as
    many #, so that right-aligned columns stay where they are."""
    line = re.sub(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b",
                  "UUID", line)
    return re.sub(r" *\d[\d.:]*", lambda m: "#" * len(m.group()), line)


def states(line):
    """Who runs where, and who is blocked, changes from one look to the next."""
    line = re.sub(r"(?<= )[r-][b-](?=[p-][s-][-rscwS?][d-][ #])", "..", line)
    return re.sub(r"(?<=# {3})[r-][b-]-(?=[ #])", "..-", line)


def still(line):
    """Of info nearly all stays as it is."""
    if re.match(r"(free_memory|cpu_mhz|outstanding_claims) |  +\d+: ", line):
        return re.sub(r" *\d[\d.]*", "#", line)
    return line


def same_form(command, xl, ours):
    norm = still if command.startswith("info") \
        else lambda x: states(form(x))
    a, b = ([norm(x) for x in said] for said in (xl, ours))
    assert a == b, "%s:\n%s\n%s" % (command, "\n".join(xl), "\n".join(ours))


def own_words(err):
    """What xl itself says on stderr; its library's messages are left out."""
    return [x for x in err if x.strip() and not x.startswith("libxl:")]


def check_same(command, both):
    (status, out, err), (status2, out2, err2) = both["xl"], both["./hvxl"]
    assert status2 == status, "%s: exit %d, xl's is %d: %s" % (
        command, status2, status, err2)
    # The header that xl prints before it fails is nothing to rely on.
    if status == 0:
        same_form(command, out, out2)
    words = own_words(err)
    if words:
        assert err2[:1] == words[:1], (command, words, err2)
        if status:
            assert len(err2) >= 1, command


# Nodes of devices as libxl and a guest would have written them: who lists
# devices reads no more than these.
DEVICES = """
b=/local/domain/0/backend
front=/local/domain/1/device
dev=xvda
for d in 51712 51728; do
	own=/libxl/1/device/vbd/$d
	xenstore-write $own/backend $b/vbd/1/$d $own/frontend $front/vbd/$d \\
		$own/frontend-id 1 $own/params /dev/ram0 $own/type phy \\
		$own/dev $dev $own/mode w $own/device-type disk \\
		$own/removable 0 $own/online 1 $own/state 1 \\
		$front/vbd/$d/backend-id 0 $front/vbd/$d/state 4 \\
		$front/vbd/$d/backend $b/vbd/1/$d
	dev=xvdb
done
xenstore-write $front/vbd/51712/ring-ref 8 $front/vbd/51712/event-channel 9
for d in 0 1; do
	own=/libxl/1/device/vif/$d
	xenstore-write $own/backend $b/vif/1/$d $own/frontend $front/vif/$d \\
		$own/frontend-id 1 $own/mac 00:16:3e:00:00:0$d $own/handle $d \\
		$front/vif/$d/backend-id 0 $front/vif/$d/state 4 \\
		$front/vif/$d/backend $b/vif/1/$d
done
xenstore-write $front/vif/0/tx-ring-ref 558 $front/vif/0/rx-ring-ref 559 \\
	$front/vif/0/event-channel 12
both block-list g1
both network-list g1 g2
for n in /libxl/1/device/vif /libxl/1/device/vbd $front/vif $front/vbd; do
	xenstore-rm $n
done
"""
JSON = ["list", "list -l", "info", "info -n", "vcpu-list", "uptime",
        "sched-credit", "cpupool-list", "claims", "vm-list",
        "top -d 0.1"]
# What hvxl did, asked of Debian's tools.  In order.
ACTIONS = [
    ("./hvxl vcpu-pin g1 0 1; xl vcpu-list g1 | awk 'NR == 2 { print $7 }'",
     "1"),
    ("./hvxl vcpu-pin g1 all all,^1 1; xl vcpu-list g1 | "
     "awk 'NR > 1 { print $7 $8 $9 }'", "0/1\n0/1"),
    ("./hvxl vcpu-pin g1 1 - all; xl vcpu-list g1 | "
     "awk 'NR == 3 { print $7 $8 $9 }'", "0/all"),
    ("./hvxl vcpu-set g1 1; xenstore-read /local/domain/1/cpu/0/availability "
     "/local/domain/1/cpu/1/availability", "online\noffline"),
    ("./hvxl mem-set g1 8; xenstore-read /local/domain/1/memory/target",
     "8192"),
    # 16 MiB and libxl's one more became 8 and one.
    ("xentop -b -i 1 | awk '$1 == \"g1\" { print $7 }'", "9216"),
    ("xl list -l g1 | tr -d ' ,' | grep target", '"target_memkb":8192'),
    ("./hvxl mem-max g1 12; xentop -b -i 1 | awk '$1 == \"g1\" { print $7 }'",
     "13312"),
    ("xenstore-read /local/domain/1/memory/static-max", "12288"),
    ("./hvxl sched-credit -d g1 -w 300 -c 50; "
     "xl sched-credit -d g1 | awk 'NR == 2 { print $3, $4 }'", "300 50"),
    ("./hvxl sched-credit -s -t 20 -r 500; xl sched-credit -s",
     "Cpupool Pool-0: tslice=20ms ratelimit=500us migration-delay=0us"),
    ("./hvxl pause g2; xl list g2 | awk 'NR == 2 { print $5 }'", "--ps--"),
    ("./hvxl unpause g2; xl list g2 | awk 'NR == 2 { print $5 }'", "---s--"),
    ("./hvxl sysrq g1 h; xenstore-read /local/domain/1/control/sysrq", "h"),
    ("./hvxl dmesg >a; ./hvxl debug-keys h; ./hvxl dmesg >b; cmp -s a b; "
     "echo $?", "1"),
    ("./hvxl rename g1 g3; xl domid g3", "1"),
    ("./hvxl -N destroy g3; xl domid g3", "destroy domain 1\n1"),
    ("./hvxl create g1.cfg 2>&1 | tail -n 1 | cut -c1-35",
     "hvxl: create: hvxd does not answer "),
    ("./hvxl destroy g3; xl domid g3 2>&1 | cut -c1-32",
     "Can't get domid of domain name 'g3"[:32]),
    ("./xl-link destroy g2; xl list | awk '{ print $1 }'", "Name\nDomain-0"),
    ("ls /var/lib/xen | grep -v '^userdata-d.0[.]'", ""),
    # Nothing is left of them.
    ("xenstore-ls -f | grep -E '/(domain|vbd|vif|console|libxl)/[12]( |/)'",
     ""),
]
SCRIPT = CONFIG + BOTH + """
xl create -p g1.cfg
xl create -p g1.cfg 'name="g2"'
""" + "\n".join("both " + c for c in SAME + STATUS) + """
./hvxl unpause g2
i=0
until xl list g2 | grep -q -- ---s--; do
	i=$((i + 1)); [ $i -lt 100 ] || exit 1; usleep 100000
done
both list -v g2
""" + DEVICES + """
both list -l
echo "@@ xentop"
for tool in xentop './hvxl top'; do
	echo "@= ${tool%% *} 0"
	$tool -b -v -i 1 | sed 's/^/o /'
done
""" + "".join("echo '@@ json %s'; ./hvxl %s --json\n" % (c, c) for c in JSON) \
    + "".join("echo '@@ action %d'\n%s\n" % (i, a[0])
              for i, a in enumerate(ACTIONS))


def options_of(hypervisor):
    options = ["--toolstack", "xen", "--file", OUT + "/bin/hvxl",
               "--file", OUT + "/guests/hello"]
    if hypervisor == "xen":
        options += ["--append-core", "sched=credit"]
    return options


def shape(value):
    """JSON without its numbers."""
    if isinstance(value, dict):
        return [(k, shape(v)) for k, v in value.items()]
    if isinstance(value, list):
        return [shape(v) for v in value]
    return 0 if isinstance(value, int) else value


def said_by(text, mark):
    """Pieces that begin with a line '@@ MARK NAME': {name: text}."""
    return {m.group(1): m.group(2) for m in re.finditer(
        r"^@@ %s (.*)\n((?:(?!@@ ).*\n?)*)" % mark, text, re.M)}


def check_all(text):
    said = runs(text)
    for command in SAME + ["list -v g2", "block-list g1",
                           "network-list g1 g2"]:
        check_same(command, said[command])
    for command in STATUS:
        a, b = (said[command][t][0] for t in ("xl", "./hvxl"))
        assert (a == 0) == (b == 0), "%s: exit %d, xl's is %d" % (
            command, b, a)
    assert len(said["block-list g1"]["xl"][1]) == 3
    assert len(said["network-list g1 g2"]["xl"][1]) == 3

    xl, ours = (said["list -l"][t][1] for t in ("xl", "./hvxl"))
    assert shape(json.loads("\n".join(xl))) == shape(
        json.loads("\n".join(ours)))
    assert [form(x) for x in xl] == [form(x) for x in ours]
    same_form("xentop", said["xentop"]["xentop"][1],
              said["xentop"]["./hvxl"][1])

    answers = said_by(text, "json")
    assert sorted(answers) == sorted(JSON)
    for command, answer in answers.items():
        assert json.loads(answer), command
    names = [d["name"] for d in json.loads(answers["list"])]
    assert names == ["Domain-0", "g1", "g2"]

    for i, answer in said_by(text, "action").items():
        command, expected = ACTIONS[int(i)]
        assert answer.strip("\n") == expected, command


@pytest.mark.quick
def test_same_as_xl(dom0, hypervisor):
    r = dom0(SCRIPT, *options_of(hypervisor), timeout=900, status=1)
    check_all(r.out)
