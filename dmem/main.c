// SPDX-License-Identifier: GPL-2.0
/* Loading and unloading. */
#include <linux/module.h>

#include "compat_dmem.h"
#include "dmem.h"

static char *policy = "clock-ghost";
module_param(policy, charp, 0444);
MODULE_PARM_DESC(policy,
		 "replacement: fifo, clock, clock-ghost (default) or clock-filter; can be changed in debugfs");

static int __init dmem_init(void)
{
	int ret;

	ret = dmem_policy_set(policy);
	if (ret) {
		pr_err("dmem: policy=%s is not known; fifo, clock, clock-ghost and clock-filter are\n",
		       policy);
		return ret;
	}
	dmem_debugfs_init();
	ret = dmem_own_init();
	if (ret)
		goto exit_debugfs;
	if (COMPAT_DMEM_TARGET)
		ret = dmem_target_init();
	if (ret)
		goto exit_own;
	/* Last: there is no way back from these. */
	if (COMPAT_DMEM_FRONTSWAP)
		dmem_frontswap_init();
	if (COMPAT_DMEM_CLEANCACHE)
		dmem_cleancache_init();
	return 0;

exit_own:
	dmem_own_exit();
exit_debugfs:
	dmem_debugfs_exit();
	return ret;
}

static void __exit dmem_exit(void)
{
	if (COMPAT_DMEM_TARGET)
		dmem_target_exit();
	dmem_own_exit();
	dmem_debugfs_exit();
}

module_init(dmem_init);
module_exit(dmem_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Discardable memory: a cache in memory that is reserved but unused");
