/* SPDX-License-Identifier: GPL-2.0 */
/*
 * dmem inside: pages, keys and caches.
 *
 *   front end (target, frontswap, cleancache)
 *       | dmem_cache_load/fill/drop, by key
 *   cache.c       which of the stores
 *   index.c       key -> page, hashed buckets, one lock each
 *   lru.c         which page to give up
 *   store.c       page states, lend and revoke
 *
 * A page of a store is in one of four states, one byte each:
 *
 *   ABSENT   its owner has it
 *   FREE     lent, empty
 *   FILLING  one CPU is replacing its contents
 *   VALID    holds a copy
 *
 * A chunk that is revoked as a whole gets one flag, which stands for ABSENT
 * whatever the bytes of its pages say.
 *
 * The owner moves ABSENT -> FREE and anything -> ABSENT, whenever it likes. All
 * other moves are compare-and-exchange, so that they fail once the page was
 * revoked. Page i of a store is described by entry i of its index, so an entry
 * never points to a page that has become another's.
 *
 * A CPU that moves a page or touches its contents announces the frame number
 * first (dmem_busy_begin), with interrupts off, then looks at the state.
 * Revoking writes flags and states first, then waits for the CPUs that
 * announced one of its frames. The barriers in between make sure that one of
 * the two sees the other. No CPU announces two pages at a time.
 */
#ifndef _DMEM_DMEM_H
#define _DMEM_DMEM_H

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/compiler.h>
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include <surety/dmem.h>

/* States of a page. One bit each: a word of states can be counted at once. */
#define DMEM_ABSENT	0
#define DMEM_FREE	1
#define DMEM_FILLING	2
#define DMEM_VALID	4

/* No page, no bucket. */
#define DMEM_NIL	U32_MAX

/* A page that was read this often or more is as valuable as it gets. */
#define DMEM_REF_MAX	3

/**
 * struct dmem_key - what a cached page is a copy of
 * @block:   block of a device, slot of a swap area or index in an object
 * @object:  0, or the object that @block is counted in
 * @cookie:  the cache; a cache that drops everything takes a new one
 * @version: of the object: an object that drops everything takes a new one
 */
struct dmem_key {
	u64 block;
	u64 object;
	u32 cookie;
	u32 version;
};

/*
 * What page i holds, if its state says that it holds something. @bucket is the
 * chain that the entry is on, or DMEM_NIL; that bucket's lock protects @next
 * and leaving the chain. Everything else changes only while the page is FILLING
 * and the entry is on no chain, by the CPU that fills.
 */
struct dmem_entry {
	struct dmem_key key;
	u32 next;
	u32 bucket;
};

struct dmem_bucket {
	raw_spinlock_t lock;	/* the chain that starts at @head, and @filter */
	u32 head;
	u32 filter;		/* dmem_filter_bit() of every entry on the chain */
};

/* DMEM_CHUNK_PAGES pages; the last chunk may be shorter. */
struct dmem_chunk {
	raw_spinlock_t lock;	/* among owners: lending in this chunk */
	bool revoked;		/* all pages are ABSENT, whatever their bytes */
	atomic_t lent;		/* pages that are not ABSENT */
	atomic_t cached;	/* pages that are VALID; off for moments */
	u32 heat;		/* reads of late; updates may be lost */
};

enum dmem_event {
	DMEM_LENT,		/* pages lent minus pages revoked */
	DMEM_STORED,
	DMEM_LOADED,
	DMEM_EVICTED,
	DMEM_DISCARDED,
	DMEM_DROPPED,
	DMEM_REFUSED,
	DMEM_REVOKES,
	DMEM_WAITED,
	DMEM_GHOST,		/* pages stored again soon after they left */
	DMEM_FILTERED,		/* pages that the filter did not let in */
	DMEM_EVENTS,
};

/* Classes of latency: below 1, 2, 4 microseconds, and the rest. */
#define DMEM_LATENCIES	4

enum dmem_work {
	DMEM_WORK_LOAD,		/* one page read back */
	DMEM_WORK_STORE,	/* one page stored */
	DMEM_WORKS,
};

