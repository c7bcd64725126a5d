// SPDX-License-Identifier: GPL-2.0
/*
 * Where injected failures fell: a count for each caller outside mm/.
 *
 * The kernel links its directories one after the other, so that mm/ is what
 * lies between the first functions of mm/filemap.c and those of fs/open.c, of
 * which one each is exported.  Callers in mm/ say little (alloc_pages() calls
 * __alloc_pages()); the first ones outside are what a reader wants to know.
 *
 * Probes enter a site by its callers' addresses, in a hash table that only
 * grows; a reader turns addresses into names and adds up by function.
 */
#include <linux/fs.h>
#include <linux/jhash.h>
#include <linux/kernel.h>
#include <linux/pagemap.h>
#include <linux/sort.h>
#include <linux/stacktrace.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "fault.h"

#define STACK_DEPTH	40
#define NAME_SIZE	64

/* A function that a reader of the table is shown. */
struct site_line {
	char name[NAME_SIZE];
	u64 count;
};

static bool in_mm(unsigned long address)
{
	return address >= (unsigned long)filemap_check_errors &&
	       address < (unsigned long)finish_no_open;
}

/* The callers of the probed function, without those in mm/. */
static void find_callers(struct pt_regs *regs, unsigned long *caller)
{
	unsigned long direct = *(unsigned long *)regs->sp;
	unsigned long stack[STACK_DEPTH];
	unsigned int depth, i, found = 0;

	/* The stack begins with this module and the trap. */
	depth = stack_trace_save(stack, STACK_DEPTH, 0);
	for (i = 0; i < depth && stack[i] != direct; i++)
		;
	if (!in_mm(direct) || i == depth)
		caller[found++] = direct;
	for (i++; i < depth && found < FAULT_SITE_DEPTH; i++)
		if (!in_mm(stack[i]))
			caller[found++] = stack[i];
}

static bool is_ready(const struct fault_site *site)
{
	/* Pairs with the release in fault_site_record(): then look at the callers. */
	return smp_load_acquire(&site->ready);
}

/**
 * fault_site_record() - count a failure for its callers
 * @level: page or slab
 * @regs:  registers at the entry of the function that fails
 *
 * Context: in a probe. A site's callers are written once by whoever claims the
 * place, before @ready is set. A probe that meets a place just being filled looks
 * further; the same callers may then have two places, which add up when read.
 */
void fault_site_record(struct fault_level *level, struct pt_regs *regs)
{
	unsigned long caller[FAULT_SITE_DEPTH] = {};
	u32 hash, i;

	find_callers(regs, caller);
	hash = jhash(caller, sizeof(caller), 0);
	for (i = 0; i < FAULT_SITES; i++) {
		struct fault_site *site = &level->sites[(hash + i) %
							FAULT_SITES];

		if (!atomic_cmpxchg(&site->owned, 0, 1)) {
			memcpy(site->caller, caller, sizeof(caller));
			/* Pairs with the acquire in is_ready(). */
			smp_store_release(&site->ready, true);
		} else if (!is_ready(site) ||
			   memcmp(site->caller, caller, sizeof(caller))) {
			continue;
		}
		atomic64_inc(&site->count);
		return;
	}
	atomic64_inc(&level->lost_sites);
}

/**
 * fault_site_reset() - forget all sites
 * @level: page or slab; nothing may be injected meanwhile
 */
void fault_site_reset(struct fault_level *level)
{
	memset(level->sites, 0, FAULT_SITES * sizeof(*level->sites));
	atomic64_set(&level->lost_sites, 0);
}

/* The innermost caller that is not the guard, which stands in between. */
static void site_name(const struct fault_site *site, char *name)
{
	unsigned int i;

	for (i = 0; i < FAULT_SITE_DEPTH && site->caller[i]; i++) {
		snprintf(name, NAME_SIZE, "%ps", (void *)site->caller[i]);
		if (!strstr(name, "[ama_core]"))
			return;
	}
	strscpy(name, "?", NAME_SIZE);
}

static unsigned int add_up(const struct fault_level *level,
			   struct site_line *lines)
{
	unsigned int i, j, nr = 0;
	char name[NAME_SIZE];

	for (i = 0; i < FAULT_SITES; i++) {
		const struct fault_site *site = &level->sites[i];

		if (!is_ready(site))
			continue;
		site_name(site, name);
		for (j = 0; j < nr && strcmp(lines[j].name, name); j++)
			;
		if (j == nr)
			strscpy(lines[nr++].name, name, NAME_SIZE);
		lines[j].count += atomic64_read(&site->count);
	}
	return nr;
}

static int more_first(const void *a, const void *b)
{
	const struct site_line *x = a, *y = b;

	return x->count < y->count ? 1 : x->count > y->count ? -1 : 0;
}

/**
 * fault_site_show() - one line a function: failures, name; most first
 * @m:     where to
 * @level: page or slab
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int fault_site_show(struct seq_file *m, struct fault_level *level)
{
	struct site_line *lines = vcalloc(FAULT_SITES, sizeof(*lines));
	unsigned int i, nr;

	if (!lines)
		return -ENOMEM;
	nr = add_up(level, lines);
	sort(lines, nr, sizeof(*lines), more_first, NULL);
	for (i = 0; i < nr; i++)
		seq_printf(m, "%llu %s\n", lines[i].count, lines[i].name);
	if (atomic64_read(&level->lost_sites))
		seq_printf(m, "%lld (table full)\n",
			   atomic64_read(&level->lost_sites));
	vfree(lines);
	return 0;
}
