/*
 * memory_op against simple bookkeeping: bytes become calls by two guests and
 * dom0, with hostile and sane arguments, preempted or short of memory; after
 * each, every frame is counted: none is lost, none belongs to two, and no
 * domain has more than it may.
 */
#ifndef MEM_MODEL_H
#define MEM_MODEL_H

#include <stddef.h>
#include <stdint.h>

/* Runs the calls, then gives all back and checks that nothing is left.  The
 * number of calls that did something; aborts on any difference. */
unsigned long mem_model_run(const uint8_t *bytes, size_t n);

#endif