/* Each CPU's part of a store; changed with interrupts off or by this_cpu ops. */
struct dmem_store_cpu {
	u64 events[DMEM_EVENTS];
	u32 clock;		/* next page that the hand looks at */
	u32 clock_end;		/* end of the batch that was drawn */
	u32 free_at;		/* chunk where a free page was found last */
	u32 lottery;		/* pages that the filter was asked about */
};

struct dmem_store {
	char name[DMEM_NAME_LEN];
	unsigned long base_pfn;
	u32 nr_pages;
	u32 nr_chunks;
	int nid;
	int slot;			/* in dmem_stores */

	u8 *state;			/* DMEM_*, see the top of this file */
	u8 *ref;			/* 0 to DMEM_REF_MAX; updates may be lost */
	struct dmem_entry *entries;
	struct dmem_bucket *buckets;
	u32 bucket_mask;
	struct dmem_chunk *chunks;
	unsigned long *free_chunks;	/* chunks that may hold FREE pages */
	u32 *ghosts;			/* see lru.c */
	u32 ghost_mask;
	atomic_t hand;			/* batches drawn, see lru.c */
	struct dmem_store_cpu __percpu *cpu;
	struct dentry *dir;
};

extern struct dmem_store __rcu *dmem_stores[DMEM_MAX_STORES];
extern int dmem_stores_end;	/* slots from here on are empty */

/* Frame that this CPU reads or writes at the moment, 0 for none. */
DECLARE_PER_CPU(unsigned long, dmem_busy_pfn);

static inline unsigned long dmem_pfn(const struct dmem_store *store, u32 page)
{
	return store->base_pfn + page;
}

/*
 * Announce that the contents of a page are about to be touched. Interrupts are
 * off until dmem_busy_end(). The caller looks at the page's state afterwards.
 */
static inline void dmem_busy_begin(const struct dmem_store *store, u32 page)
{
	__this_cpu_write(dmem_busy_pfn, dmem_pfn(store, page));
	/* Pairs with the one in dmem_revoke(): announced, then looked at. */
	smp_mb();
}

static inline void dmem_busy_end(void)
{
	/* Pairs with the acquiring load in dmem_wait_busy(). */
	smp_store_release(this_cpu_ptr(&dmem_busy_pfn), 0UL);
}

static inline struct dmem_chunk *dmem_chunk_of(const struct dmem_store *store,
					       u32 page)
{
	return &store->chunks[page >> DMEM_CHUNK_SHIFT];
}

static inline u8 dmem_page_state(const struct dmem_store *store, u32 page)
{
	/* Pairs with the release in lend_chunk(): then look at the byte. */
	if (smp_load_acquire(&dmem_chunk_of(store, page)->revoked))
		return DMEM_ABSENT;
	return READ_ONCE(store->state[page]);
}

static inline void dmem_count(struct dmem_store *store, enum dmem_event event,
			      s64 by)
{
	this_cpu_add(store->cpu->events[event], by);
}

/* store.c */
bool dmem_page_move(struct dmem_store *store, u32 page, u8 from, u8 to);
bool dmem_page_free(struct dmem_store *store, u32 page, u8 from);

/* index.c */

/*
 * Full-width hash of a key, in two steps, as the first one of the next block's key is
 * an addition away. Buckets use the low bits, their filters the highest ones,
 * ghosts all of them.
 */
#define DMEM_HASH_STEP	0x9fb21c651e98df25ULL

static inline u64 dmem_hash_mix(const struct dmem_key *key)
{
	u64 mix = key->block + ((u64)key->cookie << 40);

	if (key->object)
		mix += key->object * GOLDEN_RATIO_64 + key->version;
	return mix * DMEM_HASH_STEP;
}

static inline u32 dmem_hash_fold(u64 mix)
{
	return mix >> 32 ^ mix >> 11;
}

static inline u32 dmem_hash(const struct dmem_key *key)
{
	return dmem_hash_fold(dmem_hash_mix(key));
}

static inline unsigned int dmem_filter_bit(u32 hash)
{
	return hash >> 27;
}

/*
 * May the bucket's chain hold a key with this hash? No lock is taken. A writer
 * who has changed the guard of the key, with a full barrier, may rely on a no:
 * pairs with the barrier in dmem_index_insert().
 */
