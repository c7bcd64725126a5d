// SPDX-License-Identifier: GPL-2.0
/*
 * What can be seen under /sys/kernel/debug/ama.
 *
 *   reserve               table: each reserve and order, pages and credit
 *   requests              table: admitted, waited, refused, pages in and out
 *   memory_kib            memory that the reserves hold now
 *   guard                 hooks, and whether they are in
 *   substituted, forced_charges, retried_objects, speculation_failed
 *                         what the guard did
 *   peeked, peeked_again  reads admitted to the cache alone; in vain
 *   strays                allocations of a guess's scope that nobody bounded
 *   underruns             allocations beyond a grant; never anything but 0
 *   scopes                tasks in a scope now
 *   gate                  table: gated functions and their calls
 *   clients/NAME/ops      table: each operation's bound beside what it needed
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "ama_core.h"

static struct dentry *root, *clients;

static void show_pool(struct seq_file *seq, struct ama_pool *pool)
{
	static const char * const kinds[] = { "compound", "plain" };
	unsigned int order, kind;

	for (order = 0; order < AMA_ORDERS; order++)
		for (kind = 0; kind < (order ? AMA_KINDS : 1); kind++)
			seq_printf(seq, "%-9s %5u %-9s %8lu %8lu %8ld\n", pool->name,
				   order, kinds[kind],
				   READ_ONCE(pool->shelves[order][kind].want),
				   ama_pool_stocked(pool, order, kind),
				   ama_pool_credit(pool, order));
}

static int reserve_show(struct seq_file *seq, void *unused)
{
	unsigned int pool;

	seq_printf(seq, "%-9s %5s %-9s %8s %8s %8s\n", "reserve", "order", "kind",
		   "target", "pages", "credit");
	for (pool = 0; pool < AMA_POOLS; pool++)
		show_pool(seq, ama_pools[pool]);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(reserve);

static void show_requests(struct seq_file *seq, struct ama_pool *pool)
{
	unsigned long admitted = 0, handed_out = 0, visits = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct ama_magazine *magazine = per_cpu_ptr(pool->magazines, cpu);

		admitted += READ_ONCE(magazine->admitted);
		handed_out += READ_ONCE(magazine->handed_out);
		visits += READ_ONCE(magazine->heap_visits);
	}
	admitted += atomic_long_read(&pool->waited);
	seq_printf(seq, "%-9s %10lu %10ld %10ld %10lu %10ld %11lu\n", pool->name,
		   admitted, atomic_long_read(&pool->waited),
		   atomic_long_read(&pool->refused), handed_out,
		   atomic_long_read(&pool->refilled), visits);
}

static int requests_show(struct seq_file *seq, void *unused)
{
	unsigned int pool;

	seq_printf(seq, "%-9s %10s %10s %10s %10s %10s %11s\n", "reserve", "admitted",
		   "waited", "refused", "handed_out", "refilled", "heap_visits");
	for (pool = 0; pool < AMA_POOLS; pool++)
		show_requests(seq, ama_pools[pool]);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(requests);

static unsigned long pool_pages(struct ama_pool *pool)
{
	unsigned long pages = 0;
	unsigned int order, kind;

	for (order = 0; order < AMA_ORDERS; order++)
		for (kind = 0; kind < AMA_KINDS; kind++)
			pages += ama_pool_stocked(pool, order, kind) << order;
	return pages;
}

static int memory_kib_show(struct seq_file *seq, void *unused)
{
	unsigned long pages = 0;
	unsigned int pool;

	for (pool = 0; pool < AMA_POOLS; pool++)
		pages += pool_pages(ama_pools[pool]);
	seq_printf(seq, "%lu\n", pages << (PAGE_SHIFT - 10));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(memory_kib);

static int guard_show(struct seq_file *seq, void *unused)
{
	ama_guard_show(seq);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(guard);

static int gate_show(struct seq_file *seq, void *unused)
{
	ama_gate_show(seq);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(gate);

static int event_show(struct seq_file *seq, void *unused)
{
	seq_printf(seq, "%lu\n", ama_guard_events((unsigned long)seq->private));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(event);

static int underruns_show(struct seq_file *seq, void *unused)
{
	seq_printf(seq, "%ld\n", atomic_long_read(&ama_underruns));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(underruns);

static int scopes_show(struct seq_file *seq, void *unused)
{
	seq_printf(seq, "%lu\n", ama_scopes_open());
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(scopes);

static unsigned long calls_of(const struct ama_client_state *state, unsigned int op)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu_ptr(state->cpus, cpu)[op].calls;
	return sum;
}

static int ops_show(struct seq_file *seq, void *unused)
{
	const struct ama_client_state *state = seq->private;
	unsigned int op;

	seq_printf(seq, "%-16s %-9s %10s %7s %10s %12s %9s  %s\n", "op", "reserve",
		   "calls", "bound", "allocated", "substituted", "underruns", "why");
	for (op = 0; op < state->client->nr_ops; op++) {
		const struct ama_op *desc = &state->client->ops[op];
		const struct ama_op_figures *figures = &state->figures[op];

		seq_printf(seq, "%-16s %-9s %10lu %7d %10d %12d %9d  %s\n",
			   desc->name,
			   desc->flags & AMA_OP_PROGRESS ? "progress" : "ordinary",
			   calls_of(state, op), atomic_read(&figures->bound),
			   atomic_read(&figures->allocated),
			   atomic_read(&figures->substituted),
			   atomic_read(&figures->underruns), desc->why ?: "");
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(ops);

void ama_debugfs_add_client(struct ama_client_state *state)
{
	state->debugfs = debugfs_create_dir(state->client->name, clients);
	debugfs_create_file("ops", 0444, state->debugfs, state, &ops_fops);
}

void ama_debugfs_remove_client(struct ama_client_state *state)
{
	debugfs_remove(state->debugfs);
}

void ama_debugfs_init(void)
{
	unsigned long event;

	root = debugfs_create_dir("ama", NULL);
	clients = debugfs_create_dir("clients", root);
	debugfs_create_file("reserve", 0444, root, NULL, &reserve_fops);
	debugfs_create_file("requests", 0444, root, NULL, &requests_fops);
	debugfs_create_file("memory_kib", 0444, root, NULL, &memory_kib_fops);
	debugfs_create_file("guard", 0444, root, NULL, &guard_fops);
	debugfs_create_file("gate", 0444, root, NULL, &gate_fops);
	debugfs_create_file("underruns", 0444, root, NULL, &underruns_fops);
	debugfs_create_file("scopes", 0444, root, NULL, &scopes_fops);
	for (event = 0; event < AMA_GUARD_EVENTS; event++)
		debugfs_create_file(ama_guard_event_names[event], 0444, root,
				    (void *)event, &event_fops);
}

void ama_debugfs_exit(void)
{
	debugfs_remove(root);
}
