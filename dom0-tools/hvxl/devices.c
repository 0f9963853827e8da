/* SPDX-License-Identifier: MIT */
/* A domain's devices as the store has them. */
#include "devices.h"

#include <stdlib.h>
#include <string.h>
#include <common/guest.h>
#include "args.h"
#include "hvxl.h"

/* Numbers in the store are small: -1 for all else. */
static int number_at(const char *folder, const char *name)
{
	char *text = store_get("%s/%s", folder, name);
	unsigned long n;
	int value = -1;

	if (text && parse_number(text, INT32_MAX, &n))
		value = n;
	free(text);
	return value;
}

static void read_mac(struct device *d, const char *folder)
{
	char *text = store_get("%s/mac", folder);

	if (!text || guest_canonical_mac(text, d->mac))
		d->mac[0] = 0;
	free(text);
}

static void read_device(struct device *d, uint32_t domid, const char *kind,
			uint32_t id)
{
	char *own = xformat("/libxl/%u/device/%s/%u", domid, kind, id);
	char *front = xformat("/local/domain/%u/device/%s/%u", domid, kind, id);
	int backend;

	memset(d, 0, sizeof(*d));
	d->id = id;
	d->backend = store_get("%s/backend", own);
	if (!d->backend)
		d->backend = xstrdup("");
	backend = number_at(front, "backend-id");
	d->backend_domid = backend < 0 ? 0 : backend;
	d->handle = number_at(own, "frontend-id");
	d->state = number_at(front, "state");
	d->channel = number_at(front, "event-channel");
	d->ring = number_at(front, "ring-ref");
	d->tx_ring = number_at(front, "tx-ring-ref");
	d->rx_ring = number_at(front, "rx-ring-ref");
	read_mac(d, own);
	free(own);
	free(front);
}

static int by_id(const void *a, const void *b)
{
	uint32_t x = ((const struct device *)a)->id;
	uint32_t y = ((const struct device *)b)->id;

	return x < y ? -1 : x > y;
}

unsigned int devices_list(uint32_t domid, const char *kind,
			  struct device **out)
{
	unsigned int i, n, count = 0;
	char **ids = store_dir(&n, "/libxl/%u/device/%s", domid, kind);
	struct device *list = xalloc(n, sizeof(*list));

	for (i = 0; i < n; i++) {
		unsigned long id;

		if (parse_number(ids[i], UINT32_MAX, &id))
			read_device(&list[count++], domid, kind, id);
	}
	free(ids);
	qsort(list, count, sizeof(*list), by_id);
	*out = list;
	return count;
}

void devices_free(struct device *list, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		free(list[i].backend);
	free(list);
}
