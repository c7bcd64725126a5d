// SPDX-License-Identifier: GPL-2.0
/*
 * Stores: page states, lending and revoking.
 *
 * A chunk whose pages are all revoked needs one flag; parts of chunks are swept,
 * a machine word of state bytes at a time. Lending pays for the flag: it brings
 * the bytes of the chunk up to date first. Nothing here looks at the index:
 * entries of revoked pages stay on their chains and are taken off by whoever
 * meets them, at the latest by the CPU that fills the page anew.
 */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "dmem.h"
#include "trace.h"

/* Pages whose states fit one machine word, and a one in each of its bytes. */
#define PER_WORD	sizeof(unsigned long)
#define ONES		REPEAT_BYTE(0x01)

/* Readers are under RCU; changed under stores_lock. */
struct dmem_store __rcu *dmem_stores[DMEM_MAX_STORES];
int dmem_stores_end;

/* Protects the slots of dmem_stores and the uniqueness of names. */
static DEFINE_MUTEX(stores_lock);

DEFINE_PER_CPU(unsigned long, dmem_busy_pfn);

/* Sum of the bytes of a word in which every byte is 0 or 1. */
static inline unsigned int sum_bytes(unsigned long word)
{
	return (word * ONES) >> (BITS_PER_LONG - 8);
}

/*
 * Move a page from one state to another, on behalf of a cache. The caller has
 * announced the page with dmem_busy_begin(). Returns false when the page is not
 * in the state @from or was revoked; a full barrier when it succeeds.
 */
bool dmem_page_move(struct dmem_store *store, u32 page, u8 from, u8 to)
{
	struct dmem_chunk *chunk = dmem_chunk_of(store, page);

	/* Once announced: if the flag comes later, the owner waits for us. */
	if (READ_ONCE(chunk->revoked) ||
	    cmpxchg(&store->state[page], from, to) != from)
		return false;
	if (to == DMEM_VALID)
		atomic_inc(&chunk->cached);
	else if (from == DMEM_VALID)
		atomic_dec(&chunk->cached);
	return true;
}

/* Tell those who look for free pages where there is one. */
static void hint_free(struct dmem_store *store, u32 page)
{
	u32 chunk = page >> DMEM_CHUNK_SHIFT;

	/* Pairs with the barrier in take_free(), lru.c. */
	smp_mb();
	if (!test_bit(chunk, store->free_chunks))
		set_bit(chunk, store->free_chunks);
}

/* Empty an announced page that is in the state @from, if it still is. */
bool dmem_page_free(struct dmem_store *store, u32 page, u8 from)
{
	if (!dmem_page_move(store, page, from, DMEM_FREE))
		return false;
	hint_free(store, page);
	return true;
}

static bool range_bad(const struct dmem_store *store, unsigned long first,
		      unsigned long nr)
{
	return WARN_ON_ONCE(first > store->nr_pages ||
			    nr > store->nr_pages - first);
}

/* Pages of a chunk; the last one may be shorter. */
static inline u32 chunk_end(const struct dmem_store *store, u32 page)
{
	return min(round_down(page, (u32)DMEM_CHUNK_PAGES) +
		   (u32)DMEM_CHUNK_PAGES, store->nr_pages);
}

/*
 * Lend a range that lies inside a chunk. Caches touch no byte that is ABSENT,
 * and none at all of a chunk that is flagged.
 */
static unsigned int lend_chunk(struct dmem_store *store, u32 first, u32 end)
{
	struct dmem_chunk *chunk = dmem_chunk_of(store, first);
	u32 start = round_down(first, (u32)DMEM_CHUNK_PAGES);
	unsigned int lent = 0;
	unsigned long flags;
	u32 page;

	raw_spin_lock_irqsave(&chunk->lock, flags);
	if (chunk->revoked) {
		/* The bytes are stale, and nobody else's business. */
		memset(&store->state[start], DMEM_ABSENT,
		       chunk_end(store, first) - start);
		memset(&store->state[first], DMEM_FREE, end - first);
		lent = end - first;
	} else {
		for (page = first; page < end; page++) {
			if (READ_ONCE(store->state[page]) != DMEM_ABSENT)
				continue;
			WRITE_ONCE(store->state[page], DMEM_FREE);
			lent++;
		}
	}
	atomic_add(lent, &chunk->lent);
	/* Pairs with the acquiring load in dmem_page_state(). */
	smp_store_release(&chunk->revoked, false);
	raw_spin_unlock_irqrestore(&chunk->lock, flags);
	if (lent)
		hint_free(store, first);
	return lent;
}

