// SPDX-License-Identifier: GPL-2.0
/*
 * What an allocation goes through while its task is in a scope.
 *
 * Nearly all memory comes through one function of the page allocator; the slab
 * layer, vmalloc and the page cache get theirs there. A task in a scope is sent
 * through here instead. The ordinary allocator is asked first, but must not
 * have anybody killed; when it has nothing the reserve gives. Likewise a charge
 * that a memory control group's limit refuses is made all the same.
 *
 * On a real machine that is all. Failures that are injected into the slab layer
 * itself never get as far as the page allocator, so there is a third set of
 * hooks for the entries of the slab layer: when one returns nothing it is called
 * again as a request that must not fail, over the guarded page allocator.
 *
 * Not served, because their callers do without: speculative attempts, orders
 * beyond what demands can name, and pages from a certain zone.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/seq_file.h>

#include "ama_core.h"
#include "compat_ama.h"

#define DEFAULT_SETS	(AMA_GUARD_PAGE | AMA_GUARD_MEMCG)

unsigned int ama_guard_sets = DEFAULT_SETS;

static const struct {
	const char *name;
	unsigned int set;
} set_names[] = {
	{ "page", AMA_GUARD_PAGE },
	{ "memcg", AMA_GUARD_MEMCG },
	{ "slab", AMA_GUARD_SLAB },
};

static int parse_sets(const char *text, unsigned int *sets)
{
	unsigned int i, found = 0;

	if (sysfs_streq(text, "off")) {
		*sets = 0;
		return 0;
	}
	while (*text) {
		size_t length = strcspn(text, ",\n");

		for (i = 0; i < ARRAY_SIZE(set_names); i++)
			if (strlen(set_names[i].name) == length &&
			    !strncmp(text, set_names[i].name, length))
				break;
		if (i == ARRAY_SIZE(set_names)) {
			pr_err(AMA_LOG "guard: unknown set \"%.*s\"; known are page, memcg, slab and off\n",
			       (int)length, text);
			return -EINVAL;
		}
		found |= set_names[i].set;
		text += length;
		text += *text ? 1 : 0;
	}
	*sets = found;
	return 0;
}

static int set_guard(const char *text, const struct kernel_param *param)
{
	return parse_sets(text, &ama_guard_sets);
}

static int show_guard(char *buffer, const struct kernel_param *param)
{
	unsigned int i;
	int length = 0;

	if (!ama_guard_sets)
		return sysfs_emit(buffer, "off\n");
	for (i = 0; i < ARRAY_SIZE(set_names); i++)
		if (ama_guard_sets & set_names[i].set)
			length += sysfs_emit_at(buffer, length, "%s%s",
						length ? "," : "",
						set_names[i].name);
	return length + sysfs_emit_at(buffer, length, "\n");
}

static const struct kernel_param_ops guard_param = {
	.set = set_guard,
	.get = show_guard,
};

module_param_cb(guard, &guard_param, NULL, 0444);
MODULE_PARM_DESC(guard,
		 "what is guarded while a client is active: page,memcg[,slab] or off (default page,memcg)");

/* --- what happened, counted per CPU --- */

const char * const ama_guard_event_names[AMA_GUARD_EVENTS] = {
	[AMA_SUBSTITUTED] = "substituted",
	[AMA_FORCED_CHARGES] = "forced_charges",
	[AMA_RETRIED_OBJECTS] = "retried_objects",
	[AMA_SPECULATION_FAILED] = "speculation_failed",
	[AMA_PEEKED] = "peeked",
	[AMA_PEEKED_AGAIN] = "peeked_again",
	[AMA_STRAYS] = "strays",
};

static DEFINE_PER_CPU(unsigned long [AMA_GUARD_EVENTS], events);

void ama_guard_count(enum ama_guard_event event)
{
	this_cpu_inc(events[event]);
}

unsigned long ama_guard_events(enum ama_guard_event event)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu(events, cpu)[event];
	return sum;
}

/* --- allocations of a task in a scope --- */

/*
 * The scope that an allocation belongs to. Interrupts are no part of the task's
 * request. Reclaim that the task was sent into is not either, unless reclaim is
 * what the scope was opened for.
 */
static struct ama_scope *guarded_scope(void)
{
	struct ama_scope *scope;

	if (!in_task())
		return NULL;
	scope = ama_current_scope();
	if (!scope)
		return NULL;
	if ((current->flags & PF_MEMALLOC) &&
	    !(scope->client->ops[scope->op].flags & AMA_OP_PROGRESS))
		return NULL;
	return scope;
}

/* The caller has a way to go on without: do not spend the reserve on it. */
static bool speculative(gfp_t gfp, unsigned int order)
{
	if (gfp & __GFP_NOFAIL)
		return false;
	if (order)
		return gfp & (__GFP_NORETRY | __GFP_NOWARN);
	return (gfp & (__GFP_NORETRY | __GFP_NOWARN)) ==
	       (__GFP_NORETRY | __GFP_NOWARN);
}

