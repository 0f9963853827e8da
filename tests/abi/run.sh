#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The ABI's headers and tables against libxen-dev's, and by themselves:
#   headers	each one compiles alone, with gcc and with clang
#   conform	sizes, offsets, signs and values equal the original's
#   ops		the tables' numbers do, and none is missing
#   names	names come out of the tables
#   stubs	the guests' stubs pass what the table says
#
# usage: tests/abi/run.sh [O=dir]	CC= and CLANG= choose the compilers

set -u
cd "$(dirname "$0")/../.." || exit 2
O=${O:-build}
for arg; do
	case $arg in
	O=*) O=${arg#O=} ;;
	*) echo "usage: tests/abi/run.sh [O=dir]" >&2; exit 2 ;;
	esac
done
CC=${CC:-gcc}
CLANG=${CLANG:-clang}
out=$O/abi
mkdir -p "$out" || exit 2
if [ ! -e /usr/include/xen/xen.h ]; then
	echo "tests/abi: no ABI headers to compare with: install libxen-dev" >&2
	exit 2
fi

warnings='-Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes
	-Wcast-qual -Wpointer-arith -Wundef -Wimplicit-fallthrough -Wvla -Werror'
passed=0
failed=0

# The last line of a part is "name: N passed, N failed".
part() {
	name=$1
	shift
	"$@" > "$out/$name.log" 2>&1
	status=$?
	cat "$out/$name.log"
	counts=$(tail -n 1 "$out/$name.log" |
		sed -n 's/.*: \([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p')
	if [ -z "$counts" ] || [ "${counts% *}" = 0 ]; then
		echo "FAIL $name: no result"
		counts="${counts:-0 0}"
		counts="${counts% *} $((${counts#* } + 1))"
	elif [ $status != 0 ] && [ "${counts#* }" = 0 ]; then
		echo "FAIL $name: exit status $status"
		counts="${counts% *} 1"
	fi
	passed=$((passed + ${counts% *}))
	failed=$((failed + ${counts#* }))
}

headers() {
	good=0
	bad=0
	for h in $(cd hypercalls && find abi -name '*.h') names.h stubs.h; do
		for cc in "$CC" "$CLANG"; do
			if echo "#include <$h>" |
			   $cc -std=gnu11 -ffreestanding $warnings -Ihypercalls \
				-xc -fsyntax-only -; then
				good=$((good + 1))
			else
				echo "FAIL $h doesn't compile alone with $cc"
				bad=$((bad + 1))
			fi
		done
	done
	echo "headers: $good passed, $bad failed"
	[ $bad = 0 ]
}

# program NAME SOURCE...: compile and run
program() {
	binary=$out/test_$1
	shift
	$CC -std=gnu11 $warnings -Ihypercalls -o "$binary" "$@" && "$binary"
}

part headers headers
part conform python3 tests/abi/conform.py --cc "$CC" --out "$out" \
	--hypercalls hypercalls
part ops python3 tests/abi/ops.py --cc "$CC" --out "$out" \
	--hypercalls hypercalls
part names program names tests/abi/names.c hypercalls/names.c
part stubs program stubs -mno-red-zone tests/abi/stubs.c

echo "abi: $passed passed, $failed failed"
[ $failed = 0 ]
