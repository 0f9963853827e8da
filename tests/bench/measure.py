"""What the benchmarks' groups share.  A program under measurement prints lines
"BENCH NAME INTEGER"; lines() gives them as a dictionary."""

import dataclasses
import os
import re
import subprocess
import sys
from typing import Callable, Optional

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
OUT = os.environ.get("O", "build")
BENCH = re.compile(r"^BENCH (\S+) (\d+)", re.M)


@dataclasses.dataclass
class Group:
    """Rows that are measured together.  An aim is a ratio, ours to the
    other's: at most that, or at least that where larger says that the row is
    better when it is larger; None for a row that has no aim."""
    name: str
    what: str                   # a line of --help
    measure: Callable           # options -> {label: (our rows, the other's)}
    aim: Optional[float] = 0.7
    aims: dict = dataclasses.field(default_factory=dict)    # rows with their own
    larger: Callable = lambda row: False

    def verdict(self, row, ratio):
        aim = self.aims.get(row, self.aim)
        if aim is None:
            return ""
        if self.larger(row):
            return "met" if ratio >= aim else "missed (%s or more)" % aim
        return "met" if ratio <= aim else "missed (%s)" % aim


def say(text):
    print("bench: " + text, file=sys.stderr, flush=True)


def rows(text):
    return {n: int(v) for n, v in BENCH.findall(text)}


def output(argv):
    """What a command prints; its failure is told, and what came before kept."""
    r = subprocess.run(argv, stdout=subprocess.PIPE, text=True, cwd=TOP)
    if r.returncode:
        say("%s ended with %d, after:\n%s" % (argv[0], r.returncode, "\n".join(
            r.stdout.splitlines()[-30:])))
    return r.stdout


def lines(argv):
    return rows(output(argv))


def compiled(name):
    """A program of tests/bench without libraries, built; its path below TOP."""
    program = os.path.join(OUT, "bench", name)
    os.makedirs(os.path.join(TOP, OUT, "bench"), exist_ok=True)
    subprocess.run(["gcc", "-O2", "-static", "-Ihypercalls", "-o", program,
                    "tests/bench/%s.c" % name], check=True, cwd=TOP)
    return program


def both(name, measure):
    """measure("hvx") and measure("xen")."""
    pair = []
    for hv in ("hvx", "xen"):
        say("%s on %s" % (name, hv))
        pair.append(measure(hv))
    return tuple(pair)


def best(name, measure, rounds):
    """The same by turns, so many times; of each row the smallest counts: what else
    a machine has to do changes within minutes."""
    pairs = [both(name, measure) for _ in range(rounds)]
    return tuple({row: min(run[row] for run in runs if row in run)
                  for run in runs for row in run} for runs in zip(*pairs))
