// SPDX-License-Identifier: GPL-2.0
/*
 * What the guard costs an allocation, in the four states that a task can be in.
 *
 * Meant for a guest that counts instructions: there a nanosecond is one. Each
 * figure is the least of several rounds, so that no interrupt is in it. Writes
 * lines "ama_cost: STATE WHAT NANOSECONDS" to the kernel's log when loaded.
 */
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/slab.h>

#include <surety/ama.h>

#define ROUNDS	9
#define REPEATS	200

static struct ama_demand some_pages(const struct ama_call *call)
{
	return (struct ama_demand){ .pages = { 512 } };
}

static const struct ama_op ops[] = {
	{ "measured", AMA_OP_FIXED, some_pages, "enough for every repetition" },
};

static struct ama_client client = {
	.name = "cost",
	.owner = THIS_MODULE,
	.ops = ops,
	.nr_ops = ARRAY_SIZE(ops),
};

static const struct ama_call no_call;

static void nothing(void)
{
	barrier();
}

static void page_pair(void)
{
	struct page *page = alloc_page(GFP_KERNEL);

	if (page)
		__free_page(page);
}

static void nofail_page_pair(void)
{
	__free_page(alloc_page(GFP_KERNEL | __GFP_NOFAIL));
}

static void kmalloc_pair(void)
{
	kfree(kmalloc(200, GFP_KERNEL));
}

static mempool_t *pool;

static void mempool_pair(void)
{
	mempool_free(mempool_alloc(pool, GFP_KERNEL), pool);
}

static void scope_pair(void)
{
	struct ama_scope scope;

	if (!ama_scope_open(&scope, &client, 0, &no_call, NULL))
		ama_scope_close(&scope);
}

/*
 * No node is allowed, so the ordinary allocator has nothing: what is left of
 * the request is the failed attempt, and in a scope the reserve's page.
 */
static void refused_page(void)
{
	static nodemask_t nowhere;
	struct page *page = __alloc_pages(GFP_NOWAIT, 0, numa_mem_id(), &nowhere);

	if (page)
		__free_page(page);
}

static u64 round_of(void (*what)(void))
{
	u64 start = ktime_get_ns();
	unsigned int i;

	for (i = 0; i < REPEATS; i++)
		what();
	return ktime_get_ns() - start;
}

static void measure(const char *state, const char *name, void (*what)(void))
{
	u64 best = U64_MAX, empty = U64_MAX;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		empty = min(empty, round_of(nothing));
		best = min(best, round_of(what));
	}
	pr_info("ama_cost: %s %s %llu\n", state, name,
		div_u64(best - empty + REPEATS / 2, REPEATS));
}

static void measure_pairs(const char *state)
{
	measure(state, "page_pair", page_pair);
	measure(state, "nofail_page_pair", nofail_page_pair);
	measure(state, "kmalloc_pair", kmalloc_pair);
	measure(state, "mempool_pair", mempool_pair);
}

static int __init cost_init(void)
{
	struct ama_scope scope;
	int err;

	pool = mempool_create_kmalloc_pool(16, 200);
	if (!pool)
		return -ENOMEM;
	err = ama_client_register(&client);
	if (err)
		goto destroy;

	measure_pairs("idle");
	measure("idle", "refused_page", refused_page);

	err = ama_client_activate(&client);
	if (err)
		goto unregister;
	measure_pairs("armed");
	measure("armed", "scope_pair", scope_pair);

	err = ama_scope_open(&scope, &client, 0, &no_call, NULL);
	if (!err) {
		measure_pairs("scope");
		measure("scope", "scope_pair", scope_pair);
		ama_scope_close(&scope);
	}
	err = ama_scope_open(&scope, &client, 0, &no_call, NULL);
	if (!err) {
		/* One round: each repetition uses up a page of the grant. */
		u64 taken = round_of(refused_page);

		pr_info("ama_cost: scope refused_page %llu\n",
			div_u64(taken + REPEATS / 2, REPEATS));
		ama_scope_close(&scope);
	}
	ama_client_deactivate(&client);
unregister:
	ama_client_unregister(&client);
destroy:
	mempool_destroy(pool);
	return err;
}

static void __exit cost_exit(void)
{
}

module_init(cost_init);
module_exit(cost_exit);

MODULE_DESCRIPTION("What ama_core's guard costs an allocation");
MODULE_LICENSE("GPL");
