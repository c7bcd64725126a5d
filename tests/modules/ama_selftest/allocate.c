// SPDX-License-Identifier: GPL-2.0
/*
 * Every kind of allocation, while all of this task's allocations are made to
 * fail: in a scope each succeeds, outside of it the same one does not.
 */
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>

#include "selftest.h"

static struct kmem_cache *cache;

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
	struct page *array[4] = { };
	unsigned int i, got;

	got = alloc_pages_bulk_array(GFP_KERNEL, ARRAY_SIZE(array), array);
	for (i = 0; i < got; i++)
		__free_page(array[i]);
	return got;
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

int selftest_allocations_init(void)
{
	cache = kmem_cache_create("ama_selftest", 176, 0, 0, NULL);
	return cache ? 0 : -ENOMEM;
}

void selftest_allocations_exit(void)
{
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
}
