/* SPDX-License-Identifier: MIT */
#include "netsetup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netlink/addr.h>
#include <netlink/route/neighbour.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "move.h"
#include "private.h"

#define SECONDS		20
#define PAUSE_MS	100

/* One setup under way. */
struct work {
	struct bridges *b;
	const struct netsetup *s;
	struct belongings had;		/* by the NIC, at first */
	int nic, bridge;		/* ifindex */
	void (*say)(void *arg, const char *line);
	void *arg;
	char *why;
};

static void tell(const struct work *w, const char *line)
{
	if (w->say)
		w->say(w->arg, line);
}

/* ---- does the network answer? ------------------------------------------- */

static bool has_carrier(struct bridges *b, const char *name)
{
	struct rtnl_link *link = link_find(b, name);
	bool carrier = link && rtnl_link_get_carrier(link);

	if (link)
		rtnl_link_put(link);
	return carrier;
}

/* Makes the kernel ask for the gateway's hardware address; what is sent is for
 * the discard port. */
static void provoke(struct nl_addr *gateway)
{
	struct sockaddr_storage to = { 0 };
	socklen_t len = sizeof(to);
	int fd = socket(nl_addr_get_family(gateway), SOCK_DGRAM | SOCK_CLOEXEC,
			0);

	if (fd < 0)
		return;
	if (!nl_addr_fill_sockaddr(gateway, (struct sockaddr *)&to, &len)) {
		if (to.ss_family == AF_INET)
			((struct sockaddr_in *)(void *)&to)->sin_port =
				htons(9);
		sendto(fd, "", 0, MSG_DONTWAIT, (struct sockaddr *)&to, len);
	}
	close(fd);
}

static bool is_reached(struct bridges *b, struct nl_addr *gateway, int ifindex)
{
	struct nl_cache *all;
	struct rtnl_neigh *n;
	bool reached = false;

	if (rtnl_neigh_alloc_cache(b->sock, &all))
		return false;
	n = rtnl_neigh_get(all, ifindex, gateway);
	if (n) {
		reached = rtnl_neigh_get_state(n) & (NUD_REACHABLE |
						     NUD_DELAY | NUD_PROBE);
		rtnl_neigh_put(n);
	}
	nl_cache_free(all);
	return reached;
}

/* Within ms: the link has a carrier and the gateway, if any, answers. */
static bool answers(struct bridges *b, const char *name, int ifindex,
		    struct nl_addr *gateway, unsigned int ms)
{
	const struct timespec pause = { 0, PAUSE_MS * 1000000l };
	unsigned int passed;

	for (passed = 0;; passed += PAUSE_MS) {
		if (has_carrier(b, name)) {
			if (!gateway || is_reached(b, gateway, ifindex))
				return true;
			provoke(gateway);
		}
		if (passed >= ms)
			return false;
		nanosleep(&pause, NULL);
	}
}

/* ---- the steps ---------------------------------------------------------- */

static int set_master(struct bridges *b, const char *nic, int master)
{
	struct rtnl_link *link = link_find(b, nic);
	struct rtnl_link *change = rtnl_link_alloc();
	int rc = -NLE_NODEV;

	if (link && change) {
		rtnl_link_set_master(change, master);
		rc = link_change(b, link, change);
	}
	if (change)
		rtnl_link_put(change);
	if (link)
		rtnl_link_put(link);
	return rc;
}

/* The bridge is known to others by the NIC's hardware address. */
static int dress(const struct work *w)
{
	struct rtnl_link *nic = link_find(w->b, w->s->nic);
	struct rtnl_link *bridge = link_find(w->b, w->s->bridge);
	struct rtnl_link *change = rtnl_link_alloc();
	int rc = -NLE_NODEV;

	if (nic && bridge && change) {
		rtnl_link_set_addr(change, rtnl_link_get_addr(nic));
		rtnl_link_set_mtu(change, rtnl_link_get_mtu(nic));
		rtnl_link_set_flags(change, IFF_UP);
		rc = link_change(w->b, bridge, change);
	}
	if (change)
		rtnl_link_put(change);
	if (bridge)
		rtnl_link_put(bridge);
	if (nic)
		rtnl_link_put(nic);
	return rc;
}

static int move_over(struct work *w)
{
	int rc = dress(w);

	if (!rc)
		rc = set_master(w->b, w->s->nic, w->bridge);
	if (!rc)
		rc = belongings_move(w->b, &w->had, w->bridge);
	return rc ? bridge_fail_nl(w->why, rc, "%s can't be tied to %s",
				   w->s->nic, w->s->bridge) : 0;
}

