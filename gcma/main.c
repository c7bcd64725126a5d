// SPDX-License-Identifier: GPL-2.0
/*
 * Loading and unloading gcma.
 */
#include <linux/init.h>
#include <linux/module.h>

#include <compat_contig.h>

#include "gcma.h"

static char *areas;
module_param(areas, charp, 0444);
MODULE_PARM_DESC(areas,
		 "areas to make: NAME:SIZE[@PHYS|@nodeN][,...], e.g. camera:64M,video:128M@0x30000000");

/* Loading has not failed: until then nobody may hold on to what it has made. */
static bool live;

bool gcma_is_live(void)
{
	/* Pairs with smp_store_release() in gcma_init(). */
	return smp_load_acquire(&live);
}

static int __init gcma_init(void)
{
	int err;

	gcma_debugfs_init();
	err = gcma_configfs_init();
	if (err)
		goto remove_debugfs;
	err = gcma_areas_from_param(areas);
	if (err)
		goto remove_areas;
	/* Pairs with smp_load_acquire() in gcma_is_live(). */
	smp_store_release(&live, true);
	return 0;

remove_areas:
	/* First, so that nobody removes or makes one by hand meanwhile. */
	gcma_configfs_exit();
	gcma_areas_remove_all();
remove_debugfs:
	gcma_debugfs_exit();
	return err;
}

static void __exit gcma_exit(void)
{
	gcma_configfs_exit();
	gcma_areas_remove_all();
	gcma_debugfs_exit();
}

module_init(gcma_init);
module_exit(gcma_exit);

MODULE_DESCRIPTION("Contiguous memory areas that cannot refuse an allocation");
MODULE_AUTHOR("Project Surety");
MODULE_LICENSE("GPL");
COMPAT_IMPORT_DMA_BUF;
