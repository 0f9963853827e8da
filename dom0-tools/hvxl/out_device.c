/* SPDX-License-Identifier: MIT */
/* Tables of devices, in xl's columns. */
#include "out.h"

#include <json-c/json.h>
#include "devices.h"

void table_disks_head(FILE *out)
{
	fprintf(out, "%-5s %-3s %-6s %-5s %-6s %-8s %-30s\n", "Vdev", "BE",
		"handle", "state", "evt-ch", "ring-ref", "BE-path");
}

void table_disks(FILE *out, const struct device *d, unsigned int n)
{
	for (; n--; d++)
		fprintf(out, "%-5d %-3d %-6d %-5d %-6d %-8d %-30s\n", d->id,
			d->backend_domid, d->handle, d->state, d->channel,
			d->ring, d->backend);
}

void table_nics_head(FILE *out)
{
	fprintf(out, "%-3s %-2s %-17s %-6s %-5s %-6s %5s/%-5s %-30s\n", "Idx",
		"BE", "Mac Addr.", "handle", "state", "evt-ch", "tx-",
		"rx-ring-ref", "BE-path");
}

void table_nics(FILE *out, const struct device *d, unsigned int n)
{
	for (; n--; d++)
		fprintf(out, "%-3d %-2d %-17s%6d %5d %6d %5d/%-11d %-30s\n",
			d->id, d->backend_domid, d->mac, d->id, d->state,
			d->channel, d->tx_ring, d->rx_ring, d->backend);
}

static void put_number(struct json_object *o, const char *key, int64_t n)
{
	json_object_object_add(o, key, n < 0 ? NULL : json_object_new_int64(n));
}

static struct json_object *json_device(const struct device *d, uint32_t domid,
				       bool nic)
{
	struct json_object *o = json_object_new_object();

	put_number(o, "domid", domid);
	put_number(o, nic ? "devid" : "vdev", d->id);
	put_number(o, "backend_domid", d->backend_domid);
	json_object_object_add(o, "backend",
			       json_object_new_string(d->backend));
	put_number(o, "state", d->state);
	put_number(o, "event_channel", d->channel);
	if (nic) {
		json_object_object_add(o, "mac",
				       json_object_new_string(d->mac));
		put_number(o, "tx_ring_ref", d->tx_ring);
		put_number(o, "rx_ring_ref", d->rx_ring);
	} else {
		put_number(o, "ring_ref", d->ring);
	}
	return o;
}

void json_devices(struct json_object *list, const struct device *d,
		  unsigned int n, uint32_t domid, bool nic)
{
	for (; n--; d++)
		json_object_array_add(list, json_device(d, domid, nic));
}