static inline bool dmem_bucket_may_hold(const struct dmem_bucket *bucket,
					u32 hash)
{
	return READ_ONCE(bucket->filter) >> dmem_filter_bit(hash) & 1;
}

static inline bool dmem_index_may_hold(const struct dmem_store *store, u32 hash)
{
	return dmem_bucket_may_hold(&store->buckets[hash & store->bucket_mask],
				    hash);
}

bool dmem_index_maybe(const struct dmem_store *store,
		      const struct dmem_key *key, u32 hash);
bool dmem_index_touch(struct dmem_store *store, const struct dmem_key *key,
		      u32 hash);
bool dmem_index_drop(struct dmem_store *store, const struct dmem_key *key,
		     u32 hash);
void dmem_index_detach(struct dmem_store *store, u32 page);

/**
 * struct dmem_copy - one copy out of a cached page
 * @page:    where to
 * @to:      first byte in @page
 * @from:    first byte in the cached page
 * @len:     number of bytes
 * @consume: give the cached page up when it has been read
 */
struct dmem_copy {
	struct page *page;
	u16 to;
	u16 from;
	u32 len;
	bool consume;
};

bool dmem_index_load(struct dmem_store *store, const struct dmem_key *key,
		     u32 hash, const struct dmem_copy *copy);

/**
 * struct dmem_guard - condition under which a fill is still true
 * @slot:  counter to look at, NULL for none
 * @value: what it must be
 *
 * Looked at after the entry became visible, so a writer that first changes the
 * counter and then drops the key finds either no entry or one that will go.
 */
struct dmem_guard {
	const atomic64_t *slot;
	u64 value;
};

static inline bool dmem_guard_holds(const struct dmem_guard *guard)
{
	return !guard->slot || atomic64_read(guard->slot) == guard->value;
}

bool dmem_index_insert(struct dmem_store *store, const struct dmem_key *key,
		       u32 hash, u32 page, const struct dmem_guard *guard);

/* lru.c */
extern unsigned int dmem_policy;

enum dmem_policies {
	DMEM_FIFO,		/* reads do not count */
	DMEM_CLOCK,		/* a second chance for what was read */
	DMEM_CLOCK_GHOST,	/* up to three, one for what came back soon */
	DMEM_CLOCK_FILTER,	/* ... and not everything is let in */
	DMEM_POLICIES,
};

u32 dmem_lru_take(struct dmem_store *store, u32 hash);
void dmem_lru_used(struct dmem_store *store, u32 page);
void dmem_lru_consumed(struct dmem_store *store, u32 hash);
void dmem_lru_filled(struct dmem_store *store, u32 page, u32 hash);
int dmem_policy_set(const char *name);
const char *dmem_policy_name(void);

/* cache.c */
/**
 * struct dmem_cache - one front end's view: its keys in all stores
 * @cookie: marks its keys; changes when everything is dropped
 */
struct dmem_cache {
	u32 cookie;
};

void dmem_cache_init(struct dmem_cache *cache);
bool dmem_cache_maybe(const struct dmem_key *key);
bool dmem_cache_load(const struct dmem_key *key, const struct dmem_copy *copy);
bool dmem_cache_fill(const struct dmem_key *key, struct page *page,
		     const struct dmem_guard *guard);
u64 dmem_cache_drop(const struct dmem_key *first, u32 nr);
u64 dmem_cache_drop_all(struct dmem_cache *cache);
u64 dmem_cache_count(const struct dmem_cache *cache);

/* stats.c */
void dmem_latency_add(enum dmem_work work, u64 ns);
u64 dmem_latency_sum(enum dmem_work work, unsigned int class);
u64 dmem_store_event(const struct dmem_store *store, enum dmem_event event);

/* debugfs.c */
void dmem_debugfs_init(void);
void dmem_debugfs_exit(void);
void dmem_debugfs_add(struct dmem_store *store);
void dmem_debugfs_remove(struct dmem_store *store);

/* target.c */
int dmem_target_init(void);
void dmem_target_exit(void);
u64 dmem_target_residents(void);

/* frontswap.c, cleancache.c: front ends that some kernels have themselves */
void dmem_frontswap_init(void);
void dmem_cleancache_init(void);

/* own.c */
int dmem_own_init(void);
void dmem_own_exit(void);

#endif /* _DMEM_DMEM_H */
