#!/usr/bin/python3
"""Every command, option, path and message in the documents is one that exists:
man pages against --help, texts against the programs' own tables, boot options
against the core's, quoted messages against the sources' strings.

Prints a line for each thing that doesn't exist, and closes with the counts."""

import glob
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
import messages                                         # noqa: E402

BIN = os.path.join(TOP, os.environ.get("O", "build"), "bin")
TEXTS = ["README.md", "CONTRIBUTING.md", "docs/*.md", "*/README.md",
         "*/*/README.md", ".ci/README.md"]
passed, failures = 0, []


def check(good, where, what):
    """One thing looked at."""
    global passed
    if good:
        passed += 1
    else:
        failures.append("%s: %s" % (where, what))


def read(name):
    with open(os.path.join(TOP, name)) as f:
        return f.read()


def texts():
    """The documents: {name: text}."""
    found = {}
    for pattern in TEXTS:
        for path in sorted(glob.glob(os.path.join(TOP, pattern))):
            name = os.path.relpath(path, TOP)
            if not name.startswith("build"):
                found[name] = read(name)
    return found


def output(*args):
    r = subprocess.run(args, cwd=TOP, stdin=subprocess.DEVNULL,
                       capture_output=True, text=True)
    return r.stdout + r.stderr


def code(text):
    """The pieces of a document that are typed: spans, and lines of blocks."""
    # Pictures are drawn with these.
    blocks = re.findall(r"^    (?! *[|+]).*$", text, re.M)
    rest = re.sub(r"^    .*$", "", text, flags=re.M)
    spans = [s.replace("\n", " ") for s in re.findall(r"`([^`]+)`", rest)]
    # In a table a vertical bar stands with a backslash before it.
    return [s.replace("\\|", "|") for s in spans + [b.strip() for b in blocks]]


def long_options(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", text))


# ---- programs -----------------------------------------------------------


def man_pages():
    """Each program's page and its --help name the same options."""
    pages = glob.glob(os.path.join(TOP, "dom0-tools/man/*.8"))
    check(len(pages) > 4, "dom0-tools/man", "there are hardly any pages")
    for page in sorted(pages):
        name = os.path.basename(page)[:-2]
        with open(page) as f:
            text = f.read()
        # A page that is another's.
        same = re.match(r"\.so man8/(\S+)\n$", text)
        if same:
            with open(os.path.join(TOP, "dom0-tools/man", same.group(1))) as f:
                text = f.read()
        text = text.replace("\\-", "-")
        text = re.sub(r"\\f[A-Z]", "", text)
        # What another program takes may be told of elsewhere in a page.
        own = "".join(re.findall(r"(?ms)^\.SH (?:SYNOPSIS|OPTIONS)$.*?(?=^\.SH)",
                                 text))
        there, told = long_options(own), long_options(
            output(os.path.join(BIN, name), "--help"))
        for o in sorted(told - there - {"--help"}):
            check(False, name + ".8", "lacks %s, which --help has" % o)
        for o in sorted(there):
            check(o in told, name + ".8", "has %s, which --help lacks" % o)


def programs_have_pages():
    made = read("dom0-tools/install/install.mk")
    check("filter tests/%" in made, "install.mk", "lists programs by hand?")
    for path in sorted(glob.glob(BIN + "/*")):
        name = os.path.basename(path)
        if name in hvx_programs():
            check(glob.glob(os.path.join(TOP, "dom0-tools/man", name + ".[18]")),
                  name, "has no man page")


def hvx_programs():
    """What make install would install."""
    out = output("make", "-s", "list-installed", "O=" + os.path.relpath(
        os.path.dirname(BIN), TOP))
    return out.split()


# ---- hvxl in texts ------------------------------------------------------


class Hvxl:
    """The tool's own table."""

    def __init__(self):
        self.options = {}
        self.absent = set()
        for line in output(os.path.join(BIN, "hvxl"), "help",
                           "--table").splitlines():
            words = line.split()
            if words[0] == "command":
                self.options[words[1]] = set()
                if "absent" in words[2:]:
                    self.absent.add(words[1])
            elif words[0] == "option":
                self.options[words[1]] |= {
                    "-" + words[2] if words[2] != "-" else "",
                    "--" + words[3] if words[3] != "-" else ""}

    def call(self, where, words):
        """The words behind `hvxl` somewhere in a text."""
        # Global options come before the subcommand.
        while words and re.fullmatch(r"-[a-zA-Z]+|--json", words[0]):
            words = words[1:]
        if not words or not re.fullmatch(r"[a-z][a-z-]+", words[0]):
            return
        sub = words[0]
        check(sub in self.options, where, "hvxl has no subcommand %s" % sub)
        for w in words[1:]:
            w = w.split("=")[0].strip("[]")
            if re.fullmatch(r"-[A-Za-z]|--[a-z-]+", w):
                check(w in self.options.get(sub, ()), where,
                      "hvxl %s has no %s" % (sub, w))


def hvxl_calls(docs):
    table = Hvxl()
    check(len(table.options) > 30, "hvxl help --table", "is nearly empty")
    for where, text in docs.items():
        for piece in code(text):
            for call in re.findall(
                    r"(?:^|[\s'\"(;&|`])(?:hvxl|xl)\s+([^|;&`'\"]+)", piece):
                table.call(where, call.split())


# ---- the sources' own commands ------------------------------------------


def make_targets():
    names = "Makefile dom0-tools/install/install.mk".split()
    return set(re.findall(r"^([a-z-]+):", "".join(map(read, names)), re.M))


def own_commands(docs):
    """make TARGET, tests/PROGRAM --option."""
    targets, helps = make_targets(), {}
    for where, text in docs.items():
        for piece in code(text):
            for t in re.findall(r"(?:^|\s)make ([a-z][a-z-]*)(?=\s|$|,)", piece):
                check(t in targets, where, "make has no target %s" % t)
            for tool, rest in re.findall(
                    r"(?:^|[\s(])(tests/(?:dom0-run|guest-run|run|demo)|"
                    r"tests/bench/run)\b([^|;&]*)", piece):
                check(os.path.exists(os.path.join(TOP, tool)), where,
                      "no %s" % tool)
                if tool not in helps and tool.endswith("-run"):
                    helps[tool] = long_options(output("python3", "-B", tool,
                                                      "--help"))
                for o in long_options(rest.split(" -- ")[0]):
                    check(o in helps.get(tool, {o}), where,
                          "%s has no %s" % (tool, o))


def links_and_paths(docs):
    """Relative links, and paths from the top, lead somewhere."""
    roots = tuple(d for d in os.listdir(TOP) if os.path.isdir(
        os.path.join(TOP, d)) and d != "build" and not d.startswith("."))
    for where, text in docs.items():
        folder = os.path.dirname(where)
        for link in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text):
            check(os.path.exists(os.path.join(TOP, folder, link)), where,
                  "the link %s leads nowhere" % link)
        for piece in code(text):
            for path in re.findall(r"(?<![\w/.-])((?:%s)/[\w./-]+)"
                                   % "|".join(roots), piece):
                if re.search(r"[A-Z]{3,}(?!\.md)", path.split("/")[-1]):
                    continue            # a placeholder
                path = path.rstrip("./")
                check(os.path.exists(os.path.join(TOP, path)) or
                      os.path.exists(os.path.join(TOP, folder, path)) or
                      glob.glob(os.path.join(TOP, path + "*")),
                      where, "no file %s" % path)


