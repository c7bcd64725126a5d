/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside of gcma: what its files share.
 *
 *	main.c     loading and unloading
 *	params.c   areas=NAME:SIZE[@WHERE],... taken apart
 *	claim.c    memory taken from the running kernel or a boot reservation
 *	area.c     areas: made, found, removed
 *	extent.c   the free page ranges of an area, by address and by size
 *	alloc.c    which range to hand out; gcma_alloc() and gcma_release()
 *	zero.c     free pages zeroed ahead of time
 *	heap.c     /dev/dma_heap/NAME, buffer.c the DMA-BUFs that it makes
 *	configfs.c areas made and removed by hand
 *	stats.c, debugfs.c  figures
 *
 * Page numbers inside an area count from its first page and fit 32 bits.
 */
#ifndef _GCMA_H
#define _GCMA_H

#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include <surety/dmem.h>
#include <surety/gcma.h>

struct dentry;
struct dev_pagemap;
struct gcma_heap;
struct resource;
struct task_struct;

/**
 * struct gcma_spec - what was asked for when an area is made
 * @name:     name of the area, its heap and its figures
 * @size:     in bytes, a multiple of the page size
 * @phys:     physical address, valid if @at_phys
 * @at_phys:  the place is fixed
 * @nid:      NUMA node to claim from, NUMA_NO_NODE for any
 */
struct gcma_spec {
	char name[GCMA_NAME_LEN];
	u64 size;
	u64 phys;
	bool at_phys;
	int nid;
};

int gcma_spec_check_name(const char *name);
int gcma_spec_next(char **list, struct gcma_spec *spec);
const char *gcma_parse_bytes(const char *text, u64 *bytes);

/**
 * struct gcma_claim - page frames taken for an area
 * @base_pfn: first page frame
 * @nr_pages: number of page frames
 * @pgmap:    for a boot reservation: its struct pages, else NULL
 * @res:      for a boot reservation: its place in /proc/iomem
 * @res_name: likewise: its name there
 */
struct gcma_claim {
	unsigned long base_pfn;
	unsigned long nr_pages;
	struct dev_pagemap *pgmap;
	struct resource *res;
	char *res_name;
};

int gcma_claim_memory(struct gcma_claim *claim, const struct gcma_spec *spec);
void gcma_claim_return(struct gcma_claim *claim);

/**
 * struct gcma_extent - a range of free pages with allocated ones around it
 * @by_addr: in gcma_extents.by_addr, or
 * @spare:   next unused one
 * @by_size: in gcma_extents.by_size, smallest first, then lowest first
 * @start:   first page
 * @nr:      number of pages
 */
struct gcma_extent {
	union {
		struct rb_node by_addr;
		struct gcma_extent *spare;
	};
	struct rb_node by_size;
	u32 start;
	u32 nr;
};

/**
 * struct gcma_extents - the free pages of an area; the owner locks
 * @by_addr:  all extents, by first page
 * @by_size:  all extents, by size
 * @spare:    unused nodes
 * @nodes:    all nodes, enough for the worst fragmentation there can be
 * @nr_nodes: number of extents in the trees
 * @nr_free:  free pages
 * @changes:  raised whenever an extent appears, goes or moves
 */
struct gcma_extents {
	struct rb_root by_addr;
	struct rb_root by_size;
	struct gcma_extent *spare;
	struct gcma_extent *nodes;
	u32 nr_nodes;
	u32 nr_free;
	u32 changes;
};

int gcma_extents_init(struct gcma_extents *x, unsigned long nr_pages);
void gcma_extents_destroy(struct gcma_extents *x);
bool gcma_extents_add(struct gcma_extents *x, u32 start, u32 nr);
void gcma_extents_carve(struct gcma_extents *x, struct gcma_extent *e,
			u32 start, u32 nr);
bool gcma_extents_overlap(const struct gcma_extents *x, u32 start, u32 nr);
struct gcma_extent *gcma_extents_at(const struct gcma_extents *x, u32 page);
struct gcma_extent *gcma_extents_fitting(const struct gcma_extents *x, u32 nr);
struct gcma_extent *gcma_extents_larger(const struct gcma_extent *e);
struct gcma_extent *gcma_extents_smaller(const struct gcma_extent *e);
struct gcma_extent *gcma_extents_largest(const struct gcma_extents *x);

/* What is counted, per CPU; the names are in stats.c. */
enum gcma_stat {
	GCMA_STAT_ALLOCS,
	GCMA_STAT_ALLOC_PAGES,
	GCMA_STAT_FAILS,
	GCMA_STAT_STALLS,
	GCMA_STAT_RELEASES,
	GCMA_STAT_RELEASE_PAGES,
	GCMA_STAT_BAD_RELEASES,
	GCMA_STAT_PREZEROED,	/* pages handed out that were zero already */
	GCMA_STAT_ZEROED_NOW,	/* pages zeroed while somebody waited */
	GCMA_STAT_ZEROED_IDLE,	/* pages zeroed in the background */
	GCMA_STAT_EMPTIED,	/* force_empty */
	GCMA_STATS
};

