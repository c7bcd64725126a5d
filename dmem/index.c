// SPDX-License-Identifier: GPL-2.0
/*
 * The index of a store: from a key to the page that holds its copy.
 *
 * Hashed buckets, each a chain of entries under a lock of its own. Entry i
 * belongs to page i, so the index has as many entries as there are pages, all
 * made with the store. A bucket's lock is held while a page is copied out, so
 * that whoever drops a key knows that nobody reads the copy any more; two
 * CPUs wait for each other only over the same handful of blocks.
 *
 * An entry may be on a chain while its page is not VALID: the page was revoked,
 * or is being taken by a CPU that has not come to its bucket yet. Such entries
 * are taken off in passing.
 *
 * Everything here is called with interrupts off, under rcu_read_lock(). Locks
 * are raw because the eviction hook runs inside a trace point.
 */
#include <linux/highmem.h>
#include <linux/string.h>

#include "compat_dmem.h"
#include "dmem.h"

/* Entries of a chain that are looked at without its lock. */
#define MAYBE_STEPS	8

static inline struct dmem_bucket *bucket_of(struct dmem_store *store, u32 hash)
{
	return &store->buckets[hash & store->bucket_mask];
}

static inline bool key_equal(const struct dmem_key *a, const struct dmem_key *b)
{
	return a->block == b->block && a->cookie == b->cookie &&
	       a->object == b->object && a->version == b->version;
}

/*
 * Find the page of a key and take entries of lost pages off the chain on the
 * way. Returns the page, which was VALID a moment ago, or DMEM_NIL.
 */
static u32 bucket_find(struct dmem_store *store, struct dmem_bucket *bucket,
		       const struct dmem_key *key)
{
	u32 *link = &bucket->head;

	lockdep_assert_held(&bucket->lock);
	while (*link != DMEM_NIL) {
		struct dmem_entry *entry = &store->entries[*link];

		if (unlikely(dmem_page_state(store, *link) != DMEM_VALID)) {
			WRITE_ONCE(*link, entry->next);
			WRITE_ONCE(entry->bucket, DMEM_NIL);
			continue;
		}
		if (key_equal(&entry->key, key))
			return *link;
		link = &entry->next;
	}
	return DMEM_NIL;
}

/*
 * A key that the filter let pass was not there: let the filter say what is on
 * the chain, and no more.
 */
static void bucket_refresh(struct dmem_store *store, struct dmem_bucket *bucket)
{
	u32 page, filter = 0;

	lockdep_assert_held(&bucket->lock);
	for (page = bucket->head; page != DMEM_NIL;
	     page = store->entries[page].next)
		filter |= BIT(dmem_filter_bit(
				dmem_hash(&store->entries[page].key)));
	WRITE_ONCE(bucket->filter, filter);
}

static void bucket_unlink(struct dmem_store *store, struct dmem_bucket *bucket,
			  u32 page)
{
	struct dmem_entry *entry = &store->entries[page];
	u32 *link = &bucket->head;

	lockdep_assert_held(&bucket->lock);
	while (*link != page)
		link = &store->entries[*link].next;
	WRITE_ONCE(*link, entry->next);
	WRITE_ONCE(entry->bucket, DMEM_NIL);
}

/* Take a page, which the caller has made FILLING, off its old key's chain. */
void dmem_index_detach(struct dmem_store *store, u32 page)
{
	struct dmem_entry *entry = &store->entries[page];
	u32 old = READ_ONCE(entry->bucket);
	struct dmem_bucket *bucket;

	if (old == DMEM_NIL)
		return;
	bucket = &store->buckets[old];
	raw_spin_lock(&bucket->lock);
	/* Another may have met it meanwhile; nobody puts it on a chain. */
	if (entry->bucket != DMEM_NIL)
		bucket_unlink(store, bucket, page);
	raw_spin_unlock(&bucket->lock);
}

/*
 * Does the store hold the key, probably? Looks without the lock, so a chain
 * that changes at this moment may hide an entry or lead astray. For a reader
 * that is a miss, which is always true enough. Context: rcu_read_lock().
 */
bool dmem_index_maybe(const struct dmem_store *store,
		      const struct dmem_key *key, u32 hash)
{
	u32 page;
	int steps;

	if (!dmem_index_may_hold(store, hash))
		return false;
	page = READ_ONCE(store->buckets[hash & store->bucket_mask].head);
	for (steps = 0; page != DMEM_NIL && steps < MAYBE_STEPS; steps++) {
		const struct dmem_entry *entry = &store->entries[page];

		if (key_equal(&entry->key, key))
			return true;
		page = READ_ONCE(entry->next);
	}
	return page != DMEM_NIL;
}

