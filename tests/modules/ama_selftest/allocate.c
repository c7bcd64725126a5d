// SPDX-License-Identifier: GPL-2.0
/*
 * Every kind of allocation, while all of this task's allocations are made to
 * fail: in a scope each succeeds, outside of it the same one does not.
 */
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/list_lru.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>

#include "selftest.h"

static struct kmem_cache *cache;
static struct list_lru lru;

static bool pages(gfp_t gfp, unsigned int order)
{
	struct page *page = alloc_pages(gfp, order);

	if (page)
		__free_pages(page, order);
	return page;
}

static bool page(void)
{
	return pages(GFP_KERNEL, 0);
}

static bool atomic_page(void)
{
	return pages(GFP_ATOMIC, 0);
}

static bool zeroed_page(void)
{
	void *memory = (void *)get_zeroed_page(GFP_KERNEL);
	bool good = memory && !memchr_inv(memory, 0, PAGE_SIZE);

	free_page((unsigned long)memory);
	return good;
}

static bool compound_pages(void)
{
	return pages(GFP_KERNEL | __GFP_COMP, 1) && pages(GFP_KERNEL | __GFP_COMP, 3);
}

static bool plain_pages(void)
{
	return pages(GFP_KERNEL, 2);
}

static bool bulk_pages(void)
{
	struct page *array[16] = { };
	unsigned int i, before, got = 0;

	/* As its callers do: one call may give less than all. */
	do {
		before = got;
		got = alloc_pages_bulk_array(GFP_KERNEL, ARRAY_SIZE(array), array);
	} while (got > before && got < ARRAY_SIZE(array));
	for (i = 0; i < got; i++)
		__free_page(array[i]);
	return got == ARRAY_SIZE(array);
}

static bool folio_of_4(void)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 2);
	bool good = folio && folio_nr_pages(folio) == 4;

	if (folio)
		folio_put(folio);
	return good;
}

static bool kmalloc_small(void)
{
	void *object = kmalloc(100, GFP_KERNEL);

	kfree(object);
	return object;
}

static bool kmalloc_pages(void)
{
	void *object = kmalloc(2 * PAGE_SIZE + 1, GFP_KERNEL);

	kfree(object);
	return object;
}

static bool kmalloc_atomic(void)
{
	static DEFINE_SPINLOCK(lock);
	void *object;

	spin_lock(&lock);
	object = kmalloc(200, GFP_ATOMIC);
	spin_unlock(&lock);
	kfree(object);
	return object;
}

static bool kzalloc_on_node(void)
{
	char *object = kzalloc_node(300, GFP_KERNEL, numa_node_id());
	bool good = object && !memchr_inv(object, 0, 300);

	kfree(object);
	return good;
}

static bool duplicated_string(void)
{
	char *text = kstrdup("anticipated", GFP_KERNEL);

	kfree(text);
	return text;
}

static bool cache_object(void)
{
	void *object = kmem_cache_alloc(cache, GFP_KERNEL);

	if (object)
		kmem_cache_free(cache, object);
	return object;
}

static bool cache_object_on_node(void)
{
	void *object = kmem_cache_alloc_node(cache, GFP_KERNEL, numa_node_id());

	if (object)
		kmem_cache_free(cache, object);
	return object;
}

static bool cache_object_lru(void)
{
	void *object = kmem_cache_alloc_lru(cache, &lru, GFP_KERNEL);

	if (object)
		kmem_cache_free(cache, object);
	return object;
}

static bool accounted(void)
{
	void *object = kmalloc(100, GFP_KERNEL_ACCOUNT);

	kfree(object);
	return object;
}

static bool cache_bulk(void)
{
	void *objects[8];
	int got = kmem_cache_alloc_bulk(cache, GFP_KERNEL, ARRAY_SIZE(objects), objects);

	if (got)
		kmem_cache_free_bulk(cache, got, objects);
	return got == ARRAY_SIZE(objects);
}

static bool kvmalloc_big(void)
{
	void *memory = kvmalloc(5 * PAGE_SIZE, GFP_KERNEL);

	kvfree(memory);
	return memory;
}

static bool vmalloc_area(void)
{
	void *memory = vmalloc(5 * PAGE_SIZE);

	vfree(memory);
	return memory;
}

