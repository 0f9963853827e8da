"""Results as a table, as bar charts, and kept for the README.

Results are {label: {"group", "machine", "ours", "theirs"}}; a label is the
group's name, or that and more ("store, xenstored")."""

import json
import os
import re
import subprocess

HEAD = """| rows | what | hvx | other | ratio | aim |
|---|---|---:|---:|---:|---|"""


def ratios(result):
    """(row, ours, theirs, ratio or None) of each row."""
    for row, ours in result["ours"].items():
        theirs = result["theirs"].get(row)
        yield row, ours, theirs, ours / theirs if theirs else None


def table(results, groups):
    out = [HEAD]
    for label, result in results.items():
        group = groups[result["group"]]
        for row, ours, theirs, ratio in ratios(result):
            if ratio is None:
                out.append("| %s | %s | %d | - | - | - |" % (label, row, ours))
                continue
            out.append("| %s | %s | %d | %d | %.2f | %s |" % (
                label, row, ours, theirs, ratio, group.verdict(row, ratio)))
    return "\n".join(out)


def machines(results):
    """On which machine, and when, each was measured: a line a run."""
    runs = {}
    for label, result in results.items():
        runs.setdefault(result["machine"], []).append(label)
    return "\n".join("- %s: %s" % ("; ".join(labels), machine)
                     for machine, labels in runs.items())


def text(results, groups):
    return "%s\n\n%s\n" % (machines(results), table(results, groups))


PLOT = """set terminal svg size 900,%(height)d font "sans,12" background "white"
set output "%(file)s"
set title "%(label)s: hvx's figure, the other's being 1%(better)s"
set style fill solid 0.8 noborder
set yrange [%(count)d-0.2:-0.8]
set ytics scale 0 nomirror
set xrange [0:%(most)g]
set grid xtics
set lmargin 30
unset key
set arrow 1 from 1,graph 0 to 1,graph 1 nohead dt 2 front
$rows << EOD
%(rows)s
EOD
plot $rows using (0):0:(0):2:($0-0.35):($0+0.35):ytic(1) with boxxy lc "#2a6f97", \\
     $rows using 2:0:3 with labels left offset 0.4,0
"""


def chart(path, label, result, group):
    """Bars of one label's ratios, as an SVG; nothing without gnuplot."""
    bars = []
    for row, _, _, ratio in ratios(result):
        if ratio is not None:
            bars.append((row, min(ratio, 1.6), ratio))
    if not bars:
        return
    better = {group.larger(row) for row, _, _ in bars}
    script = PLOT % {
        "height": 90 + 24 * len(bars), "file": path, "label": label,
        "better": {frozenset([False]): " (shorter is better)",
                   frozenset([True]): " (longer is better)"}.get(
                       frozenset(better), ""),
        "count": len(bars), "most": max(1.1, max(b[1] for b in bars) + 0.15),
        "rows": "\n".join('"%s" %g "%.2f"' % (row, shown, ratio)
                          for row, shown, ratio in bars)}
    subprocess.run(["gnuplot"], input=script, text=True, check=True)


def chart_file(label):
    return re.sub("[^a-z0-9]+", "-", label) + ".svg"


def charts(folder, results, groups):
    for label, result in results.items():
        chart(os.path.join(folder, chart_file(label)), label, result,
              groups[result["group"]])


def merge(path, results, groups):
    """The results kept in path, with the new ones in their places."""
    kept = {}
    if os.path.exists(path):
        with open(path) as f:
            kept = json.load(f)
    kept.update(results)
    order = list(groups)
    kept = dict(sorted(kept.items(),
                       key=lambda item: order.index(item[1]["group"])))
    with open(path, "w") as f:
        json.dump(kept, f, indent=1)
        f.write("\n")
    return kept


def write_between_marks(path, text):
    with open(path) as f:
        before, _, rest = f.read().partition("<!-- bench -->\n")
    after = rest.partition("<!-- /bench -->")[2]
    with open(path, "w") as f:
        f.write("%s<!-- bench -->\n%s<!-- /bench -->%s" % (
            before, text, after))


def keep(top, results, groups):
    """Puts results beside those kept in docs/bench/, and all into README.md."""
    folder = os.path.join(top, "docs/bench")
    os.makedirs(folder, exist_ok=True)
    kept = merge(os.path.join(folder, "results.json"), results, groups)
    charts(folder, results, groups)
    write_between_marks(os.path.join(top, "README.md"), text(kept, groups))
    with open(os.path.join(folder, "README.md"), "w") as f:
        f.write("# The last measurements, as charts\n\nThe figures are in "
                "[README.md](../../README.md), with what they mean.\n\n")
        f.writelines("![%s](%s)\n" % (label, chart_file(label))
                     for label in kept)
