#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks hypercalls.def and ops/*.def against the ABI's numbers.

Each line's number must be that of the constant with its name, in libxen-dev's
headers; each such constant there must have a line; each type must exist in
our headers. Operations of our own are named hvx_* and numbered in OURS. Names are compared without regard to case, because the ABI
writes some in capitals.
"""
import argparse
import pathlib
import re
import subprocess
import sys

# group: header there, prefix of the constants, those that aren't operations
GROUPS = {
    'hypercalls': ('xen.h', '__HYPERVISOR_', r'VIRT_(START|END)'),
    'callback_op': ('callback.h', 'CALLBACKOP_', None),
    'console_io': ('xen.h', 'CONSOLEIO_', None),
    'domctl': ('domctl.h', 'XEN_DOMCTL_(?=[a-z])', r'vmtrace_(?!op).*'),
    'event_channel_op': ('event_channel.h', 'EVTCHNOP_', None),
    'grant_table_op': ('grant_table.h', 'GNTTABOP_', 'error_msgs'),
    'memory_op': ('memory.h', 'XENMEM_(?=[a-z])',
                  r'resource_.*|(paging|access|sharing)_op_.*'),
    'mmuext_op': ('xen.h', 'MMUEXT_', None),
    'nmi_op': ('nmi.h', 'XENNMI_', None),
    'physdev_op': ('physdev.h', 'PHYSDEVOP_', r'DBGP_.*|pirq_eoi_gmfn'),
    'platform_op': ('platform.h', 'XENPF_',
                    'INTERFACE_VERSION|ACPI_SLEEP_EXTENDED|settime'),
    'sched_op': ('sched.h', 'SCHEDOP_', None),
    'sysctl': ('sysctl.h', 'XEN_SYSCTL_(?=[a-z])',
               r'(cpu_policy|cpu_featureset|pm_op)_.*'),
    'vcpu_op': ('vcpu.h', 'VCPUOP_', None),
    'vm_assist': ('xen.h', 'VMASST_TYPE_', None),
    'xen_version': ('version.h', 'XENVER_', None),
}

# Where Xen has no numbers, nor comes near: hypercalls/README.md.
OURS = range(256, 1000)


def constants(args, header, prefix, skip):
    """{name in small letters: number}, as the compiler sees them."""
    macros = subprocess.run(
        [args.cc, '-E', '-dM', '-D__XEN_TOOLS__', '-xc', '-'],
        input=f'#include <xen/{header}>\n', text=True, check=True,
        stdout=subprocess.PIPE).stdout
    names = [m[0] for m in re.finditer(rf'\b{prefix}\w+', '\n'.join(
        re.findall(r'^#define (\w+) .', macros, re.M)))]
    source = f'#define __XEN_TOOLS__ 1\n#include <stdio.h>\n' \
        f'#include <stdint.h>\n#include <xen/{header}>\nint main(void)\n{{\n'
    out = {}
    for n in names:
        short = re.sub(f'^{prefix}', '', n)
        if skip and re.fullmatch(skip, short):
            continue
        out[short.lower()] = n
        source += f'printf("{short.lower()} %lld\\n", (long long){n});\n'
    binary = args.out / 'ops_numbers'
    subprocess.run([args.cc, '-w', '-o', binary, '-xc', '-'], check=True,
                   input=source + 'return 0; }\n', text=True)
    run = subprocess.run([binary], stdout=subprocess.PIPE, text=True,
                         check=True)
    return {k: int(v) for k, v in
            (line.split() for line in run.stdout.splitlines())}


def table(path):
    """[(number, name, type or None, direction or None)]"""
    text = re.sub(r'/\*.*?\*/', '', path.read_text(), flags=re.S)
    text = re.sub(r'^#.*(\\\n.*)*$', '', text, flags=re.M)
    for m in re.finditer(r'^(SUBOPX?|HC[0-5X])\(([^;]*?)\)\n', text, re.M):
        fields = [' '.join(f.split()) for f in m[2].split(',')]
        if m[1] == 'SUBOP':
            yield int(fields[0]), fields[1], fields[2], fields[3]
        else:
            yield int(fields[0]), fields[1], None, None


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('--cc', default='gcc')
    p.add_argument('--out', type=pathlib.Path, required=True)
    p.add_argument('--hypercalls', type=pathlib.Path, required=True)
    args = p.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    passed = failed = 0

    def check(good, what):
        nonlocal passed, failed
        passed += bool(good)
        failed += not good
        if not good:
            print(f'FAIL {what}')

    files = {f.stem for f in (args.hypercalls / 'ops').glob('*.def')}
    check(files == set(GROUPS) - {'hypercalls'},
          f'groups without a test, or the reverse: '
          f'{files ^ (set(GROUPS) - {"hypercalls"})}')
    types = set()
    for group, (header, prefix, skip) in GROUPS.items():
        path = args.hypercalls / ('hypercalls.def' if group == 'hypercalls'
                                  else f'ops/{group}.def')
        want = constants(args, header, prefix, skip)
        lines = list(table(path))
        last = -1
        for nr, name, ctype, direction in lines:
            # mca is the ABI's own name for arch_0.
            key = 'arch_0' if name == 'mca' else name
            if name.startswith('hvx_'):
                check(key not in want and nr in OURS,
                      f'{path.name}: {name} isn\'t only ours')
            else:
                check(want.get(key) == nr,
                      f'{path.name}: {name} is {nr}, theirs {want.get(key)}')
            check(nr > last, f'{path.name}: {name} out of order')
            last = nr
            want.pop(key, None)
            if ctype == 'void':
                check(direction == 'NONE', f'{path.name}: {name}: no struct')
            elif ctype:
                check(direction in ('IN', 'OUT', 'INOUT'),
                      f'{path.name}: {name}: {direction}')
                types.add(ctype)
        for name, nr in want.items():
            check(False, f'{path.name}: no line for {name} ({nr})')
    source = ''.join(f'#include <abi/{h.name}>\n' for h in
                     sorted((args.hypercalls / 'abi').glob('*.h')))
    for i, t in enumerate(sorted(types)):
        source += f'char size_{i}[sizeof({t})];\n'
    cc = subprocess.run([args.cc, '-std=gnu11', '-I', args.hypercalls, '-xc',
                         '-fsyntax-only', '-'], input=source, text=True,
                        stderr=subprocess.PIPE)
    check(cc.returncode == 0, f'a type of a sub-operation:\n{cc.stderr}')
    print(f'ops: {passed} passed, {failed} failed')
    return failed != 0


if __name__ == '__main__':
    sys.exit(main())