/* Does the store hold the key? If so, count it as a read of the page. */
bool dmem_index_touch(struct dmem_store *store, const struct dmem_key *key,
		      u32 hash)
{
	struct dmem_bucket *bucket = bucket_of(store, hash);
	u32 page;

	if (!dmem_index_may_hold(store, hash))
		return false;
	raw_spin_lock(&bucket->lock);
	page = bucket_find(store, bucket, key);
	if (page != DMEM_NIL)
		dmem_lru_used(store, page);
	else
		bucket_refresh(store, bucket);
	raw_spin_unlock(&bucket->lock);
	return page != DMEM_NIL;
}

static void copy_out(struct dmem_store *store, u32 page,
		     const struct dmem_copy *copy)
{
	void *from = kmap_local_page(pfn_to_page(dmem_pfn(store, page)));
	void *to = kmap_local_page(copy->page);

	if (copy->len == PAGE_SIZE)
		copy_page(to, from);
	else
		memcpy(to + copy->to, from + copy->from, copy->len);
	kunmap_local(to);
	kunmap_local(from);
}

/* Copy from the page of a key, if the store holds it and may keep it so long. */
bool dmem_index_load(struct dmem_store *store, const struct dmem_key *key,
		     u32 hash, const struct dmem_copy *copy)
{
	struct dmem_bucket *bucket = bucket_of(store, hash);
	bool loaded = false;
	u32 page;

	if (!dmem_index_may_hold(store, hash))
		return false;
	raw_spin_lock(&bucket->lock);
	page = bucket_find(store, bucket, key);
	if (page == DMEM_NIL) {
		bucket_refresh(store, bucket);
		goto unlock;
	}
	dmem_busy_begin(store, page);
	if (dmem_page_state(store, page) == DMEM_VALID) {
		copy_out(store, page, copy);
		loaded = true;
		if (copy->consume) {
			/* Unless it was revoked, or chosen to be replaced, just now. */
			if (dmem_page_free(store, page, DMEM_VALID))
				dmem_count(store, DMEM_DROPPED, 1);
			dmem_lru_consumed(store, hash);
		} else {
			dmem_lru_used(store, page);
		}
	}
	dmem_busy_end();
	/* Last: while it is on our chain, the page cannot become another's. */
	if (!loaded || copy->consume)
		bucket_unlink(store, bucket, page);
unlock:
	raw_spin_unlock(&bucket->lock);
	return loaded;
}

/* Forget a key. Returns whether the store held it. */
bool dmem_index_drop(struct dmem_store *store, const struct dmem_key *key,
		     u32 hash)
{
	struct dmem_bucket *bucket = bucket_of(store, hash);
	u32 page;

	/* An entry that is not seen here will not pass its guard. */
	if (!dmem_index_may_hold(store, hash))
		return false;
	raw_spin_lock(&bucket->lock);
	page = bucket_find(store, bucket, key);
	if (page != DMEM_NIL) {
		dmem_busy_begin(store, page);
		if (dmem_page_free(store, page, DMEM_VALID))
			dmem_count(store, DMEM_DROPPED, 1);
		dmem_busy_end();
		bucket_unlink(store, bucket, page);
	} else {
		bucket_refresh(store, bucket);
	}
	raw_spin_unlock(&bucket->lock);
	return page != DMEM_NIL;
}

/*
 * Make an announced page, FILLING and filled, the copy of a key. Returns false when the
 * page was revoked, the key has a copy already or the guard does not hold; the
 * page is then on no chain.
 */
bool dmem_index_insert(struct dmem_store *store, const struct dmem_key *key,
		       u32 hash, u32 page, const struct dmem_guard *guard)
{
	struct dmem_bucket *bucket = bucket_of(store, hash);
	struct dmem_entry *entry = &store->entries[page];
	bool inserted = false;

	raw_spin_lock(&bucket->lock);
	if (bucket_find(store, bucket, key) != DMEM_NIL)
		goto unlock;
	entry->key = *key;
	entry->next = bucket->head;
	/* An empty chain is a chance to forget the keys that were on it. */
	WRITE_ONCE(bucket->filter, BIT(dmem_filter_bit(hash)) |
		   (bucket->head == DMEM_NIL ? 0 : bucket->filter));
	WRITE_ONCE(entry->bucket, hash & store->bucket_mask);
	WRITE_ONCE(bucket->head, page);
	/* Pairs with the changed guard of who asks dmem_index_may_hold(). */
	smp_mb();
	inserted = dmem_guard_holds(guard) &&
		   dmem_page_move(store, page, DMEM_FILLING, DMEM_VALID);
	if (!inserted)
		bucket_unlink(store, bucket, page);
unlock:
	raw_spin_unlock(&bucket->lock);
	return inserted;
}