static const struct {
	const char *inside;
	const char *outside;
	bool (*allocate)(void);
} kinds[] = {
	{ "a page", "a page, outside: fails", page },
	{ "a page in atomic context", "a page in atomic context, outside: fails", atomic_page },
	{ "a zeroed page is zero", "a zeroed page, outside: fails", zeroed_page },
	{ "compound pages of order 1 and 3", "compound pages, outside: fail", compound_pages },
	{ "plain pages of order 2", "plain pages, outside: fail", plain_pages },
	{ "pages in bulk", NULL, bulk_pages },
	{ "kmalloc", "kmalloc, outside: fails", kmalloc_small },
	{ "kmalloc of several pages", "kmalloc of several pages, outside: fails", kmalloc_pages },
	{ "kmalloc under a spinlock", "kmalloc under a spinlock, outside: fails", kmalloc_atomic },
	{ "kzalloc on a node", "kzalloc on a node, outside: fails", kzalloc_on_node },
	{ "kstrdup", "kstrdup, outside: fails", duplicated_string },
	{ "an object of a cache", "an object of a cache, outside: fails", cache_object },
	{ "objects of a cache in bulk", "objects in bulk, outside: fail", cache_bulk },
	{ "an object of a cache on a node", "an object on a node, outside: fails", cache_object_on_node },
	{ "an object of a cache for a list", "an object for a list, outside: fails", cache_object_lru },
	{ "an object charged to a group", "an object charged to a group, outside: fails", accounted },
	{ "a folio of order 2", "a folio, outside: fails", folio_of_4 },
	{ "kvmalloc", "kvmalloc, outside: fails", kvmalloc_big },
	{ "vmalloc", "vmalloc, outside: fails", vmalloc_area },
};

static void in_scope(unsigned int kind)
{
	const struct ama_call call = { };
	struct ama_scope scope;
	bool good;

	if (ama_scope_open(&scope, &selftest_client, OP_SMALL, &call, NULL)) {
		selftest_report(false, "a scope opens");
		return;
	}
	good = kinds[kind].allocate();
	ama_scope_close(&scope);
	selftest_report(good, kinds[kind].inside);
}

static void substitution_draws_on_the_grant(void)
{
	const struct ama_call call = { };
	struct ama_scope scope;
	unsigned int before, after;

	if (ama_scope_open(&scope, &selftest_client, OP_SMALL, &call, NULL))
		return;
	before = ama_scope_left();
	page();
	after = ama_scope_left();
	ama_scope_close(&scope);
	selftest_report(before == after + 1, "a substituted page is taken off the grant");
}

/* --- per-CPU memory --- */

/*
 * The largest that there are, more of them than a chunk holds: at least one
 * needs a new chunk, with all its maps. Freed by percpu_free().
 */
#define NR_PERCPU	64
#define PERCPU_SIZE	(32 * 1024)

static void __percpu *percpu[NR_PERCPU];

static bool percpu_one(void __percpu **memory)
{
	*memory = __alloc_percpu(PERCPU_SIZE, sizeof(long));
	return *memory;
}

static void percpu_free(void)
{
	unsigned int i;

	for (i = 0; i < NR_PERCPU; i++) {
		free_percpu(percpu[i]);
		percpu[i] = NULL;
	}
}

static bool percpu_outside(void)
{
	unsigned int i = 0;

	while (i < NR_PERCPU && percpu_one(&percpu[i]))
		i++;
	percpu_free();
	return i == NR_PERCPU;
}

static bool percpu_inside(void)
{
	const struct ama_call call = { .arg = &call };
	struct ama_scope scope;
	unsigned int i;
	bool good = true;

	for (i = 0; good && i < NR_PERCPU; i++) {
		good = !ama_scope_open(&scope, &selftest_client, OP_PERCPU, &call, NULL);
		if (!good)
			break;
		good = percpu_one(&percpu[i]);
		ama_scope_close(&scope);
	}
	percpu_free();
	return good;
}

/**
 * selftest_percpu - a chunk of per-CPU memory
 *
 * Context: all allocations of this task fail. The reserve holds OP_PERCPU's
 * demand, which it does not on its own account.
 */
void selftest_percpu(void)
{
	selftest_report(!percpu_outside(), "per-CPU memory, outside: fails");
	selftest_report(percpu_inside(), "per-CPU memory, with a new chunk");
}

/* --- what the reserve is not for --- */

static void not_served(gfp_t gfp, const char *what)
{
	const struct ama_call call = { };
	struct ama_scope scope;
	unsigned int before;
	bool got;

	if (ama_scope_open(&scope, &selftest_client, OP_SMALL, &call, NULL)) {
		selftest_report(false, "a scope opens");
		return;
	}
	before = ama_scope_left();
	got = pages(gfp, 0);
	selftest_report(!got && ama_scope_left() == before, what);
	ama_scope_close(&scope);
}

static void contexts(void)
{
	unsigned int flags;

	not_served(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN,
		   "a page that its caller can do without may fail, and takes nothing");
	not_served(GFP_KERNEL | GFP_DMA, "so may a page for DMA");
	flags = memalloc_noreclaim_save();
	not_served(GFP_KERNEL, "so may one in reclaim that the task was sent into");
	memalloc_noreclaim_restore(flags);
}

int selftest_allocations_init(void)
{
	int err = list_lru_init(&lru);

	if (err)
		return err;
	cache = kmem_cache_create("ama_selftest", 176, 0, 0, NULL);
	if (cache)
		return 0;
	list_lru_destroy(&lru);
	return -ENOMEM;
}

void selftest_allocations_exit(void)
{
	list_lru_destroy(&lru);
	kmem_cache_destroy(cache);
}

void selftest_allocations(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (kinds[i].outside)
			selftest_report(!kinds[i].allocate(), kinds[i].outside);
		in_scope(i);
	}
	substitution_draws_on_the_grant();
	contexts();
}