void dmem_lend(struct dmem_store *store, unsigned long first, unsigned long nr)
{
	unsigned long page = first;
	unsigned long lent = 0;

	if (range_bad(store, first, nr))
		return;
	while (page < first + nr) {
		unsigned long next = min(round_down(page, DMEM_CHUNK_PAGES) +
					 DMEM_CHUNK_PAGES, first + nr);

		lent += lend_chunk(store, page, next);
		page = next;
	}
	dmem_count(store, DMEM_LENT, lent);
	trace_dmem_lend(store->name, first, nr, lent);
}
EXPORT_SYMBOL_GPL(dmem_lend);

/* What was revoked. */
struct sweep {
	unsigned long lent;
	unsigned long cached;
};

static inline void sweep_byte(struct dmem_store *store, u32 page,
			      struct sweep *sweep)
{
	u8 old = xchg(&store->state[page], DMEM_ABSENT);

	sweep->lent += old != DMEM_ABSENT;
	sweep->cached += old == DMEM_VALID;
}

/* Revoke pages of one chunk. */
static void sweep_part(struct dmem_store *store, u32 page, u32 end,
		       struct sweep *total)
{
	struct dmem_chunk *chunk = dmem_chunk_of(store, page);
	unsigned long lent = 0, cached = 0;	/* a count in each byte */
	struct sweep sweep = { };
	unsigned long *word, *last;

	if (READ_ONCE(chunk->revoked))
		return;
	for (; page < end && page % PER_WORD; page++)
		sweep_byte(store, page, &sweep);
	word = (unsigned long *)&store->state[page];
	last = word + (end - page) / PER_WORD;
	page += (last - word) * PER_WORD;
	for (; word < last; word++) {
		unsigned long old = READ_ONCE(*word);

		if (!old)
			continue;
		/* Atomic: a page that becomes VALID meanwhile is counted. */
		old = xchg(word, 0);
		cached += old >> 2 & ONES;
		lent += (old | old >> 1 | old >> 2) & ONES;
	}
	for (; page < end; page++)
		sweep_byte(store, page, &sweep);
	/* Below DMEM_CHUNK_PAGES pages: neither a byte nor the sum overflows. */
	sweep.lent += sum_bytes(lent);
	sweep.cached += sum_bytes(cached);
	if (!sweep.lent)
		return;
	if (sweep.cached)
		atomic_sub(sweep.cached, &chunk->cached);
	atomic_sub(sweep.lent, &chunk->lent);
	total->lent += sweep.lent;
	total->cached += sweep.cached;
}

/**
 * struct span - a range of pages as whole chunks and what is left at its ends
 * @first:      first page
 * @end:        page behind the last
 * @chunk:      first chunk that lies whole in the range, if below @chunks_end
 * @chunks_end: chunk behind the last of those
 */
struct span {
	u32 first, end;
	u32 chunk, chunks_end;
};

static struct span span_of(const struct dmem_store *store, u32 first, u32 nr)
{
	struct span span = {
		.first = first,
		.end = first + nr,
		.chunk = (first + DMEM_CHUNK_PAGES - 1) >> DMEM_CHUNK_SHIFT,
		.chunks_end = (first + nr) >> DMEM_CHUNK_SHIFT,
	};

	if (span.end == store->nr_pages)
		span.chunks_end = store->nr_chunks;
	return span;
}

/*
 * Make a range absent. Whole chunks get their flag only; the figures of those
 * are collected when no cache can change them any more.
 */
static void revoke_states(struct dmem_store *store, const struct span *span,
			  struct sweep *sweep)
{
	u32 head_end = min(span->chunk << DMEM_CHUNK_SHIFT, span->end);
	u32 tail = span->chunks_end << DMEM_CHUNK_SHIFT;
	u32 chunk;

	if (span->first < head_end)
		sweep_part(store, span->first, head_end, sweep);
	for (chunk = span->chunk; chunk < span->chunks_end; chunk++)
		WRITE_ONCE(store->chunks[chunk].revoked, true);
	if (tail >= head_end && tail < span->end)
		sweep_part(store, tail, span->end, sweep);
}

