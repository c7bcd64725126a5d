// SPDX-License-Identifier: GPL-2.0
/*
 * The driver with gcma: this define is all that differs from CMA's variant, but
 * for how the area is found.
 */
#define GCMA_REPLACES_CMA
#include <linux/cma.h>
#include <linux/moduleparam.h>
#include <surety/gcma.h>

#define CLIENT "gcma"

static char *name = "bench";
module_param(name, charp, 0444);
MODULE_PARM_DESC(name, "area to allocate from (default bench)");

static struct cma *find_area(void)
{
	return gcma_area_get(name);
}

static void put_area(struct cma *area)
{
	gcma_area_put(area);
}

#include "client.h"
