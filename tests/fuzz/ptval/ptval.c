/* Page-table operations of a guest against the oracle of pt_model.c. */
#include <stddef.h>
#include <stdint.h>

#include "../../host/pt_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size <= 4096)
		pt_model_run(data, size);
	return 0;
}
