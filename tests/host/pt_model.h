/*
 * Page tables against an oracle: bytes become guest operations; each is done
 * by the core's frame.c and ptval.c and by a model that keeps, for a handful
 * of frames, nothing but counts by type and the entries' meaning, and decides
 * by trying on a copy.  Verdicts and counts must be the same after each.
 */
#ifndef PT_MODEL_H
#define PT_MODEL_H

#include <stddef.h>
#include <stdint.h>

/* Runs the operations; then takes all apart and checks that nothing is left.
 * The number of operations that were allowed; aborts on any difference. */
unsigned long pt_model_run(const uint8_t *bytes, size_t n);
/* The same while the domain's working set is watched (pv/sample.c): a byte's
 * spare bits say when the next piece is due.  Nothing but access bits of
 * entries that were once in a table's force may differ. */
unsigned long pt_model_run_watched(const uint8_t *bytes, size_t n);

#endif
