# Tables and headers need no building; names.c goes into the core, and into
# whatever else wants to print a hypercall's name.
hypercalls-y := names.c
