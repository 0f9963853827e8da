"""hvxl prints what xl prints: both run in one dom0, in Debian's xl world, on the
same domains, and must agree byte by byte once digits no longer count."""

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


def same_form(command, xl, ours):
    a, b = ([states(form(x)) for x in said] for said in (xl, ours))
    if command.startswith("info"):
        # Of different lengths from one moment to the next.
        a, b = ([re.sub(r"#+", "#", x) for x in said] for said in (a, b))
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
"""


def options_of(hypervisor):
    options = ["--toolstack", "xen", "--file", OUT + "/bin/hvxl",
               "--file", OUT + "/guests/hello"]
    if hypervisor == "xen":
        options += ["--append-core", "sched=credit"]
    return options


def check_all(text):
    said = runs(text)
    for command in SAME + ["list -v g2"]:
        check_same(command, said[command])
    for command in STATUS:
        a, b = (said[command][t][0] for t in ("xl", "./hvxl"))
        assert (a == 0) == (b == 0), "%s: exit %d, xl's is %d" % (
            command, b, a)


@pytest.mark.quick
def test_same_as_xl(dom0, hypervisor):
    r = dom0(SCRIPT, *options_of(hypervisor), timeout=900)
    check_all(r.out)
