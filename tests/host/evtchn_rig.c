#include "evtchn_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

struct domain *evtchn_make(domid_t id, unsigned int vcpus)
{
	struct domain *d = host_make_domain(id, vcpus);

	assert_int_equal(evtchn_init_domain(d), 0);
	for (unsigned int i = 0; i < vcpus; i++)
		evtchn_init_vcpu(host_make_vcpu(d, i));
	return d;
}

void evtchn_unmake(struct domain *d)
{
	d->is_dying = true;
	assert_int_equal(evtchn_destroy_domain(d), 0);
	assert_int_equal(d->evtchn.in_use, 0);
	evtchn_free_domain(d);
	host_free_domain(d);
}
