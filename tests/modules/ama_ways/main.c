// SPDX-License-Identifier: GPL-2.0
/*
 * One request, and the ways in which a driver can get its memory: each with
 * what it costs while memory is plenty, what it does when there is none, and what it
 * keeps for itself meanwhile.
 *
 * The request is a transaction as file systems and drivers have them: 16 objects of
 * 256 bytes and 4 pages, all of which it needs at once, and gives back at its end.
 *
 * Meant for a guest that counts instructions: there a nanosecond is one. Writes
 * lines "ama_ways: STATE WAY FIGURE" to the kernel's log when loaded; FIGURE is
 * a number of nanoseconds, the least of several rounds, or of bytes (STATE "held"), or
 * "fails" if a round did. What the scope's way holds is in ama/memory_kib as long as
 * the module is loaded.
 */
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <surety/ama.h>

#define OBJECTS		16
#define OBJECT_SIZE	256
#define PAGES		4
#define ROUNDS		9

/* Where there is no memory nobody shall wait for it: not here. (__GFP_NOFAIL has to.) */
#define FLAGS (GFP_NOWAIT | __GFP_NOWARN)

struct request {
	void *objects[OBJECTS];
	struct page *pages[PAGES];
};

static struct kmem_cache *cache;
static mempool_t *object_pool, *page_pool;

/* Each object may need a page of its own for its slab. */
static struct ama_demand demand(const struct ama_call *call)
{
	return (struct ama_demand){ .pages = { OBJECTS + PAGES } };
}

static const struct ama_op ops[] = {
	{ "request", 0, demand, "16 objects that may lie in a slab each, 4 pages" },
};

static struct ama_client client = {
	.name = "ways",
	.owner = THIS_MODULE,
	.ops = ops,
	.nr_ops = ARRAY_SIZE(ops),
};

static void release(struct request *request)
{
	unsigned int i;

	for (i = 0; i < OBJECTS; i++)
		if (request->objects[i])
			kmem_cache_free(cache, request->objects[i]);
	for (i = 0; i < PAGES; i++)
		if (request->pages[i])
			__free_page(request->pages[i]);
}

static int allocate(struct request *request, gfp_t flags)
{
	unsigned int i;

	*request = (struct request){ };
	for (i = 0; i < OBJECTS; i++) {
		request->objects[i] = kmem_cache_alloc(cache, flags);
		if (!request->objects[i])
			goto undo;
	}
	for (i = 0; i < PAGES; i++) {
		request->pages[i] = alloc_page(flags);
		if (!request->pages[i])
			goto undo;
	}
	return 0;
undo:
	release(request);
	return -ENOMEM;
}

static int by_error_paths(void)
{
	struct request request;
	int err = allocate(&request, FLAGS);

	if (!err)
		release(&request);
	return err;
}

static int by_nofail(void)
{
	struct request request;

	allocate(&request, GFP_KERNEL | __GFP_NOFAIL);
	release(&request);
	return 0;
}

static int by_mempool(void)
{
	struct request request = { };
	unsigned int i;
	int err = 0;

	for (i = 0; i < OBJECTS; i++) {
		request.objects[i] = mempool_alloc(object_pool, FLAGS);
		if (!request.objects[i])
			err = -ENOMEM;
	}
	for (i = 0; i < PAGES; i++) {
		request.pages[i] = mempool_alloc(page_pool, FLAGS);
		if (!request.pages[i])
			err = -ENOMEM;
	}
	for (i = 0; i < OBJECTS; i++)
		if (request.objects[i])
			mempool_free(request.objects[i], object_pool);
	for (i = 0; i < PAGES; i++)
		if (request.pages[i])
			mempool_free(request.pages[i], page_pool);
	return err;
}

static int by_scope(void)
{
	static const struct ama_call call;
	struct request request;
	DEFINE_AMA_SCOPE(scope);
	int err;

	err = ama_scope_open(&scope, &client, 0, &call, NULL);
	if (err)
		return err;
	err = allocate(&request, FLAGS);
	if (!err)
		release(&request);
	ama_scope_close(&scope);
	return err;
}

static const struct way {
	const char *name;
	int (*request)(void);
	bool loops;	/* without memory for ever */
} ways[] = {
	{ "error_paths", by_error_paths },
	{ "nofail", by_nofail, true },
	{ "mempool", by_mempool },
	{ "scope", by_scope },
};

/* Everything that can be had without waiting. Objects are linked by their first word. */
struct hoard {
	struct list_head pages;
	void **objects;
};

static void take_all(struct hoard *hoard)
{
	struct page *page;
	void **object;

	INIT_LIST_HEAD(&hoard->pages);
	hoard->objects = NULL;
	while ((page = alloc_page(FLAGS)))
		list_add(&page->lru, &hoard->pages);
	while ((object = kmem_cache_alloc(cache, FLAGS))) {
		*object = hoard->objects;
		hoard->objects = object;
	}
}

static void give_back(struct hoard *hoard)
{
	struct page *page, *next;
	void **object;

	list_for_each_entry_safe(page, next, &hoard->pages, lru)
		__free_page(page);
	while ((object = hoard->objects)) {
		hoard->objects = *object;
		kmem_cache_free(cache, object);
	}
}

static u64 timed(const struct way *way, int *err)
{
	u64 start = ktime_get_ns();

	*err = way->request();
	return ktime_get_ns() - start;
}

static void measure(const struct way *way, bool refused)
{
	const char *state = refused ? "refused" : "plenty";
	struct hoard hoard;
	u64 best = U64_MAX;
	unsigned int i;
	int err = 0;

	for (i = 0; i < ROUNDS && !err; i++) {
		if (refused)
			take_all(&hoard);
		best = min(best, timed(way, &err));
		if (refused)
			give_back(&hoard);
	}
	if (err)
		pr_info("ama_ways: %s %s fails\n", state, way->name);
	else
		pr_info("ama_ways: %s %s %llu\n", state, way->name, best);
}

static void report_held(void)
{
	pr_info("ama_ways: held error_paths 0\n");
	pr_info("ama_ways: held nofail 0\n");
	pr_info("ama_ways: held mempool %lu\n",
		OBJECTS * OBJECT_SIZE + PAGES * PAGE_SIZE);
}

static int __init ways_init(void)
{
	unsigned int i;
	int err = -ENOMEM;

	cache = kmem_cache_create("ama_ways", OBJECT_SIZE, 0, 0, NULL);
	if (!cache)
		return err;
	object_pool = mempool_create_slab_pool(OBJECTS, cache);
	page_pool = mempool_create_page_pool(PAGES, 0);
	if (!object_pool || !page_pool)
		goto destroy;
	err = ama_client_register(&client);
	if (err)
		goto destroy;
	err = ama_client_activate(&client);
	if (err)
		goto unregister;
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		measure(&ways[i], false);
		if (!ways[i].loops)
			measure(&ways[i], true);
	}
	report_held();
	return 0;
unregister:
	ama_client_unregister(&client);
destroy:
	mempool_destroy(page_pool);
	mempool_destroy(object_pool);
	kmem_cache_destroy(cache);
	return err;
}

static void __exit ways_exit(void)
{
	ama_client_deactivate(&client);
	ama_client_unregister(&client);
	mempool_destroy(page_pool);
	mempool_destroy(object_pool);
	kmem_cache_destroy(cache);
}

module_init(ways_init);
module_exit(ways_exit);

MODULE_DESCRIPTION("One request and the ways to get its memory");
MODULE_LICENSE("GPL");
