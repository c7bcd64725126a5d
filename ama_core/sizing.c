// SPDX-License-Identifier: GPL-2.0
/*
 * How large the reserve has to be.
 *
 * By default it holds the largest demand of any client's operation once for
 * each request that can be under way at the same time without waiting: a few
 * for each CPU. Requests beyond that wait their turn, so a small reserve costs
 * time when memory is exhausted, never correctness.
 */
#include <linux/cpumask.h>
#include <linux/minmax.h>
#include <linux/module.h>

#include "ama_core.h"

/* A path of this many unresolved components is sized for. */
#define TYPICAL_NAMES	8

/* Requests that the ordinary reserve holds at once. */
static unsigned int requests_at_once(void)
{
	return 2 + 2 * num_online_cpus();
}

/* Writeback of one device and eviction on each CPU. */
static unsigned int progress_at_once(void)
{
	return 1 + num_online_cpus();
}

static unsigned int reserve_pages;
module_param(reserve_pages, uint, 0444);
MODULE_PARM_DESC(reserve_pages,
		 "order-0 pages that the reserve for ordinary requests holds (0: work it out from the demands and the CPUs)");

static unsigned int progress_pages;
module_param(progress_pages, uint, 0444);
MODULE_PARM_DESC(progress_pages,
		 "order-0 pages that the reserve for writeback and eviction holds (0: work it out)");

/*
 * A file system's entry that was not seen by the gate, with locks held: one, and
 * as much again for what is granted page by page.
 */
#define FALLBACK_AT_ONCE	2

static unsigned int fallback_pages;
module_param(fallback_pages, uint, 0444);
MODULE_PARM_DESC(fallback_pages,
		 "order-0 pages that the reserve for requests that may hold locks holds (0: work it out)");

/* Largest demands of the clients so far, for each order. */
static struct ama_demand largest_ordinary, largest_progress;

static void take_largest(struct ama_demand *largest, const struct ama_demand *demand)
{
	unsigned int order;

	for (order = 0; order < AMA_ORDERS; order++)
		largest->pages[order] = max(largest->pages[order],
					    demand->pages[order]);
}

/**
 * ama_sizing_add - have the reserve hold a client's demands as well
 * @client: whose operations are looked at
 */
void ama_sizing_add(const struct ama_client *client)
{
	const struct ama_call call = { .bytes = AMA_PIECE, .names = TYPICAL_NAMES };
	unsigned int op;

	for (op = 0; op < client->nr_ops; op++) {
		struct ama_demand demand = client->ops[op].bound(&call);

		take_largest(client->ops[op].flags & AMA_OP_PROGRESS ?
			     &largest_progress : &largest_ordinary, &demand);
	}
}

/**
 * ama_sizing_reset - forget all clients' demands
 */
void ama_sizing_reset(void)
{
	largest_ordinary = (struct ama_demand){ };
	largest_progress = (struct ama_demand){ };
}

static void apply(struct ama_pool *pool, const struct ama_demand *largest,
		  unsigned int at_once, unsigned int fixed)
{
	unsigned long want[AMA_ORDERS];
	unsigned int order;

	for (order = 0; order < AMA_ORDERS; order++)
		want[order] = (unsigned long)largest->pages[order] * at_once;
	if (fixed && want[0])
		want[0] = fixed;
	ama_pool_want(pool, want);
}

/**
 * ama_sizing_apply - tell the reserves how much to hold
 */
void ama_sizing_apply(void)
{
	apply(&ama_ordinary_pool, &largest_ordinary, requests_at_once(),
	      reserve_pages);
	apply(&ama_fallback_pool, &largest_ordinary, FALLBACK_AT_ONCE,
	      fallback_pages);
	apply(&ama_progress_pool, &largest_progress, progress_at_once(),
	      progress_pages);
}