/* After a failure: as it was. */
static void move_back(struct work *w)
{
	char ignored[BRIDGE_WHY];
	int error = errno;

	set_master(w->b, w->s->nic, 0);
	belongings_restore(w->b, &w->had, w->bridge);
	bridge_delete(w->b, w->s->bridge, ignored);
	errno = error;
}

static int carry_out(struct work *w)
{
	unsigned int seconds = w->s->seconds ? w->s->seconds : SECONDS;
	struct nl_addr *gateway = belongings_gateway(&w->had);
	char text[120];

	/* One that doesn't answer now proves nothing afterwards. */
	if (gateway && !answers(w->b, w->s->nic, w->nic, gateway, 3000))
		gateway = NULL;
	tell(w, gateway ? "the gateway answers; moving" :
	     "no gateway answers; moving, the link is what will be watched");
	if (move_over(w)) {
		move_back(w);
		return -1;
	}
	snprintf(text, sizeof(text), "moved; waiting up to %u s for the network",
		 seconds);
	tell(w, text);
	if (answers(w->b, w->s->nic, w->bridge, gateway, seconds * 1000))
		return 0;
	move_back(w);
	return bridge_fail(w->why, ETIMEDOUT, "%s: the network did not come "
			   "back by %s within %u s; all is as it was",
			   w->s->nic, w->s->bridge, seconds);
}

/* ---- the child ---------------------------------------------------------- */

/* What it leaves for its parent. */
struct result {
	bool done;
	int error;
	char why[BRIDGE_WHY];
};

static void work_in_child(struct work *w, struct result *r)
{
	sigset_t all;

	/* A lost terminal is what this is for. */
	setsid();
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	w->why = r->why;
	/* The parent's socket stays at the message where it is. */
	w->b = bridges_open();
	if (!w->b)
		_exit(1);
	r->error = carry_out(w) ? errno : 0;
	r->done = true;
	_exit(0);
}

static int follow(struct work *w)
{
	struct result *r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t child;
	int rc = 0;

	if (r == MAP_FAILED)
		return bridge_fail(w->why, ENOMEM, "no memory");
	child = fork();
	if (child == 0)
		work_in_child(w, r);
	if (child < 0) {
		rc = bridge_fail(w->why, errno, "no further process");
		goto out_unmap;
	}
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	if (!r->done) {
		move_back(w);
		rc = bridge_fail(w->why, EINTR, "the setup was killed; all is "
				 "as it was");
	} else if (r->error) {
		rc = bridge_fail(w->why, r->error, "%s", r->why);
	}
out_unmap:
	munmap(r, sizeof(*r));
	return rc;
}

/* ---- what may be set up ------------------------------------------------- */

static int check_nic(struct work *w)
{
	struct rtnl_link *link = link_find(w->b, w->s->nic);
	unsigned int flags;
	bool carrier;
	int master;

	if (!link)
		return bridge_fail(w->why, ENODEV, "there is no link %s",
				   w->s->nic);
	flags = rtnl_link_get_flags(link);
	carrier = rtnl_link_get_carrier(link);
	master = rtnl_link_get_master(link);
	w->nic = rtnl_link_get_ifindex(link);
	rtnl_link_put(link);
	if (flags & IFF_LOOPBACK)
		return bridge_fail(w->why, EINVAL, "%s is the loopback link",
				   w->s->nic);
	if (master)
		return bridge_fail(w->why, EBUSY, "%s is already a part of "
				   "another link; hvxl net status shows it",
				   w->s->nic);
	if (!carrier)
		return bridge_fail(w->why, ENOLINK, "%s has no link: is it up, "
				   "and its cable in?", w->s->nic);
	return 0;
}

int netsetup_do(struct bridges *b, const struct netsetup *s,
		void (*say)(void *arg, const char *line), void *arg,
		char *why)
{
	struct work w = { .b = b, .s = s, .say = say, .arg = arg,
			  .why = why };
	char ignored[BRIDGE_WHY];
	int rc;

	if (check_nic(&w) || bridge_make(b, s->bridge, why))
		return -1;
	w.bridge = if_nametoindex(s->bridge);
	rc = s->vlans ? bridge_filter_vlans(b, s->bridge, why) : 0;
	if (rc) {
		bridge_delete(b, s->bridge, ignored);
		return -1;
	}
	rc = belongings_note(b, w.nic, &w.had);
	if (rc) {
		bridge_delete(b, s->bridge, ignored);
		return bridge_fail_nl(why, rc, "addresses can't be listed");
	}
	rc = follow(&w);
	belongings_free(&w.had);
	return rc;
}

/* ---- status and undo ---------------------------------------------------- */

struct ports {
	int master;
	struct netsetup_bridge *one;
	char nic[BRIDGE_NAME];		/* the first */
	unsigned int guests;
};

