// SPDX-License-Identifier: GPL-2.0
/*
 * Fault injection for memory allocations on stock kernels, for tests only.
 *
 * Loading places the probes; nothing fails before a knob in
 * /sys/kernel/debug/surety_fault/{page,slab} says so.  The knobs have the
 * kernel's own names and meanings (Documentation/fault-injection), so that a
 * test written for failslab and fail_page_alloc runs with either.
 *
 * A probe stands behind the function's tracing site.  Whoever interposes there
 * calls the function's body, and finds it failing: injection happens beneath
 * an allocation guard, as a true failure would.
 */
#include <linux/module.h>

#include "fault.h"

static int __init surety_fault_init(void)
{
	int err;

	err = fault_level_init(&fault_page);
	if (err)
		return err;
	err = fault_level_init(&fault_slab);
	if (err)
		goto free_page;
	err = fault_entries_arm();
	if (err)
		goto free_slab;
	fault_knobs_create();
	return 0;

free_slab:
	fault_level_free(&fault_slab);
free_page:
	fault_level_free(&fault_page);
	return err;
}

static void __exit surety_fault_exit(void)
{
	fault_knobs_remove();
	fault_entries_disarm();
	fault_group_exit();
	fault_level_free(&fault_slab);
	fault_level_free(&fault_page);
}

module_init(surety_fault_init);
module_exit(surety_fault_exit);
MODULE_DESCRIPTION("Fault injection for memory allocations on stock kernels");
MODULE_AUTHOR("Project Surety");
MODULE_LICENSE("GPL");
