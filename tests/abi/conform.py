#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares hypercalls/abi/*.h with the ABI's headers of libxen-dev.

Both sets define the same names, so neither can see the other: one list of
questions is made from our headers, and turned into two programs that print
the answers, one compiled with our headers and one with the others. A size,
an offset, a value or a sign that differs, or a name that only we have, is a
failure. Names that only we may have are those that OURS matches; the other
headers must not have them.
"""
import argparse
import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True
import abi_parse

# Names that only our headers have: hvx's own operations say so in their name.
OURS = re.compile(r'hvx_', re.I)

# Macros with parameters: what to try them on; None with a reason.
SAMPLES = {
    'MASK_XENCONS_IDX': ['MASK_XENCONS_IDX(5000, '
                         '((struct xencons_interface *)0)->in)'],
    'MASK_XENSTORE_IDX': ['MASK_XENSTORE_IDX(5000)'],
    'TI_GET_DPL': ['({ struct trap_info t = { .flags = 0xfb }; '
                   'TI_GET_DPL(&t); })'],
    'TI_GET_IF': ['({ struct trap_info t = { .flags = 0xfc }; '
                  'TI_GET_IF(&t); })'],
    'TI_SET_DPL': ['({ struct trap_info t = { .flags = 0 }; '
                   'TI_SET_DPL(&t, 3); t.flags; })'],
    'TI_SET_IF': ['({ struct trap_info t = { .flags = 0 }; '
                  'TI_SET_IF(&t, 8); t.flags; })'],
    'XENMEMF_address_bits': ['XENMEMF_address_bits(32)'],
    'XENMEMF_get_address_bits': ['XENMEMF_get_address_bits(0x12345)'],
    'XENMEMF_node': ['XENMEMF_node(3)'],
    'XENMEMF_get_node': ['XENMEMF_get_node(0x12345)',
                         'XENMEMF_get_node(0)'],
    'XENMEMF_exact_node': ['XENMEMF_exact_node(3)'],
    'XEN_CPUID_LEAF': ['XEN_CPUID_LEAF(2)'],
    'XEN_DOMCTL_GRANT_version': ['XEN_DOMCTL_GRANT_version(0x12)'],
    'xen_cr3_to_pfn': ['xen_cr3_to_pfn(0x123456789000UL)'],
    'xen_pfn_to_cr3': ['xen_pfn_to_cr3(0x123456789UL)'],
    'DEFINE_RING_TYPES': None,      # seen through blkif.h and netif.h
    'XEN_GUEST_HANDLE': None,       # ours is a pointer, seen in members
    'XEN_GUEST_HANDLE_64': None,
}

# Our headers that have another name there.
RENAMED = {
    'types.h': 'xen.h',
    'arch-x86_64.h': 'xen.h',
    'cpuid.h': 'arch-x86/cpuid.h',
    'xen-mca.h': 'arch-x86/xen-mca.h',
    'xenpmu.h': 'pmu.h',
}

PROLOGUE = {
    'ours': '',
    'theirs': '#define __XEN_TOOLS__ 1\n',
}


def questions(abi):
    """(name, C statement that prints the answer)"""
    out = []

    def ask(name, fmt, *args):
        args = ''.join(', ' + a for a in args)
        out.append((name, f'printf("{name}={fmt}\\n"{args});'))

    for agg, members in sorted(abi.aggregates.items()):
        ask(f'sizeof {agg}', '%zu', f'sizeof({agg})')
        for m in members:
            at = f'(({agg} *)0)->{m.path}'
            where = f'{agg}.{m.path}'
            if m.bits:
                out.append((where, '{ union { ' + agg + ' s; unsigned char '
                            f'b[sizeof({agg})]; }} x = {{ .b = {{ 0 }} }}; '
                            f'x.s.{m.path} = -1; printf("{where}="); '
                            'for (size_t i = 0; i < sizeof(x); i++) '
                            'printf("%02x", x.b[i]); printf("\\n"); }'))
                continue
            element = at + ('[0]' if m.array else '')
            size = f'sizeof({element if m.flexible else at})'
            ask(where, '%zu+%zu', f'offsetof({agg}, {m.path})', size)
            if m.integer:
                ask(f'sign of {where}', '%d',
                    f'(__typeof__({element}))-1 < 0')
    for t in sorted(abi.typedefs):
        ask(f'sizeof {t}', '%zu', f'sizeof({t})')
    for e in sorted(abi.enums):
        ask(e, '%lld', f'(long long)({e})')
    for name, text in sorted(abi.macros.items()):
        if '"' in text:
            ask(name, '%s', name)
        else:
            ask(name, '%lld', f'(long long)({name})')
    for name in sorted(abi.functions):
        for i, s in enumerate(SAMPLES.get(name) or []):
            ask(f'{name}#{i}', '%lld', f'(long long)({s})')
    return out


def answers(side, headers, asked, args):
    """Compiles, leaving out what can't be; returns (answers, left out)."""
    refused = {}
    cfile = args.out / f'abi_{side}.c'
    binary = args.out / f'abi_{side}'
    include = ['-I', args.hypercalls] if side == 'ours' else []
    for _ in range(5):
        lines = [PROLOGUE[side] + '#include <stdio.h>', '#include <stddef.h>',
                 '#include <stdint.h>'] + \
            [f'#include <{h}>' for h in headers] + \
            ['int main(void)', '{']
        first = '\n'.join(lines).count('\n') + 2
        live = [q for q in asked if q[0] not in refused]
        lines += [q[1] for q in live] + ['return 0;', '}', '']
        cfile.write_text('\n'.join(lines))
        cc = subprocess.run(
            [args.cc, '-std=gnu11', '-w', '-fmax-errors=0', *include, '-o',
             binary, cfile], stderr=subprocess.PIPE, text=True)
        if cc.returncode == 0:
            break
        found = False
        for m in re.finditer(rf'^{re.escape(str(cfile))}:(\d+):\d+: error: '
                             '(.*)$', cc.stderr, re.M):
            index = int(m[1]) - first
            if 0 <= index < len(live):
                refused.setdefault(live[index][0], m[2])
                found = True
        if not found:
            sys.exit(f'{side}: {cc.stderr}')
    run = subprocess.run([binary], stdout=subprocess.PIPE, text=True,
                         check=True)
    return dict(line.rsplit('=', 1) for line in run.stdout.splitlines()), \
        refused


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('--cc', default='gcc')
    p.add_argument('--out', type=pathlib.Path, required=True)
    p.add_argument('--hypercalls', type=pathlib.Path, required=True)
    p.add_argument('--xen', default='/usr/include/xen', type=pathlib.Path)
    args = p.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)

    own = sorted(str(h.relative_to(args.hypercalls / 'abi'))
                 for h in (args.hypercalls / 'abi').rglob('*.h'))
    abi = abi_parse.read(args.cc, args.hypercalls, [f'abi/{h}' for h in own])
    for f in abi.functions - set(SAMPLES):
        print(f'FAIL {f}: a macro with parameters and no sample')
    asked = questions(abi)

    ours, our_errors = answers('ours', [f'abi/{h}' for h in own], asked, args)
    theirs, their_errors = answers(
        'theirs', dict.fromkeys(f'xen/{RENAMED.get(h, h)}' for h in own),
        asked, args)

    failed = len(abi.functions - set(SAMPLES))
    for name, _ in asked:
        if name in our_errors:
            print(f'FAIL {name}: ours: {our_errors[name]}')
        elif OURS.search(name):
            if name in their_errors:
                continue
            print(f'FAIL {name}: said to be ours alone, and theirs has it')
        elif name in their_errors:
            print(f'FAIL {name}: only ours has it: {their_errors[name]}')
        elif name not in ours or ours[name] != theirs.get(name):
            print(f'FAIL {name}: ours {ours.get(name)}, '
                  f'theirs {theirs.get(name)}')
        else:
            continue
        failed += 1
    # Enough was asked: a parser that found nothing has tested nothing.
    if len(asked) < 2000:
        print(f'FAIL only {len(asked)} facts found in our headers')
        failed += 1
    print(f'conform: {len(asked) - failed} passed, {failed} failed')
    return failed != 0


if __name__ == '__main__':
    sys.exit(main())
