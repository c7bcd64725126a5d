// SPDX-License-Identifier: GPL-2.0
/*
 * What front ends see: keys in all stores.
 *
 * Stores come and go while front ends are in use. Each operation looks at the
 * stores that exist at that moment; a block may lie in any of them. Two copies
 * of a block in two stores do no harm, since both equal the disk and dropping
 * looks everywhere.
 *
 * Everything here works from any context and takes no lock but one bucket's.
 */
#include <linux/export.h>
#include <linux/irqflags.h>
#include <linux/highmem.h>
#include <linux/sched.h>
#include <linux/sched/clock.h>

#include "dmem.h"
#include "trace.h"

/* Cookies are not used again within 2^32 drops of everything. */
static atomic_t next_cookie = ATOMIC_INIT(0);

void dmem_cache_init(struct dmem_cache *cache)
{
	WRITE_ONCE(cache->cookie, atomic_inc_return(&next_cookie));
}

/* The next store from @slot on, which then is behind it; NULL after the last. */
static __always_inline struct dmem_store *next_store(int *slot)
{
	struct dmem_store *store;

	while (*slot < READ_ONCE(dmem_stores_end)) {
		store = rcu_dereference(dmem_stores[(*slot)++]);
		if (store)
			return store;
	}
	return NULL;
}

/* Walk the stores; the caller holds rcu_read_lock(). */
#define for_each_store(slot, store)	\
	for ((slot) = 0; ((store) = next_store(&(slot)));)

static unsigned long cache_enter(void)
	__acquires(RCU)
{
	unsigned long flags;

	local_irq_save(flags);
	rcu_read_lock();
	return flags;
}

static void cache_leave(unsigned long flags)
	__releases(RCU)
{
	rcu_read_unlock();
	local_irq_restore(flags);
}

/**
 * dmem_cache_maybe() - is there probably a copy of a key?
 * @key: the key
 *
 * Cheap, for the many reads that miss: no lock, interrupts stay on.
 *
 * Context: any.
 * Return: false if a load is not worth trying.
 */
bool dmem_cache_maybe(const struct dmem_key *key)
{
	struct dmem_store *store;
	bool maybe = false;
	u32 hash;
	int i;

	if (!READ_ONCE(dmem_stores_end))
		return false;
	hash = dmem_hash(key);
	rcu_read_lock();
	for_each_store(i, store) {
		maybe = dmem_index_maybe(store, key, hash);
		if (maybe)
			break;
	}
	rcu_read_unlock();
	return maybe;
}

/**
 * dmem_cache_load() - copy from the cached page of a key
 * @key:  the key
 * @copy: which bytes, and where to
 *
 * Context: any.
 * Return: false when there is no copy, or it was revoked meanwhile; the
 * destination is undefined then.
 */
bool dmem_cache_load(const struct dmem_key *key, const struct dmem_copy *copy)
{
	unsigned long flags = cache_enter();
	u32 hash = dmem_hash(key);
	struct dmem_store *store;
	bool loaded = false;
	int i;

	for_each_store(i, store) {
		u64 start = local_clock();

		loaded = dmem_index_load(store, key, hash, copy);
		if (loaded) {
			dmem_count(store, DMEM_LOADED, 1);
			dmem_latency_add(DMEM_WORK_LOAD, local_clock() - start);
			break;
		}
	}
	cache_leave(flags);
	trace_dmem_load(key, loaded);
	return loaded;
}

/* Put a copy of @page into one store. Interrupts are off. */
static bool store_fill(struct dmem_store *store, const struct dmem_key *key,
		       u32 hash, struct page *page,
		       const struct dmem_guard *guard)
{
	u32 into = dmem_lru_take(store, hash);
	bool stored;

	if (into == DMEM_NIL)
		return false;
	copy_highpage(pfn_to_page(dmem_pfn(store, into)), page);
	dmem_lru_filled(store, into, hash);
	stored = dmem_index_insert(store, key, hash, into, guard);
	if (stored)
		dmem_count(store, DMEM_STORED, 1);
	else
		dmem_page_free(store, into, DMEM_FILLING);
	dmem_busy_end();
	return stored;
}

/**
 * dmem_cache_fill() - keep a copy of a page, if there is room
 * @key:   what the page is a copy of
 * @page:  the page; its contents must not change during the call
 * @guard: condition under which the contents are true; looked at again when the
 *         copy has become visible
 *
 * Stores are tried in turn, beginning with one that the key chooses, so that
 * blocks spread over them.
 *
 * Context: any; at most one page copied, at most a few hundred pages looked at.
 * Return: whether there is a copy now.
 */
bool dmem_cache_fill(const struct dmem_key *key, struct page *page,
		     const struct dmem_guard *guard)
{
	unsigned long flags = cache_enter();
	u64 start = local_clock();
	u32 hash = dmem_hash(key);
	struct dmem_store *store;
	bool kept = false;
	int i, first = 0, stores = 0;

	if (!dmem_guard_holds(guard))
		goto leave;
	for_each_store(i, store) {
		kept = dmem_index_touch(store, key, hash);
		if (kept)
			goto leave;
		stores++;
	}
	if (stores > 1)
		first = reciprocal_scale(hash, stores);
	/* All slots once: a store may come or go meanwhile. */
	for (i = 0; i < DMEM_MAX_STORES && !kept; i++) {
		store = rcu_dereference(dmem_stores[(first + i) %
						    DMEM_MAX_STORES]);
		if (store)
			kept = store_fill(store, key, hash, page, guard);
	}
	if (kept)
		dmem_latency_add(DMEM_WORK_STORE, local_clock() - start);
leave:
	cache_leave(flags);
	trace_dmem_store(key, kept);
	return kept;
}

