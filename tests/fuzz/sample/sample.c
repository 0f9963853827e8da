/* A guest changes its page tables while its working set is watched; the oracle
 * of pt_model.c says what may come of it. */
#include <stddef.h>
#include <stdint.h>

#include "../../host/pt_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size <= 4096)
		pt_model_run_watched(data, size);
	return 0;
}
