// SPDX-License-Identifier: GPL-2.0
/*
 * Statistics: counted for each CPU, summed up when someone reads them. Sums may
 * be off by what happens meanwhile.
 */
#include <linux/cpumask.h>
#include <linux/export.h>
#include <linux/percpu.h>
#include <linux/time64.h>

#include "dmem.h"

struct latencies {
	u64 count[DMEM_WORKS][DMEM_LATENCIES];
};

static DEFINE_PER_CPU(struct latencies, latencies);

/* Sort one piece of work by the time it took, in nanoseconds. */
void dmem_latency_add(enum dmem_work work, u64 ns)
{
	unsigned int class;

	if (ns < 1 * NSEC_PER_USEC)
		class = 0;
	else if (ns < 2 * NSEC_PER_USEC)
		class = 1;
	else if (ns < 4 * NSEC_PER_USEC)
		class = 2;
	else
		class = 3;
	this_cpu_inc(latencies.count[work][class]);
}

u64 dmem_latency_sum(enum dmem_work work, unsigned int class)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(latencies, cpu).count[work][class]);
	return sum;
}

u64 dmem_store_event(const struct dmem_store *store, enum dmem_event event)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(store->cpu, cpu)->events[event]);
	return sum;
}

/* A difference of sums that were not read at the same moment. */
static u64 not_negative(s64 value)
{
	return max_t(s64, value, 0);
}

void dmem_store_stats(struct dmem_store *store, struct dmem_store_stats *stats)
{
	stats->pages = store->nr_pages;
	stats->lent = not_negative(dmem_store_event(store, DMEM_LENT));
	stats->stored = dmem_store_event(store, DMEM_STORED);
	stats->loaded = dmem_store_event(store, DMEM_LOADED);
	stats->evicted = dmem_store_event(store, DMEM_EVICTED);
	stats->discarded = dmem_store_event(store, DMEM_DISCARDED);
	stats->dropped = dmem_store_event(store, DMEM_DROPPED);
	stats->refused = dmem_store_event(store, DMEM_REFUSED);
	stats->revokes = dmem_store_event(store, DMEM_REVOKES);
	stats->waited = dmem_store_event(store, DMEM_WAITED);
	stats->cached = not_negative(stats->stored - stats->evicted -
				     stats->discarded - stats->dropped);
}
EXPORT_SYMBOL_GPL(dmem_store_stats);
