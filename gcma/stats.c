// SPDX-License-Identifier: GPL-2.0
/*
 * Counting: per CPU, without locks. Sums are exact once nobody allocates.
 */
#include <linux/moduleparam.h>
#include <linux/percpu.h>
#include <linux/string.h>

#include "gcma.h"

const char * const gcma_stat_names[GCMA_STATS] = {
	[GCMA_STAT_ALLOCS]		= "allocations",
	[GCMA_STAT_ALLOC_PAGES]		= "allocated_pages",
	[GCMA_STAT_FAILS]		= "failures",
	[GCMA_STAT_STALLS]		= "stalls",
	[GCMA_STAT_RELEASES]		= "releases",
	[GCMA_STAT_RELEASE_PAGES]	= "released_pages",
	[GCMA_STAT_BAD_RELEASES]	= "refused_releases",
	[GCMA_STAT_PREZEROED]		= "prezeroed_pages",
	[GCMA_STAT_ZEROED_NOW]		= "zeroed_on_demand_pages",
	[GCMA_STAT_ZEROED_IDLE]		= "zeroed_in_background_pages",
	[GCMA_STAT_EMPTIED]		= "force_emptied_pages",
};

static unsigned int stall_us = 1000;
module_param(stall_us, uint, 0644);
MODULE_PARM_DESC(stall_us,
		 "an allocation that takes longer counts as a stall, in microseconds (default 1000)");

/**
 * gcma_count_latency - count how long an allocation took
 * @area: area
 * @ns:   nanoseconds
 *
 * Context: any.
 */
void gcma_count_latency(struct gcma_area *area, u64 ns)
{
	/* Classes of 1024 ns times powers of two: no division. */
	unsigned int class = fls64(ns >> 10);

	class = min_t(unsigned int, class, GCMA_LATENCY_CLASSES - 1);
	this_cpu_inc(area->stats->latency[class]);
	this_cpu_add(area->stats->latency_sum_ns, ns);
	if (ns > this_cpu_read(area->stats->latency_max_ns))
		this_cpu_write(area->stats->latency_max_ns, ns);
	if (ns > (u64)stall_us * NSEC_PER_USEC)
		gcma_count(area, STALLS, 1);
}

/**
 * gcma_stats_sum - add up the figures of all CPUs
 * @area: area
 * @sum:  result
 *
 * Context: any.
 */
void gcma_stats_sum(const struct gcma_area *area, struct gcma_stats *sum)
{
	unsigned int i;
	int cpu;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu) {
		const struct gcma_stats *one = per_cpu_ptr(area->stats, cpu);

		for (i = 0; i < GCMA_STATS; i++)
			sum->count[i] += one->count[i];
		for (i = 0; i < GCMA_LATENCY_CLASSES; i++)
			sum->latency[i] += one->latency[i];
		sum->latency_sum_ns += one->latency_sum_ns;
		sum->latency_max_ns = max(sum->latency_max_ns,
					  one->latency_max_ns);
	}
}