static void append(char *list, size_t size, const char *name)
{
	size_t used = strlen(list);

	snprintf(list + used, size - used, "%s%s", used ? " " : "", name);
}

static void look_at_port(void *arg, struct rtnl_link *link)
{
	const char *type = rtnl_link_get_type(link);
	const char *name = rtnl_link_get_name(link);
	struct ports *p = arg;

	if (rtnl_link_get_master(link) != p->master)
		return;
	if (type && !strcmp(type, "tun")) {
		p->guests++;
		append(p->one->guests, sizeof(p->one->guests), name);
		return;
	}
	if (!p->nic[0])
		snprintf(p->nic, sizeof(p->nic), "%s", name);
	append(p->one->nics, sizeof(p->one->nics), name);
	if (rtnl_link_get_carrier(link))
		p->one->carrier = true;
}

static int note_ports(struct bridges *b, struct ports *p)
{
	return links_each(b, NULL, look_at_port, p);
}

static int give_back(struct bridges *b, const char *bridge, struct ports *p,
		     char *why)
{
	struct belongings has;
	int rc = belongings_note(b, p->master, &has);

	if (rc)
		return bridge_fail_nl(why, rc, "addresses can't be listed");
	if (p->nic[0]) {
		rc = set_master(b, p->nic, 0);
		if (!rc)
			rc = belongings_move(b, &has, if_nametoindex(p->nic));
	}
	belongings_free(&has);
	if (rc)
		return bridge_fail_nl(why, rc, "%s doesn't get back what %s "
				      "has", p->nic, bridge);
	return bridge_delete(b, bridge, why);
}

int netsetup_undo(struct bridges *b, const char *bridge, char *why)
{
	struct netsetup_bridge one = { .up = false };
	struct ports p = { .one = &one };
	struct rtnl_link *link = link_find(b, bridge);
	const char *type = link ? rtnl_link_get_type(link) : NULL;
	char list[120];
	bool is = type && !strcmp(type, "bridge");

	if (link) {
		p.master = rtnl_link_get_ifindex(link);
		rtnl_link_put(link);
	}
	if (!is) {
		bridge_list(b, list, sizeof(list));
		return bridge_fail(why, ENODEV, "no such bridge %s; there "
				   "are: %s", bridge, list);
	}
	if (note_ports(b, &p))
		return bridge_fail(why, EIO, "links can't be listed");
	if (p.guests)
		return bridge_fail(why, EBUSY, "%s has guests: %s; shut them "
				   "down, or detach their cards first", bridge,
				   one.guests);
	return give_back(b, bridge, &p, why);
}

struct found {
	struct netsetup_bridge list[32];
	int ifindex[32];
	unsigned int count;
};

static void add_bridge(void *arg, struct rtnl_link *link)
{
	struct found *f = arg;
	struct netsetup_bridge *one = &f->list[f->count];

	if (f->count == 32)
		return;
	*one = (struct netsetup_bridge){
		.mtu = rtnl_link_get_mtu(link),
		.up = rtnl_link_get_flags(link) & IFF_UP };
	snprintf(one->name, sizeof(one->name), "%s", rtnl_link_get_name(link));
	f->ifindex[f->count++] = rtnl_link_get_ifindex(link);
}

int netsetup_status(struct bridges *b,
		    void (*fn)(void *arg, const struct netsetup_bridge *one),
		    void *arg, char *why)
{
	struct found f = { .count = 0 };
	struct belongings has;
	unsigned int i;
	int rc = links_each(b, "bridge", add_bridge, &f);

	for (i = 0; !rc && i < f.count; i++) {
		struct ports p = { .one = &f.list[i],
				   .master = f.ifindex[i] };

		rc = note_ports(b, &p);
		if (!rc)
			rc = belongings_note(b, f.ifindex[i], &has);
		if (rc)
			break;
		belongings_list(&has, f.list[i].addresses,
				sizeof(f.list[i].addresses));
		belongings_free(&has);
		f.list[i].vlans = bridge_filters(b, f.ifindex[i]);
		fn(arg, &f.list[i]);
	}
	return rc ? bridge_fail_nl(why, rc, "links can't be listed") : 0;
}

void netsetup_advice(const struct netsetup *s, char *text, size_t size)
{
	snprintf(text, size,
		 "# instead of what is said of %s now:\n"
		 "iface %s inet manual\n"
		 "auto %s\n"
		 "iface %s inet dhcp          # or static, with its address\n"
		 "\tbridge_ports %s\n"
		 "\tbridge_stp off\n"
		 "\tbridge_fd 0\n", s->nic, s->nic, s->bridge, s->bridge,
		 s->nic);
}