# ---- boot options -------------------------------------------------------


def boot_options():
    """docs/options.md has each option of the core's table, and no other."""
    source = read("xen-core/boot/options.c")
    table = set(re.findall(r'^\t\{ "([\w-]+)", parse_', source, re.M))
    ignored = set(re.findall(r'IGNORED\("([\w-]+)"\)', source))
    page = read("docs/options.md")
    told = set(re.findall(r"^\| `([\w-]+)", page, re.M))
    check(len(table) > 10, "options.c", "its table can't be read")
    for o in sorted(table | told):
        check(o in table, "docs/options.md", "%s is no option" % o)
        check(o in told, "docs/options.md", "lacks %s" % o)
    for o in re.findall(r"`([\w-]+)`", page.partition("without effect")[2]):
        check(o in ignored or o in table, "docs/options.md",
              "%s is not in the table" % o)


def hypercalls():
    """The table of hypercalls is the one that the sources give."""
    r = subprocess.run([sys.executable, "-B", "hypercalls/coverage.py",
                        "--check"], cwd=TOP)
    check(r.returncode == 0, "hypercalls/README.md",
          "is not what coverage.py writes: run it")


def quoted_messages(docs):
    found = messages.look_up(TOP, "".join(docs.values()))
    check(len(found) > 40, "docs", "hardly any message is quoted")
    for message, there in found:
        check(there, "docs", "no source prints: %s" % message)
    # The look-up can fail.
    table = "| message | |\n|---|---|\n| `%s` | |\n"
    for wrong in ("no bridge on Tuesdays", "option X: works too well"):
        check(not messages.look_up(TOP, table % wrong)[0][1], "docs",
              "a message that nobody prints is found")


def main():
    docs = texts()
    man_pages()
    programs_have_pages()
    hvxl_calls(docs)
    own_commands(docs)
    links_and_paths(docs)
    boot_options()
    hypercalls()
    quoted_messages(docs)
    for line in failures:
        print(line)
    print("docs: %d passed, %d failed" % (passed, len(failures)))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
