#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the coverage table into hypercalls/README.md.

What is known comes from hypercalls.def and ops/*.def; what is implemented is
looked up in xen-core/**/*.c:
  a hypercall        has a handler hc_NAME()
  a sub-operation    has a case label or comparison with its ABI constant, a
                     handler GROUP_NAME(), or a handler *_NAME() in a file that
                     includes its group's table
A handler that only returns an error counts as refused.

usage: hypercalls/coverage.py [--check]
--check changes nothing and fails if the table is not up to date.
"""
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
README = TOP / 'hypercalls/README.md'
BEGIN = '<!-- coverage: begin, made by coverage.py -->\n'
END = '<!-- coverage: end -->\n'
PREFIX = {
    'callback_op': 'CALLBACKOP_', 'console_io': 'CONSOLEIO_',
    'domctl': 'XEN_DOMCTL_', 'event_channel_op': 'EVTCHNOP_',
    'grant_table_op': 'GNTTABOP_', 'memory_op': 'XENMEM_',
    'mmuext_op': 'MMUEXT_', 'nmi_op': 'XENNMI_', 'physdev_op': 'PHYSDEVOP_',
    'platform_op': 'XENPF_', 'sched_op': 'SCHEDOP_',
    'sysctl': 'XEN_SYSCTL_', 'vcpu_op': 'VCPUOP_',
    'vm_assist': 'VMASST_TYPE_', 'xen_version': 'XENVER_',
}
ERROR = r'\s*(?:\(void\)\w+;\s*)*return -(?:ENOSYS|EOPNOTSUPP|EPERM|EINVAL);'


def lines(path):
    """[(number, name)]"""
    text = re.sub(r'/\*.*?\*/', '', path.read_text(), flags=re.S)
    text = re.sub(r'^#.*', '', text, flags=re.M)
    return [(int(nr), name) for nr, name in
            re.findall(r'^(?:HC[0-5X]|SUBOPX?)\((\d+), (\w+)', text, re.M)]


def handler(source, name):
    """The body of a function, or None."""
    m = re.search(r'^[a-z][\w \*]*\b' + name + r'\((?:[^;{}]*)\)\s*{(.*?)^}',
                  source, re.M | re.S)
    return m and m[1]


def subop_state(sources, group, name):
    const = f'(?i:{PREFIX[group]}{name})\\b'
    state = 'no'
    for text in sources:
        for m in re.finditer(rf'case {const}:((?:\s*case \w+:)*)', text):
            if re.match(ERROR, text[m.end():]):
                state = 'refused'
            else:
                return 'yes'
        # Assistances are bits of a mask rather than cases.
        if re.search(rf'==\s*{const}|\[{const}\]|BIT\({const}\)', text):
            return 'yes'
        own = rf'{group}_{name}'
        if f'ops/{group}.def' in text:
            own = rf'(?:\w+_)?{name}(?:_op)?'
        body = handler(text, own)
        if body is not None:
            if re.fullmatch(ERROR + r'\s*', body):
                state = 'refused'
            else:
                return 'yes'
    return state


def table():
    sources = [re.sub(r'/\*.*?\*/', '', p.read_text(), flags=re.S)
               for p in sorted((TOP / 'xen-core').rglob('*.c'))]
    out = ['| nr | hypercall | | sub-operations implemented | known, not '
           'implemented |', '|---|---|---|---|---|']
    done = total = 0
    for nr, name in lines(TOP / 'hypercalls/hypercalls.def'):
        bodies = [b for b in (handler(s, f'hc_{name}') for s in sources)
                  if b is not None]
        has = any(not re.fullmatch(ERROR + r'\s*', b) for b in bodies)
        state = 'yes' if has else 'refused' if bodies else 'no'
        yes, no = [], []
        if name in PREFIX:
            for _, sub in lines(TOP / f'hypercalls/ops/{name}.def'):
                known = subop_state(sources, name, sub) if has else 'no'
                (yes if known == 'yes' else no).append(sub)
        done += has
        total += 1
        out.append(f'| {nr} | {name} | {state} | '
                   f'{", ".join(yes)} | {", ".join(no)} |')
    out.append('')
    out.append(f'{done} of {total} hypercalls are implemented. "refused": the '
               'core knows it and says no.')
    return '\n'.join(out) + '\n'


def main():
    text = README.read_text()
    head, rest = text.split(BEGIN)
    tail = rest.split(END)[1]
    new = head + BEGIN + table() + END + tail
    if sys.argv[1:] == ['--check']:
        if new != text:
            print('hypercalls/README.md: run hypercalls/coverage.py',
                  file=sys.stderr)
        return new != text
    if sys.argv[1:]:
        print(__doc__, file=sys.stderr)
        return 2
    README.write_text(new)
    return 0


if __name__ == '__main__':
    sys.exit(main())