static void collect_chunks(struct dmem_store *store, const struct span *span,
			   struct sweep *sweep)
{
	u32 i;

	for (i = span->chunk; i < span->chunks_end; i++) {
		struct dmem_chunk *chunk = &store->chunks[i];

		sweep->lent += atomic_read(&chunk->lent);
		sweep->cached += atomic_read(&chunk->cached);
		atomic_set(&chunk->lent, 0);
		atomic_set(&chunk->cached, 0);
	}
}

/* Wait until no CPU touches a frame of the range. Returns whether one did. */
static bool dmem_wait_busy(unsigned long first_pfn, unsigned long nr)
{
	bool waited = false;
	int cpu;

	/* A CPU that is not online yet announces too late, see the caller. */
	for_each_online_cpu(cpu) {
		unsigned long *busy = per_cpu_ptr(&dmem_busy_pfn, cpu);

		/* The announcer has its interrupts off, so this is short. */
		while (smp_load_acquire(busy) - first_pfn < nr) {
			waited = true;
			cpu_relax();
		}
	}
	return waited;
}

void dmem_revoke(struct dmem_store *store, unsigned long first,
		 unsigned long nr)
{
	struct sweep sweep = { };
	struct span span;
	bool waited;

	if (range_bad(store, first, nr) || !nr)
		return;
	trace_dmem_revoke_start(store->name, first, nr);
	span = span_of(store, first, nr);
	revoke_states(store, &span, &sweep);
	/*
	 * Pairs with dmem_busy_begin(): who announced a page too late for the
	 * wait below sees that it is absent.
	 */
	smp_mb();
	waited = dmem_wait_busy(dmem_pfn(store, first), nr);
	collect_chunks(store, &span, &sweep);
	if (sweep.lent)
		dmem_count(store, DMEM_LENT, -(s64)sweep.lent);
	if (sweep.cached)
		dmem_count(store, DMEM_DISCARDED, sweep.cached);
	dmem_count(store, DMEM_REVOKES, 1);
	if (waited)
		dmem_count(store, DMEM_WAITED, 1);
	trace_dmem_revoke_finish(store->name, first, nr, sweep.cached, waited);
}
EXPORT_SYMBOL_GPL(dmem_revoke);

unsigned long dmem_range_cost(struct dmem_store *store, unsigned long first,
			      unsigned long nr)
{
	unsigned long page, cost = 0;

	if (range_bad(store, first, nr))
		return 0;
	for (page = first; page < first + nr; page++)
		if (dmem_page_state(store, page) == DMEM_VALID)
			cost += 1 + READ_ONCE(store->ref[page]);
	return cost;
}
EXPORT_SYMBOL_GPL(dmem_range_cost);

unsigned long dmem_chunks_cost(const struct dmem_store *store,
			       unsigned long chunk, unsigned long nr)
{
	const struct dmem_chunk *c = &store->chunks[chunk];
	const struct dmem_chunk *end = c + nr;
	unsigned long cost = 0;

	if (WARN_ON_ONCE(chunk > store->nr_chunks ||
			 nr > store->nr_chunks - chunk))
		return 0;
	for (; c < end; c++) {
		int cached = atomic_read(&c->cached);

		if (cached > 0 && !READ_ONCE(c->revoked))
			cost += cached + min_t(unsigned long, c->heat,
					       DMEM_REF_MAX * cached);
	}
	return cost;
}
EXPORT_SYMBOL_GPL(dmem_chunks_cost);

static void store_free(struct dmem_store *store)
{
	free_percpu(store->cpu);
	vfree(store->ghosts);
	bitmap_free(store->free_chunks);
	vfree(store->chunks);
	vfree(store->buckets);
	vfree(store->entries);
	vfree(store->ref);
	vfree(store->state);
	kfree(store);
}

static void *table(const struct dmem_store *store, size_t nr, size_t size)
{
	return vzalloc_node(array_size(nr, size), store->nid);
}

static struct dmem_store *store_alloc(unsigned long nr_pages, int nid)
{
	struct dmem_store *store = kzalloc_node(sizeof(*store), GFP_KERNEL, nid);
	u32 buckets = roundup_pow_of_two(nr_pages);
	u32 i;

