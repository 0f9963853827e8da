# SPDX-License-Identifier: MIT
"""Reads hypercalls/abi/*.h: every structure, member and number in them.

The headers are run through the preprocessor and then through a parser of
the little C that they use: structs, unions, enums and typedefs. Whatever it
doesn't understand is an error, so that nothing can go untested in silence.
"""
import re
import subprocess

TOKEN = re.compile(r'\s+|[A-Za-z_]\w*|0[xX][0-9a-fA-F]+\w*|\d+\w*|'
                   r'"[^"]*"|\.\.\.|<<|>>|[^\w\s]')
INTEGERS = {'uint8_t', 'uint16_t', 'uint32_t', 'uint64_t', 'int8_t',
            'int16_t', 'int32_t', 'int64_t', 'int', 'unsigned int',
            'unsigned long', 'unsigned char', 'xen_pfn_t', 'xen_ulong_t',
            'domid_t', 'evtchn_port_t', 'grant_ref_t', 'grant_handle_t',
            'RING_IDX', 'blkif_vdev_t', 'blkif_sector_t', 'xen_callback_t',
            'XENCONS_RING_IDX', 'XENSTORE_RING_IDX'}


class Member:
    def __init__(self, path, integer, flexible, bits):
        self.path = path            # "console.domU.mfn"
        self.integer = integer      # a number, or an array of such
        self.array = False
        self.flexible = flexible    # ends the structure, has no size
        self.bits = bits            # a bit field


class Abi:
    def __init__(self):
        self.aggregates = {}        # "struct foo": [Member]
        self.enums = set()          # names of constants
        self.typedefs = set()
        self.macros = {}            # name: text
        self.functions = set()      # macros with parameters


def preprocess(cc, include, header, *flags):
    return subprocess.run(
        [cc, '-std=gnu11', '-ffreestanding', '-E', '-P', *flags, '-I',
         include, '-xc', '-'], input=f'#include <{header}>\n', text=True,
        check=True, stdout=subprocess.PIPE).stdout


class Parser:
    def __init__(self, text, abi):
        self.tok = [t for t in TOKEN.findall(text) if not t.isspace()]
        self.pos = 0
        self.abi = abi

    def peek(self):
        return self.tok[self.pos] if self.pos < len(self.tok) else None

    def next(self):
        t = self.tok[self.pos]
        self.pos += 1
        return t

    def expect(self, want):
        t = self.next()
        if t != want:
            raise SyntaxError(f'{want} expected, {t} found: '
                              + ' '.join(self.tok[self.pos - 9:self.pos + 9]))

    def skip_to(self, end):
        """To the first end outside of brackets, which is consumed."""
        depth = 0
        out = []
        while True:
            t = self.next()
            if depth == 0 and t == end:
                return out
            depth += (t in '([{') - (t in ')]}')
            out.append(t)

    def file(self):
        while self.peek() is not None:
            if self.peek() == 'typedef':
                self.typedef()
            elif self.peek() in ('struct', 'union'):
                self.aggregate()
                self.expect(';')
            elif self.peek() == 'enum':
                self.enum()
            elif self.peek() == ';':
                self.next()
            elif self.peek() == '__extension__':
                self.next()
            else:
                raise SyntaxError('not understood: ' + ' '.join(
                    self.tok[self.pos:self.pos + 12]))

    def typedef(self):
        decl = self.skip_to(';')
        depth = 0
        name = None
        for t in decl:
            depth += (t in '([{') - (t in ')]}')
            if depth == 0 and re.match(r'[A-Za-z_]', t):
                name = t
        self.abi.typedefs.add(name)

    def enum(self):
        self.expect('enum')
        self.next()
        self.expect('{')
        for item in ' '.join(self.skip_to('}')).split(','):
            if item.strip():
                self.abi.enums.add(item.split()[0])
        self.expect(';')

    def aggregate(self):
        """struct or union [name] { ... }; returns (name, members)."""
        kind = self.next()
        name = None
        if self.peek() != '{':
            name = f'{kind} {self.next()}'
        if self.peek() != '{':
            return name, None
        self.expect('{')
        members = []
        while self.peek() != '}':
            members += self.member()
        self.expect('}')
        if name:
            self.abi.aggregates[name] = members
        return name, members

    def member(self):
        inner = None
        base = []
        if self.peek() in ('struct', 'union'):
            name, inner = self.aggregate()
            base = [name or '']
            if inner is not None and self.peek() == ';':
                self.next()
                return inner        # anonymous: its members are ours
        elif self.peek() == '__typeof__':
            self.next()
            self.expect('(')
            base = ['handle to ' + ' '.join(self.skip_to(')'))]
        else:
            while True:
                base.append(self.next())
                following = self.tok[self.pos + 1]
                if self.peek() == '*' or following in ',;[:':
                    break
        return self.declarators(' '.join(base), inner)

    def declarators(self, base, inner):
        out = []
        while True:
            pointer = False
            while self.peek() == '*':
                self.next()
                pointer = True
            m = Member(self.next(), base in INTEGERS and not pointer,
                       False, False)
            while self.peek() == '[':
                self.next()
                m.flexible = self.skip_to(']') == []
                m.array = True
            if self.peek() == ':':
                self.next()
                self.next()
                m.bits = True
            out.append(m)
            if inner is not None:
                at = m.path + ('[0]' if m.array else '')
                for i in inner:
                    sub = Member(f'{at}.{i.path}', i.integer, i.flexible,
                                 i.bits)
                    sub.array = i.array
                    out.append(sub)
            if self.next() == ';':
                return out


def read_macros(cc, include, header, abi):
    before = set(subprocess.run(
        [cc, '-std=gnu11', '-ffreestanding', '-E', '-dM', '-xc', '-'],
        input='#include <stddef.h>\n#include <stdint.h>\n', text=True,
        check=True, stdout=subprocess.PIPE).stdout.splitlines())
    for line in preprocess(cc, include, header, '-dM').splitlines():
        if line in before:
            continue
        m = re.match(r'#define (\w+)(\([^)]*\))? ?(.*)', line)
        name, params, text = m.groups()
        if params:
            abi.functions.add(name)
        elif text and not re.fullmatch(r'ABI_\w+_H', name):
            abi.macros[name] = text


def read(cc, include, headers):
    abi = Abi()
    compilers_own = Abi()
    for h in ('stddef.h', 'stdint.h'):
        Parser(preprocess(cc, include, h), compilers_own).file()
    for h in headers:
        Parser(preprocess(cc, include, h), abi).file()
        read_macros(cc, include, h, abi)
    abi.typedefs -= compilers_own.typedefs
    return abi
