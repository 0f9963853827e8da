/* memory_op: bytes become calls; tests/host/mem_model.h says what is checked. */
#include "../../host/mem_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	mem_model_run(bytes, n);
	return 0;
}
