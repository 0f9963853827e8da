"""The machines that a dom0 must boot on: (name, options, processors, quick).
Memory is the machine's; dom0 has all of it but what the core keeps."""

ALL = ["--dom0-mem", "0"]


def options(machine, mem, smp, uefi):
    return (["--machine", machine, "--mem", str(mem), "--smp", str(smp)]
            + (["--uefi"] if uefi else []) + ALL)


QUICK = {("pc", 1024, 1, False), ("q35", 2048, 4, True),
         ("pc", 2048, 2, False)}

MACHINES = [
    ("%s-%dG-%dcpu-%s" % (machine, mem // 1024, smp,
                          "uefi" if uefi else "bios"),
     options(machine, mem, smp, uefi), smp,
     (machine, mem, smp, uefi) in QUICK)
    for machine in ("pc", "q35")
    for mem in (1024, 2048, 8192)
    for smp in (1, 2, 4)
    for uefi in (False, True)
]
