// SPDX-License-Identifier: GPL-2.0
/*
 * Native front end for swap on kernels that have frontswap (up to 5.17): every
 * swapped-out page is offered here before it is written.
 *
 * Frontswap was made for memory that keeps what it took; ours is discarded at any
 * moment. So it is told that every page is to be written to the swap area as
 * well. That is said anew at each store: nobody can turn it off in between and
 * lose data. A load that finds nothing makes the kernel read the area.
 *
 * There is no way to unregister, so the module stays from then on.
 */
#include <linux/frontswap.h>
#include <linux/module.h>
#include <linux/swap.h>

#include "dmem.h"

static bool frontswap = true;
module_param(frontswap, bool, 0444);
MODULE_PARM_DESC(frontswap,
		 "keep swapped-out pages by way of frontswap; the module cannot be unloaded then (default Y)");

static struct dmem_cache areas[MAX_SWAPFILES];

static struct dmem_key slot_key(unsigned int type, pgoff_t offset)
{
	return (struct dmem_key){
		.block = offset,
		.cookie = READ_ONCE(areas[type].cookie),
	};
}

/* An area is in use from now on, or is not any more. */
static void forget_area(unsigned int type)
{
	dmem_cache_drop_all(&areas[type]);
}

/* The page is locked and in the swap cache, and mapped nowhere. */
static int store_page(unsigned int type, pgoff_t offset, struct page *page)
{
	static const struct dmem_guard always;
	struct dmem_key key = slot_key(type, offset);

	frontswap_writethrough(true);
	dmem_cache_drop(&key, 1);
	if (PageTransHuge(page))
		return -EINVAL;
	return dmem_cache_fill(&key, page, &always) ? 0 : -ENOMEM;
}

/*
 * The copy stays: the page can leave the swap cache again without being stored
 * another time.
 */
static int load_page(unsigned int type, pgoff_t offset, struct page *page)
{
	struct dmem_key key = slot_key(type, offset);
	struct dmem_copy copy = { .page = page, .len = PAGE_SIZE };

	return dmem_cache_load(&key, &copy) ? 0 : -ENOENT;
}

static void invalidate_page(unsigned int type, pgoff_t offset)
{
	struct dmem_key key = slot_key(type, offset);

	dmem_cache_drop(&key, 1);
}

static struct frontswap_ops ops = {
	.init = forget_area,
	.store = store_page,
	.load = load_page,
	.invalidate_page = invalidate_page,
	.invalidate_area = forget_area,
};

/**
 * dmem_frontswap_init() - offer the caches to swap
 *
 * Context: may sleep. The last step of loading that can fail is behind the
 * caller: this cannot be undone.
 */
void dmem_frontswap_init(void)
{
	unsigned int type;

	if (!frontswap)
		return;
	for (type = 0; type < ARRAY_SIZE(areas); type++)
		dmem_cache_init(&areas[type]);
	__module_get(THIS_MODULE);
	frontswap_writethrough(true);
	frontswap_register_ops(&ops);
	pr_info("dmem: keeps swapped-out pages, all of which are written to their area too; frontswap has no way back, so the module stays loaded\n");
}
