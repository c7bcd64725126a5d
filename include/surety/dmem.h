/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Discardable memory: pages that nobody needs at the moment hold copies of disk
 * blocks and swap slots, until their owner wants them back.
 *
 * An owner (a contiguous area, a reserve) creates a store over a range of page
 * frames, lends parts of it and revokes them at any moment. The cached copies
 * always equal the disk, so nothing is written back, nothing is migrated and
 * nothing can refuse: revoking is a sweep over one byte a page. What the index
 * still says about a revoked page dies later, when someone stumbles over it.
 *
 * Page numbers in this interface count from the first page of the store.
 */
#ifndef _SURETY_DMEM_H
#define _SURETY_DMEM_H

#include <linux/types.h>

struct dmem_store;

/*
 * Granularity of the hints that make it cheap to choose a cold range, and of
 * revoking: a chunk that lies whole in a revoked range costs a constant, only
 * the pages of the partial chunks at the two ends are touched one by one.
 * Chunks are counted from the first page of the store; the last one may be
 * shorter.
 */
#define DMEM_CHUNK_SHIFT	8
#define DMEM_CHUNK_PAGES	(1UL << DMEM_CHUNK_SHIFT)

/* Longest name of a store, with the terminating zero. */
#define DMEM_NAME_LEN		32

/* Stores that can exist at the same time. */
#define DMEM_MAX_STORES		8

/**
 * struct dmem_store_stats - what happened in a store since it was created
 * @pages:     pages that the store covers
 * @lent:      pages lent now
 * @cached:    pages that hold a cached copy now
 * @stored:    pages filled
 * @loaded:    pages read back by a front end
 * @evicted:   cached pages given up for other contents
 * @discarded: cached pages lost because their owner revoked them
 * @dropped:   cached pages that became invalid (overwritten, truncated, dropped)
 * @refused:   pages that could not be stored because no page was found for them
 * @revokes:   calls of dmem_revoke()
 * @waited:    revokes that had to wait for a copy in progress
 *
 * @cached and @lent are sums of per-CPU figures that move while they are read.
 */
struct dmem_store_stats {
	u64 pages;
	u64 lent;
	u64 cached;
	u64 stored;
	u64 loaded;
	u64 evicted;
	u64 discarded;
	u64 dropped;
	u64 refused;
	u64 revokes;
	u64 waited;
};

/**
 * dmem_store_create() - make a store over a range of page frames
 * @name:     unique name, shown in debugfs; shorter than DMEM_NAME_LEN, without
 *            white space or slashes
 * @base_pfn: first page frame; a multiple of nothing in particular
 * @nr_pages: number of pages, 1 to 2^31; every frame must have a struct page
 *            and a kernel mapping (from alloc_contig_range() or
 *            memremap_pages())
 * @nid:      node for the store's own tables (46 bytes a page), or NUMA_NO_NODE
 *
 * Nothing is lent yet. All memory that the store will ever need is allocated
 * here. Caches use a new store at once; none of them has to be told.
 *
 * Context: may sleep.
 * Return: the store, or ERR_PTR(-EINVAL) for a bad name or range, -EEXIST for
 * a name in use, -ENOSPC when DMEM_MAX_STORES exist, -ENOMEM.
 */
struct dmem_store *dmem_store_create(const char *name, unsigned long base_pfn,
				     unsigned long nr_pages, int nid);

/**
 * dmem_store_destroy() - revoke everything and free the store
 * @store: store from dmem_store_create(); nobody else may be lending or
 *         revoking in it any more
 *
 * Context: may sleep. When it returns, no page of the range is known to dmem.
 */
void dmem_store_destroy(struct dmem_store *store);

/**
 * dmem_lend() - let the caches use a range of pages
 * @store: the store
 * @first: first page, counted from the first page of the store
 * @nr:    number of pages
 *
 * The owner must not touch the pages until it has revoked them. Pages of the
 * range that are lent already stay as they are. The pages' contents do not
 * matter, and their reference counts are left alone.
 *
 * Cost: one byte written a page, for whole chunks by memset().
 *
 * Context: any, including interrupts off and hard interrupt. Ranges that do not
 * overlap may be lent and revoked concurrently; lending in one chunk is
 * serialised by a spinlock.
 */
void dmem_lend(struct dmem_store *store, unsigned long first, unsigned long nr);

/**
 * dmem_revoke() - take a range of pages back, now
 * @store: the store
 * @first: first page, counted from the first page of the store
 * @nr:    number of pages
 *
 * When it returns, nobody reads or writes the pages as cache and nobody will.
 * It cannot fail. What was cached in them is gone; the disk has it. Pages that
 * are not lent are skipped. The pages are not zeroed: they hold whatever was
 * cached, and must be cleared before an unprivileged reader can see them.
 *
 * Cost: a constant for each whole chunk, about two instructions a page for
 * the rest, plus one load for each online CPU; it does not depend on the index.
 * It spins only for the copy of one page that is under way on another CPU at
 * that moment, with interrupts off there.
 *
 * Context: any, including interrupts off and hard interrupt; takes no lock.
 */
void dmem_revoke(struct dmem_store *store, unsigned long first,
		 unsigned long nr);

/**
 * dmem_range_cost() - how much a revocation of a range would lose
 * @store: the store
 * @first: first page, counted from the first page of the store
 * @nr:    number of pages
 *
 * Every cached page counts one, plus one for each time (up to three) that it
 * was read lately. Exact page by page, at about two instructions a page; the
 * answer is a hint, since pages are filled and read meanwhile.
 *
 * Context: any; takes no lock.
 * Return: the cost; 0 when nothing is cached in the range.
 */
unsigned long dmem_range_cost(struct dmem_store *store, unsigned long first,
			      unsigned long nr);

/**
 * dmem_chunks_cost() - running estimate of the cost of a row of chunks
 * @store: the store
 * @chunk: number of the first: pages chunk << DMEM_CHUNK_SHIFT and following
 * @nr:    number of chunks
 *
 * The same unit as dmem_range_cost(), kept up while pages are filled, read and
 * revoked, so that it costs two loads a chunk. Reads are counted by the chunk
 * and decay when the replacement hand passes.
 *
 * Context: any; takes no lock.
 * Return: the estimated cost.
 */
unsigned long dmem_chunks_cost(const struct dmem_store *store,
			       unsigned long chunk, unsigned long nr);

/**
 * dmem_store_stats() - sum up the statistics of a store
 * @store: the store
 * @stats: filled in
 *
 * Context: any; one pass over the CPUs.
 */
void dmem_store_stats(struct dmem_store *store, struct dmem_store_stats *stats);

#endif /* _SURETY_DMEM_H */