	if (!store)
		return NULL;
	store->nid = nid;
	store->nr_pages = nr_pages;
	store->nr_chunks = DIV_ROUND_UP(nr_pages, DMEM_CHUNK_PAGES);
	store->bucket_mask = buckets - 1;
	store->ghost_mask = buckets - 1;
	store->state = table(store, round_up(nr_pages, PER_WORD), 1);
	store->ref = table(store, nr_pages, 1);
	store->entries = table(store, nr_pages, sizeof(*store->entries));
	store->buckets = table(store, buckets, sizeof(*store->buckets));
	store->chunks = table(store, store->nr_chunks, sizeof(*store->chunks));
	store->free_chunks = bitmap_zalloc(store->nr_chunks, GFP_KERNEL);
	store->ghosts = table(store, buckets, sizeof(*store->ghosts));
	store->cpu = alloc_percpu(struct dmem_store_cpu);
	if (!store->state || !store->ref || !store->entries || !store->buckets ||
	    !store->chunks || !store->free_chunks || !store->ghosts ||
	    !store->cpu) {
		store_free(store);
		return NULL;
	}
	for (i = 0; i < buckets; i++) {
		raw_spin_lock_init(&store->buckets[i].lock);
		store->buckets[i].head = DMEM_NIL;
	}
	for (i = 0; i < nr_pages; i++)
		store->entries[i].bucket = DMEM_NIL;
	for (i = 0; i < store->nr_chunks; i++) {
		raw_spin_lock_init(&store->chunks[i].lock);
		store->chunks[i].revoked = true;
	}
	return store;
}

static bool name_bad(const char *name)
{
	size_t len = strlen(name);

	return !len || len >= DMEM_NAME_LEN || strpbrk(name, "/ \t\n") ||
	       name[0] == '.';
}

/* A slot was taken or given up; the caller holds stores_lock. */
static void update_end(void)
{
	int end = DMEM_MAX_STORES;

	while (end && !rcu_access_pointer(dmem_stores[end - 1]))
		end--;
	WRITE_ONCE(dmem_stores_end, end);
}

/* Give the store its place. Returns 0, -EEXIST or -ENOSPC. */
static int store_publish(struct dmem_store *store)
{
	int slot = -ENOSPC;
	int i, ret = 0;

	mutex_lock(&stores_lock);
	for (i = DMEM_MAX_STORES - 1; i >= 0; i--) {
		struct dmem_store *other;

		other = rcu_dereference_protected(dmem_stores[i],
						  lockdep_is_held(&stores_lock));
		if (!other)
			slot = i;
		else if (!strcmp(other->name, store->name))
			ret = -EEXIST;
	}
	if (!ret && slot < 0)
		ret = slot;
	if (!ret) {
		store->slot = slot;
		rcu_assign_pointer(dmem_stores[slot], store);
		update_end();
	}
	mutex_unlock(&stores_lock);
	return ret;
}

struct dmem_store *dmem_store_create(const char *name, unsigned long base_pfn,
				     unsigned long nr_pages, int nid)
{
	struct dmem_store *store;
	int ret;

	might_sleep();
	if (name_bad(name) || !base_pfn || !nr_pages || nr_pages > BIT(31) ||
	    base_pfn + nr_pages < base_pfn || !pfn_valid(base_pfn) ||
	    !pfn_valid(base_pfn + nr_pages - 1))
		return ERR_PTR(-EINVAL);
	store = store_alloc(nr_pages, nid);
	if (!store)
		return ERR_PTR(-ENOMEM);
	strscpy(store->name, name, sizeof(store->name));
	store->base_pfn = base_pfn;
	ret = store_publish(store);
	if (ret) {
		store_free(store);
		return ERR_PTR(ret);
	}
	dmem_debugfs_add(store);
	return store;
}
EXPORT_SYMBOL_GPL(dmem_store_create);

void dmem_store_destroy(struct dmem_store *store)
{
	might_sleep();
	dmem_debugfs_remove(store);
	mutex_lock(&stores_lock);
	RCU_INIT_POINTER(dmem_stores[store->slot], NULL);
	update_end();
	mutex_unlock(&stores_lock);
	dmem_revoke(store, 0, store->nr_pages);
	/* Until here caches could still be walking the index. */
	synchronize_rcu();
	store_free(store);
}
EXPORT_SYMBOL_GPL(dmem_store_destroy);
