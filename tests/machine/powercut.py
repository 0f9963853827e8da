"""A machine whose plug is pulled."""

import os
import re
import subprocess

DOM0_RUN = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                        "../dom0-run")


def durable(hypervisor, pattern, enough, *options):
    """Runs dom0-run with these options until a line of its output, which
    pattern matches whole, has told of that number of durable things; then kills
    it, and QEMU with it, at once.  The last number it told."""
    run = subprocess.Popen([DOM0_RUN, "--hypervisor", hypervisor, *options],
                           stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    last = -1
    try:
        for line in run.stdout:
            m = re.fullmatch(pattern, line.strip())
            if m:
                last = int(m.group(1))
            if last >= enough:
                break
    finally:
        run.kill()
        run.wait()
    assert last >= enough
    return last
