/* First in every file of the core: all symbols are in this image, so nothing
 * is reached through a table of addresses. */
#pragma GCC visibility push(hidden)
