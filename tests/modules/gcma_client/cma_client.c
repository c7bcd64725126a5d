// SPDX-License-Identifier: GPL-2.0
/*
 * The driver with CMA. Kernels before 7 keep CMA's functions to themselves, so a
 * kprobe tells where they are; that is for measuring only.
 */
#include <linux/cma.h>
#include <linux/kprobes.h>
#include <linux/moduleparam.h>

#define CLIENT "cma"

static char *name = "reserved";
module_param(name, charp, 0444);
MODULE_PARM_DESC(name, "CMA area to allocate from (default reserved)");

static typeof(&cma_alloc) found_alloc;
static typeof(&cma_release) found_release;
static typeof(&cma_for_each_area) found_for_each_area;
static typeof(&cma_get_name) found_get_name;

#define cma_alloc	found_alloc
#define cma_release	found_release

static void *address_of(const char *function)
{
	struct kprobe probe = { .symbol_name = function };
	void *address;

	if (register_kprobe(&probe))
		return NULL;
	address = probe.addr;
	unregister_kprobe(&probe);
	return address;
}

static int match_area(struct cma *one, void *data)
{
	struct cma **found = data;

	if (!strcmp(found_get_name(one), name))
		*found = one;
	return 0;
}

static struct cma *find_area(void)
{
	struct cma *found = NULL;

	found_alloc = address_of("cma_alloc");
	found_release = address_of("cma_release");
	found_for_each_area = address_of("cma_for_each_area");
	found_get_name = address_of("cma_get_name");
	if (found_alloc && found_release && found_for_each_area && found_get_name)
		found_for_each_area(match_area, &found);
	return found;
}

static void put_area(struct cma *area)
{
}

#include "client.h"