/* Latency classes: below 1, 2, 4, ... microseconds, the last one is open. */
#define GCMA_LATENCY_CLASSES	16

struct gcma_stats {
	u64 count[GCMA_STATS];
	u64 latency[GCMA_LATENCY_CLASSES];
	u64 latency_sum_ns;
	u64 latency_max_ns;
};

/**
 * struct gcma_zeroing - free pages that are known to hold zeros
 * @map:      bit set: the page was zeroed, or was so when it was handed out;
 *            cleared when the page is released. Zeroed free pages are not lent.
 * @nr_free:  free pages with their bit set
 * @lo, @hi:  all bits of free pages lie between these
 * @target:   how many there should be
 * @percent:  the same as a share of the area
 * @start:    first page of the place where pages are being zeroed
 * @cursor:   the page above the one to zero next, there
 * @piece:    free piece to look into next, when that place is done
 * @changes:  value of gcma_extents.changes that @start, @cursor and @piece belong to
 * @thread:   zeroes at idle priority
 * @wait:     where it sleeps while there is nothing to do
 *
 * Protected by gcma_area.lock, apart from @thread and @wait.
 */
struct gcma_zeroing {
	unsigned long *map;
	u32 nr_free;
	u32 lo, hi;
	u32 target;
	unsigned int percent;
	u32 start;
	u32 cursor;
	struct gcma_extent *piece;
	u32 changes;
	struct task_struct *thread;
	wait_queue_head_t wait;
};

/**
 * struct gcma_area - a contiguous range of memory
 * @list:     in the list of areas, under its mutex
 * @name:     unique
 * @claim:    where it lies
 * @nr_pages: its size
 * @store:    dmem's view of it; a free page is lent there unless it is zeroed
 * @lock:     protects @free, @zero, @rotor, @near, @users and @gone; taken in any context, so
 *            with interrupts off
 * @free:     what can be handed out
 * @zero:     what of it is zeroed
 * @rotor:    raised by each search, so that they do not all look at the same places
 * @near:     page after the last small range that was handed out
 * @users:    drivers that hold the area and open files of its heap
 * @gone:     being removed: nothing is handed out any more
 * @lost:     its pages were never released, so they are not given back
 * @stats:    per CPU
 * @heap:     its DMA-BUF heap
 * @buffers:  DMA-BUFs of its heap
 * @buffers_lock: protects @buffers
 * @dir:      its directory in debugfs
 */
struct gcma_area {
	struct list_head list;
	char name[GCMA_NAME_LEN];
	struct gcma_claim claim;
	u32 nr_pages;
	struct dmem_store *store;
	spinlock_t lock;
	struct gcma_extents free;
	struct gcma_zeroing zero;
	u32 rotor;
	u32 near;
	unsigned int users;
	bool gone;
	bool lost;
	struct gcma_stats __percpu *stats;
	struct gcma_heap *heap;
	struct list_head buffers;
	struct mutex buffers_lock;
	struct dentry *dir;
};

static inline struct page *gcma_page(const struct gcma_area *area, u32 page)
{
	return pfn_to_page(area->claim.base_pfn + page);
}

int gcma_areas_from_param(const char *param);
struct gcma_area *gcma_area_create(const struct gcma_spec *spec);
int gcma_area_remove(struct gcma_area *area);
void gcma_areas_remove_all(void);
bool gcma_area_hold(struct gcma_area *area);
void gcma_area_unhold(struct gcma_area *area);

u32 gcma_choose_pool(struct gcma_area *area, u32 nr, u32 *start);
unsigned long gcma_force_empty(struct gcma_area *area);

#define gcma_count(area, stat, n)					\
	this_cpu_add((area)->stats->count[GCMA_STAT_##stat], n)

extern const char * const gcma_stat_names[GCMA_STATS];

void gcma_count_latency(struct gcma_area *area, u64 ns);
void gcma_stats_sum(const struct gcma_area *area, struct gcma_stats *sum);

int gcma_configfs_init(void);
void gcma_configfs_exit(void);
int gcma_configfs_add(struct gcma_area *area, const struct gcma_spec *spec);

bool gcma_is_live(void);

void gcma_debugfs_init(void);
void gcma_debugfs_exit(void);
void gcma_debugfs_add(struct gcma_area *area);
void gcma_debugfs_remove(struct gcma_area *area);

#endif /* _GCMA_H */