static bool servable(gfp_t gfp, unsigned int order)
{
	return order < AMA_ORDERS && !(gfp & (__GFP_DMA | __GFP_DMA32));
}

static gfp_t polite(gfp_t gfp)
{
	return (gfp & ~(__GFP_NOFAIL | __GFP_RETRY_MAYFAIL)) |
	       __GFP_NORETRY | __GFP_NOWARN;
}

static struct page *alloc_pages_body(gfp_t gfp, unsigned int order, int nid,
				     nodemask_t *nodemask, unsigned long body)
{
	return (struct page *)ama_hook_call((__force unsigned long)gfp, order,
					    nid, (unsigned long)nodemask, 0, body);
}

/* The reserve has nothing either: one last way, for those that can wait. */
static struct page *last_resort(gfp_t gfp, unsigned int order, int nid,
				nodemask_t *nodemask, unsigned long body)
{
	if (order <= 1 && gfpflags_allow_blocking(gfp))
		gfp = (gfp & ~__GFP_NORETRY) | __GFP_NOFAIL;
	return alloc_pages_body(gfp, order, nid, nodemask, body);
}

/**
 * ama_guard_alloc_pages - stands in the place of the page allocator's entry
 * @gfp:      as there
 * @order:    as there
 * @nid:      as there
 * @nodemask: as there
 * @body:     where the function goes on
 *
 * Return: the pages; NULL only where the caller has a fall-back, the scope's
 * demand was too small and the reserve is empty, or a scope on demand was not
 * admitted.
 */
struct page *ama_guard_alloc_pages(gfp_t gfp, unsigned int order, int nid,
				   nodemask_t *nodemask, unsigned long body)
{
	struct ama_scope *scope = guarded_scope();
	struct page *page;

	if (!scope || !servable(gfp, order))
		return alloc_pages_body(gfp, order, nid, nodemask, body);
	if (speculative(gfp, order)) {
		page = alloc_pages_body(gfp, order, nid, nodemask, body);
		if (!page)
			ama_guard_count(AMA_SPECULATION_FAILED);
		return page;
	}
	scope->asking = true;
	page = alloc_pages_body(polite(gfp), order, nid, nodemask, body);
	scope->asking = false;
	if (likely(page)) {
		scope->allocated += 1U << order;
		return page;
	}
	page = ama_scope_substitute(scope, gfp, order);
	if (!page) {
		/* The task is being killed, its time is up, or it does not wait. */
		if (scope->root->on_demand && !order && !(gfp & __GFP_NOFAIL))
			return NULL;
		return last_resort(gfp, order, nid, nodemask, body);
	}
	ama_guard_count(AMA_SUBSTITUTED);
	return page;
}

static int charge_body(struct mem_cgroup *memcg, gfp_t gfp,
		       unsigned int nr_pages, unsigned long body)
{
	return ama_hook_call((unsigned long)memcg, (__force unsigned long)gfp,
			     nr_pages, 0, 0, body);
}

/**
 * ama_guard_charge - stands in the place of charging a memory control group
 * @memcg:    as there
 * @gfp:      as there
 * @nr_pages: as there
 * @body:     where the function goes on
 *
 * Return: 0; -ENOMEM only where the caller has a fall-back.
 */
int ama_guard_charge(struct mem_cgroup *memcg, gfp_t gfp,
		     unsigned int nr_pages, unsigned long body)
{
	struct ama_scope *scope = guarded_scope();
	int err;

	if (!scope || scope->lenient)
		return charge_body(memcg, gfp, nr_pages, body);
	/* A page that is asked for politely is charged for with the same flags. */
	if (!scope->asking && speculative(gfp, 0))
		return charge_body(memcg, gfp, nr_pages, body);
	err = charge_body(memcg, polite(gfp), nr_pages, body);
	if (likely(!err))
		return 0;
	ama_guard_count(AMA_FORCED_CHARGES);
	/* One that may block would go by way of the group's OOM killer. */
	gfp = (gfp & ~__GFP_DIRECT_RECLAIM) | __GFP_NOFAIL;
	return charge_body(memcg, gfp, nr_pages, body);
}

/* --- the slab layer's entries --- */

#define SLAB_HOOK(name, place) { .symbol = name, .optional = true },
static struct ama_hook slab_hooks[] = { COMPAT_SLAB_ENTRIES(SLAB_HOOK) };

/* Which argument of each has the flags. */
#define SLAB_GFP(name, place) place,
static const u8 slab_gfp_place[] = { COMPAT_SLAB_ENTRIES(SLAB_GFP) };

static_assert(ARRAY_SIZE(slab_hooks) <= AMA_SLAB_HOOKS);