/* How many keys from one on have no copy: a hash and a look for each. */
static inline u32 count_absent(const struct dmem_store *store, u64 mix, u32 nr)
{
	const struct dmem_bucket *buckets = store->buckets;
	u32 mask = store->bucket_mask;
	u32 i;

	for (i = 0; i < nr; i++, mix += DMEM_HASH_STEP) {
		u32 hash = dmem_hash_fold(mix);

		if (unlikely(dmem_bucket_may_hold(&buckets[hash & mask], hash)))
			break;
	}
	return i;
}

/* Drop a row of keys, of which the first @absent have no copy. */
static noinline u64 drop_row(struct dmem_store *store,
			     const struct dmem_key *first, u32 nr, u32 absent)
{
	struct dmem_key key = *first;
	u64 dropped = 0;

	while (absent < nr) {
		unsigned long flags;

		key.block = first->block + absent;
		local_irq_save(flags);
		dropped += dmem_index_drop(store, &key, dmem_hash(&key));
		local_irq_restore(flags);
		absent++;
		key.block++;
		absent += count_absent(store, dmem_hash_mix(&key), nr - absent);
	}
	return dropped;
}

/**
 * dmem_cache_drop() - forget keys
 * @first: the first key
 * @nr:    how many, their blocks counting up from the first one's
 *
 * When it returns, nobody is reading a copy of any of the keys. If fills of a
 * key may run at the same time, change its guard first, with a full barrier.
 *
 * Context: any.
 * Return: number of copies there were.
 */
u64 dmem_cache_drop(const struct dmem_key *first, u32 nr)
{
	struct dmem_store *store;
	u64 mix = dmem_hash_mix(first);
	u64 dropped = 0;
	int i;

	if (!READ_ONCE(dmem_stores_end))
		return 0;
	rcu_read_lock();
	for_each_store(i, store) {
		u32 absent = count_absent(store, mix, nr);

		if (unlikely(absent < nr))
			dropped += drop_row(store, first, nr, absent);
	}
	rcu_read_unlock();
	return dropped;
}

/*
 * Is page @page of @store a copy under @cookie? The answer may be outdated at
 * once; the key of a page that is being filled is torn.
 */
static bool page_is_of(struct dmem_store *store, u32 page, u32 cookie)
{
	return dmem_page_state(store, page) == DMEM_VALID &&
	       READ_ONCE(store->entries[page].key.cookie) == cookie;
}

static u64 drop_range(struct dmem_store *store, u32 page, u32 end, u32 cookie)
{
	u64 dropped = 0;

	for (; page < end; page++) {
		struct dmem_key key;

		if (!page_is_of(store, page, cookie))
			continue;
		key = store->entries[page].key;
		if (dmem_index_drop(store, &key, dmem_hash(&key)))
			dropped++;
	}
	return dropped;
}

/* Visit a store chunk by chunk, each with interrupts off for its pages only. */
static u64 drop_store(int slot, u32 cookie)
{
	struct dmem_store *store;
	u64 dropped = 0;
	u32 page = 0;

	for (;;) {
		unsigned long flags = cache_enter();
		u32 end;

		store = rcu_dereference(dmem_stores[slot]);
		if (!store || page >= store->nr_pages) {
			cache_leave(flags);
			return dropped;
		}
		end = min_t(u32, page + DMEM_CHUNK_PAGES, store->nr_pages);
		dropped += drop_range(store, page, end, cookie);
		cache_leave(flags);
		page = end;
		cond_resched();
	}
}

/**
 * dmem_cache_drop_all() - forget everything of a cache
 * @cache: the cache
 *
 * The old keys stop matching at once; the pages are freed before it returns,
 * except those whose fill was under way, which the replacement meets later.
 *
 * Context: may sleep.
 * Return: number of pages freed.
 */
u64 dmem_cache_drop_all(struct dmem_cache *cache)
{
	u32 old = READ_ONCE(cache->cookie);
	u64 dropped = 0;
	int i;

	might_sleep();
	dmem_cache_init(cache);
	/* Users of the old cookie are under RCU, with interrupts off or not. */
	synchronize_rcu();
	for (i = 0; i < DMEM_MAX_STORES; i++)
		dropped += drop_store(i, old);
	return dropped;
}

/**
 * dmem_cache_count() - pages that hold copies of a cache
 * @cache: the cache
 *
 * Context: may sleep; looks at every page of every store.
 * Return: the number, which changes while it is counted.
 */
u64 dmem_cache_count(const struct dmem_cache *cache)
{
	u32 cookie = READ_ONCE(cache->cookie);
	u64 count = 0;
	int i;

	for (i = 0; i < DMEM_MAX_STORES; i++) {
		struct dmem_store *store;
		u32 page;

		rcu_read_lock();
		store = rcu_dereference(dmem_stores[i]);
		for (page = 0; store && page < store->nr_pages; page++)
			count += page_is_of(store, page, cookie);
		rcu_read_unlock();
	}
	return count;
}
