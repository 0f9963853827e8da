"""Messages quoted in a document, looked for among the strings of the sources.

A document quotes messages in the first column of tables whose heading begins
with `message`, `why` or `key`. There a number is written N, M, V or as CPUn; a
name or an address X; a longer part that varies `...`. A source's strings are
those between quotes, put together where they stand one after the other, with
each conversion (%s, %lu) for a part that varies."""

import glob
import os
import re

SOURCES = ["xen-core", "dom0-tools", "backends", "frontends", "tests"]
# A part that varies.
HOLE = "\0"
LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"(\s*(?:PRI\w+\s*)?)')
CONVERSION = re.compile(r"%[-+ #0]*[\d*]*(?:\.[\d*]+)?(?:hh|h|ll|l|z|j|t)?"
                        r"[a-zA-Z]|%$")
PLACEHOLDER = re.compile(r"\b(?:[NMXVnx]|CPUn|SIZE|NAME|FILE|PATH|[0-9]+)\b")


def literals(text):
    """The strings of a C, shell or Python source."""
    found, current, end = [], None, -1
    for m in LITERAL.finditer(text):
        if current is not None and m.start() == end:
            current += m.group(1)
        else:
            if current:
                found.append(current)
            current = m.group(1)
        end = m.end()
    if current:
        found.append(current)
    return found


def plain(text):
    """A source's string as a reader sees it."""
    text = text.replace("\\n", " ").replace('\\"', '"').replace("\\t", " ")
    text = CONVERSION.sub(HOLE, text.replace("%%", "%"))
    return re.sub(r"\s+", " ", text).strip()


def all_strings(top):
    found = set()
    for folder in SOURCES:
        for kind in ("c", "h", "S"):
            for path in glob.glob(os.path.join(top, folder, "**/*." + kind),
                                  recursive=True):
                with open(path, errors="replace") as f:
                    text = re.sub(r"\\\n\s*", "", f.read())
                found.update(map(plain, literals(text)))
    for path in ("dom0-tools/install/dom0-kernels", "tests/dom0-run"):
        with open(os.path.join(top, path)) as f:
            # In a shell's string a variable varies.
            found.update(re.sub(r"\$\{?\w+\}?", HOLE, plain(s))
                         for s in literals(f.read()))
    return sorted(s for s in found if len(s) > 3)


def quoted(page):
    """The messages of a page's tables, one for each code span."""
    found = []
    heading = False
    for line in page.splitlines():
        if not line.startswith("|"):
            heading = False
        elif re.match(r"\| *(message|why)\b", line):
            heading = True
        elif heading and not line.startswith("|---"):
            first = re.split(r"(?<!\\)\|", line)[1]
            found += [s.replace("\\|", "|")
                      for s in re.findall(r"`([^`]+)`", first)]
    return found


def pattern(message):
    """What a message looks like in a source: its words, with holes."""
    parts = [p.strip() for p in message.split("...")]
    out = []
    for part in parts:
        words = PLACEHOLDER.split(part)
        out.append((r"(?:%s|[\w/.]+)" % HOLE).join(map(re.escape, words)))
    return ".*".join(out)


def is_there(message, strings):
    """One string has it; or one ends in a hole that others fill."""
    whole = re.compile(pattern(message))
    if any(whole.search(s) for s in strings):
        return True
    words = message.split(" ")
    for cut in range(1, len(words)):
        head, tail = " ".join(words[:cut]), " ".join(words[cut:])
        a = re.compile(pattern(head) + r"\W*" + HOLE)
        b = re.compile(r"^\W*" + pattern(tail))
        if len(tail) > 5 and any(a.search(s) for s in strings) and any(
                b.search(s) for s in strings):
            return True
    return False


def look_up(top, page):
    """(message, whether a source has it) for each quoted one."""
    strings = all_strings(top)
    return [(m, is_there(m, strings)) for m in quoted(page)]
