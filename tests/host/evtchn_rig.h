/* Domains of a host test that have event channels, and maybe nothing else. */
#ifndef EVTCHN_RIG_H
#define EVTCHN_RIG_H

#include "machine.h"
#include <hvx/evtchn.h>

/* A domain with vCPUs 0 to vcpus - 1. */
struct domain *evtchn_make(domid_t id, unsigned int vcpus);
/* Its end: no port stays in use. */
void evtchn_unmake(struct domain *d);

#endif
