// SPDX-License-Identifier: GPL-2.0
/*
 * Anticipatory memory allocation: loading and unloading.
 */
#include <linux/module.h>

#include "ama_core.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

static int __init find_functions(void)
{
	int err;

	if (!ama_guard_sets) {
		pr_notice(AMA_LOG "guard=off: scopes are counted, nothing is guaranteed\n");
		return 0;
	}
	err = ama_symbols_init();
	if (!err)
		err = ama_guard_resolve();
	if (!err)
		err = ama_gate_resolve();
	return err;
}

static int __init ama_core_init(void)
{
	unsigned int ready;
	int err;

	BUILD_BUG_ON(BIT(TRACE_RECORD_RECURSION_BIT) >= AMA_TASK_MET_CLIENT);

	err = ama_refill_init();
	if (err)
		return err;
	for (ready = 0; ready < AMA_POOLS; ready++) {
		err = ama_pool_init(ama_pools[ready]);
		if (err)
			goto destroy;
	}
	err = find_functions();
	if (err)
		goto destroy;
	ama_debugfs_init();
	return 0;

destroy:
	while (ready--)
		ama_pool_destroy(ama_pools[ready]);
	ama_refill_exit();
	return err;
}

static void __exit ama_core_exit(void)
{
	unsigned int pool;

	ama_debugfs_exit();
	ama_clients_exit();
	ama_gate_free();
	for (pool = 0; pool < AMA_POOLS; pool++)
		ama_pool_destroy(ama_pools[pool]);
	ama_refill_exit();
}

module_init(ama_core_init);
module_exit(ama_core_exit);

MODULE_DESCRIPTION("Anticipatory memory allocation: memory that an admitted task cannot be refused");
MODULE_LICENSE("GPL");