/**
 * ama_guard_slab - stands in the place of an entry of the slab layer
 * @a:    arguments as there
 * @b:    likewise
 * @c:    likewise
 * @d:    likewise
 * @e:    likewise
 * @hook: index of the function
 *
 * Return: as the function: an object, or a number of objects.
 */
unsigned long ama_guard_slab(unsigned long a, unsigned long b, unsigned long c,
			     unsigned long d, unsigned long e, unsigned int hook)
{
	bool flags_second = slab_gfp_place[hook] == 1;
	unsigned long body = slab_hooks[hook].body;
	gfp_t gfp = (__force gfp_t)(flags_second ? b : c);
	unsigned long object;

	object = ama_hook_call(a, b, c, d, e, body);
	if (likely(object) || !guarded_scope() || speculative(gfp, 0))
		return object;
	ama_guard_count(AMA_RETRIED_OBJECTS);
	gfp |= __GFP_NOFAIL;
	if (flags_second)
		b = (__force unsigned long)gfp;
	else
		c = (__force unsigned long)gfp;
	return ama_hook_call(a, b, c, d, e, body);
}

/* --- arming --- */

static struct ama_hook page_hook = { .symbol = COMPAT_ALLOC_PAGES };
static struct ama_hook charge_hook = { .symbol = "try_charge_memcg" };

static struct ama_hook_group page_group = {
	.hooks = &page_hook,
	.nr = 1,
	.trampoline = ama_trampoline_alloc_pages,
};

static struct ama_hook_group charge_group = {
	.hooks = &charge_hook,
	.nr = 1,
	.trampoline = ama_trampoline_charge,
};

static struct ama_hook_group slab_groups[ARRAY_SIZE(slab_hooks)];

static bool armed;

static int resolve_slab_hooks(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(slab_hooks); i++) {
		ama_hook_resolve(&slab_hooks[i]);
		slab_groups[i].hooks = &slab_hooks[i];
		slab_groups[i].nr = 1;
		slab_groups[i].trampoline = ama_slab_trampolines[i];
	}
	return 0;
}

/**
 * ama_guard_resolve - find the functions that the chosen sets need
 *
 * Return: 0, or -ENOENT, which was logged.
 */
int ama_guard_resolve(void)
{
	int err = 0;

	/* A kernel without memory control groups charges nobody. */
	charge_hook.optional = !IS_ENABLED(CONFIG_MEMCG);
	if (ama_guard_sets & AMA_GUARD_PAGE)
		err = ama_hook_resolve(&page_hook);
	if (!err && (ama_guard_sets & AMA_GUARD_MEMCG))
		err = ama_hook_resolve(&charge_hook);
	if (!err && (ama_guard_sets & AMA_GUARD_SLAB))
		err = resolve_slab_hooks();
	return err;
}

static int arm_slab(void)
{
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < ARRAY_SIZE(slab_groups); i++)
		err = ama_hook_group_arm(&slab_groups[i]);
	return err;
}

/**
 * ama_guard_arm - put the hooks in
 *
 * Context: may sleep.
 * Return: 0, or a negative error, which was logged; then no hook is in.
 */
int ama_guard_arm(void)
{
	int err = 0;

	if (ama_guard_sets & AMA_GUARD_PAGE)
		err = ama_hook_group_arm(&page_group);
	if (!err && (ama_guard_sets & AMA_GUARD_MEMCG))
		err = ama_hook_group_arm(&charge_group);
	if (!err && (ama_guard_sets & AMA_GUARD_SLAB))
		err = arm_slab();
	armed = true;
	if (err)
		ama_guard_disarm();
	return err;
}

/**
 * ama_guard_disarm - take the hooks out
 *
 * Tasks may still be in a trampoline on return. A scope that is open from now on
 * is not guarded: its client has no more need of it.
 */
void ama_guard_disarm(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(slab_groups); i++)
		ama_hook_group_disarm(&slab_groups[i]);
	ama_hook_group_disarm(&charge_group);
	ama_hook_group_disarm(&page_group);
	armed = false;
}

bool ama_guard_armed(void)
{
	return READ_ONCE(armed);
}

static void show_hook(struct seq_file *seq, const struct ama_hook_group *group)
{
	seq_printf(seq, "%-36s %s\n", group->hooks->symbol,
		   group->armed ? "armed" : "out");
}

/**
 * ama_guard_show - table of the hooks and counts of what they did
 * @seq: where to
 */
void ama_guard_show(struct seq_file *seq)
{
	unsigned int i;

	if (ama_guard_sets & AMA_GUARD_PAGE)
		show_hook(seq, &page_group);
	if (ama_guard_sets & AMA_GUARD_MEMCG)
		show_hook(seq, &charge_group);
	if (ama_guard_sets & AMA_GUARD_SLAB)
		for (i = 0; i < ARRAY_SIZE(slab_groups); i++)
			if (slab_hooks[i].address)
				show_hook(seq, &slab_groups[i]);
}
