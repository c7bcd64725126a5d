// SPDX-License-Identifier: GPL-2.0
/*
 * A store of dmem's own, so that it is of use without another owner: memory is
 * taken from the running system when the module is loaded and lent for good.
 *
 * The range is put together from pieces that the page allocator can free at
 * once, from the top of memory downwards, where long-lived kernel data is
 * rare. A piece that holds something immovable ends the attempt above it.
 */
#include <linux/err.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/sched/signal.h>

#include "compat_claim.h"
#include "dmem.h"

static char *own;
module_param(own, charp, 0444);
MODULE_PARM_DESC(own,
		 "size of a store of dmem's own, e.g. 64M; taken from free or movable memory when the module is loaded (default: none)");

#define PIECE	((unsigned long)MAX_ORDER_NR_PAGES)

static struct dmem_store *own_store;
static unsigned long own_pfn;
static unsigned long own_pages;

static bool claim_piece(unsigned long pfn)
{
	struct page *first = pfn_to_online_page(pfn);
	struct page *last = pfn_to_online_page(pfn + PIECE - 1);

	if (!first || !last || page_zone(first) != page_zone(last))
		return false;
	return !compat_claim_range(pfn, pfn + PIECE);
}

/*
 * Claim @nr adjacent pages of a node, a multiple of PIECE. Returns 0 and the
 * first frame, -ENOMEM or -EINTR.
 */
static int claim_range(int nid, unsigned long nr, unsigned long *first)
{
	unsigned long end = round_down(node_end_pfn(nid), PIECE);
	unsigned long bottom = round_up(node_start_pfn(nid), PIECE);
	unsigned long pfn = end;

	while (end - pfn < nr) {
		if (pfn < bottom + PIECE || signal_pending(current)) {
			if (pfn < end)
				free_contig_range(pfn, end - pfn);
			return pfn < bottom + PIECE ? -ENOMEM : -EINTR;
		}
		pfn -= PIECE;
		if (!claim_piece(pfn)) {
			if (pfn + PIECE < end)
				free_contig_range(pfn + PIECE,
						  end - pfn - PIECE);
			end = pfn;
		}
		cond_resched();
	}
	*first = pfn;
	return 0;
}

static int own_claim(unsigned long nr)
{
	int nid, ret = -ENOMEM;

	for_each_online_node(nid) {
		ret = claim_range(nid, nr, &own_pfn);
		if (ret != -ENOMEM)
			break;
	}
	if (!ret)
		own_pages = nr;
	return ret;
}

static int own_parse(unsigned long *nr)
{
	unsigned long long size;
	char *end;

	size = memparse(own, &end);
	if (*end || end == own || !size || size >> PAGE_SHIFT > totalram_pages())
		return -EINVAL;
	*nr = round_up(DIV_ROUND_UP_ULL(size, PAGE_SIZE), PIECE);
	return 0;
}

/* Make the store that the parameter asks for, if it does. */
int dmem_own_init(void)
{
	unsigned long nr;
	int ret;

	if (!own || !*own)
		return 0;
	ret = own_parse(&nr);
	if (ret) {
		pr_err("dmem: own=%s is not a size below the size of memory\n",
		       own);
		return ret;
	}
	ret = own_claim(nr);
	if (ret) {
		pr_err("dmem: %lu adjacent MiB cannot be had (%d)\n",
		       nr >> (20 - PAGE_SHIFT), ret);
		return ret;
	}
	own_store = dmem_store_create("own", own_pfn, nr,
				      pfn_to_nid(own_pfn));
	if (IS_ERR(own_store)) {
		free_contig_range(own_pfn, own_pages);
		return PTR_ERR(own_store);
	}
	dmem_lend(own_store, 0, nr);
	return 0;
}

void dmem_own_exit(void)
{
	if (!own_pages)
		return;
	dmem_store_destroy(own_store);
	free_contig_range(own_pfn, own_pages);
}
