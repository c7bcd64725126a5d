// SPDX-License-Identifier: GPL-2.0
/*
 * Hit rates of replacement policies of a victim cache below a page cache.
 *
 * usage: dmem_policy
 *
 * Made-up request streams go through a page cache (LRU) and, below it, a store
 * that is filled by what the page cache evicts, as dmem does it. The store's
 * policies are those of dmem/lru.c, and plain LRU beside them. A store is exclusive when a block that is read moves to the
 * page cache, inclusive when a copy stays. Prints CSV.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS		65536	/* different blocks requested */
#define PAGE_CACHE	8192	/* pages */
#define REQUESTS	600000
#define NONE		(-1)

static unsigned long long seed;

static double uniform(void)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (seed >> 11) / 9007199254740992.0;
}

/* --- Lists, for LRU and FIFO ---------------------------------------------- */

struct list {
	int next[BLOCKS + 1], prev[BLOCKS + 1];	/* element BLOCKS is the head */
	char in[BLOCKS];
	int length;
};

static void list_clear(struct list *l)
{
	memset(l->in, 0, sizeof(l->in));
	l->next[BLOCKS] = l->prev[BLOCKS] = BLOCKS;
	l->length = 0;
}

static void list_remove(struct list *l, int b)
{
	l->next[l->prev[b]] = l->next[b];
	l->prev[l->next[b]] = l->prev[b];
	l->in[b] = 0;
	l->length--;
}

static void list_push(struct list *l, int b)
{
	l->next[b] = l->next[BLOCKS];
	l->prev[b] = BLOCKS;
	l->prev[l->next[b]] = b;
	l->next[BLOCKS] = b;
	l->in[b] = 1;
	l->length++;
}

static int list_last(const struct list *l)
{
	return l->prev[BLOCKS];
}

/* --- The store ------------------------------------------------------------ */

enum policy { NO_STORE, FIFO, LRU, CLOCK, GHOST, FILTER, POLICIES };

static const char *const names[POLICIES] = {
	"none", "fifo", "lru", "clock", "clock-ghost", "clock-filter",
};

static enum policy policy;
static int inclusive, capacity;
static struct list order;		/* FIFO, LRU */
static int holds[BLOCKS], place[BLOCKS];	/* clock: page and block */
static int ref[BLOCKS];
static int ghost[BLOCKS];		/* by a hash of the block, as in the kernel */
static int hand, used, lottery;

static int *ghost_of(int b)
{
	return &ghost[(unsigned int)b * 2654435761U % (unsigned int)capacity];
}

static int is_list(void)
{
	return policy == FIFO || policy == LRU;
}

static void store_clear(void)
{
	int i;

	list_clear(&order);
	for (i = 0; i < BLOCKS; i++) {
		place[i] = holds[i] = ghost[i] = NONE;
		ref[i] = 0;
	}
	hand = used = lottery = 0;
}

static int clock_victim(void)
{
	for (;; hand = (hand + 1) % capacity) {
		if (holds[hand] == NONE)
			break;
		if (!ref[hand]) {
			*ghost_of(holds[hand]) = holds[hand];
			place[holds[hand]] = NONE;
			break;
		}
		ref[hand]--;
	}
	return hand;
}

static int free_page(void)
{
	int i;

	if (used == capacity)
		return NONE;
	/* From the hand on, as good as any. */
	for (i = 0; i < capacity; i++)
		if (holds[(hand + i) % capacity] == NONE)
			return (hand + i) % capacity;
	return NONE;
}

static void store_fill(int b)
{
	int page, most = policy == CLOCK ? 1 : 3;

	if (policy == NO_STORE)
		return;
	if (is_list()) {
		if (order.in[b]) {
			if (policy == LRU) {
				list_remove(&order, b);
				list_push(&order, b);
			}
			return;
		}
		if (order.length == capacity)
			list_remove(&order, list_last(&order));
		list_push(&order, b);
		return;
	}
	if (place[b] != NONE) {
		if (ref[place[b]] < most)
			ref[place[b]]++;
		return;
	}
	page = free_page();
	if (page == NONE) {
		/* Full: a block that is not known to come back has to be lucky. */
		if (policy == FILTER && *ghost_of(b) != b && lottery++ % 4) {
			*ghost_of(b) = b;
			return;
		}
		page = clock_victim();
		hand = (page + 1) % capacity;
	} else {
		used++;
	}
	holds[page] = b;
	place[b] = page;
	ref[page] = policy != CLOCK && *ghost_of(b) == b;
	if (ref[page])
		*ghost_of(b) = NONE;
}

static int store_load(int b)
{
	if (policy == NO_STORE)
		return 0;
	if (is_list()) {
		if (!order.in[b])
			return 0;
		if (!inclusive || policy == LRU)
			list_remove(&order, b);
		if (inclusive && policy == LRU)
			list_push(&order, b);
		return 1;
	}
	if (place[b] == NONE)
		return 0;
	if (inclusive) {
		if (ref[place[b]] < (policy == CLOCK ? 1 : 3))
			ref[place[b]]++;
		return 1;
	}
	holds[place[b]] = NONE;
	ref[place[b]] = 0;
	place[b] = NONE;
	used--;
	if (policy >= GHOST)
		*ghost_of(b) = b;
	return 1;
}

/* --- The page cache and the streams ---------------------------------------- */

static struct list page_cache;

static double cumulated[BLOCKS];

static void zipf_prepare(void)
{
	double sum = 0;
	int i;

	for (i = 0; i < BLOCKS; i++)
		cumulated[i] = sum += 1.0 / (i + 1);
	for (i = 0; i < BLOCKS; i++)
		cumulated[i] /= sum;
}

static int zipf(void)
{
	double u = uniform();
	int low = 0, high = BLOCKS - 1;

	while (low < high) {
		int middle = (low + high) / 2;

		if (cumulated[middle] < u)
			low = middle + 1;
		else
			high = middle;
	}
	/* Spread the popular ones. */
	return (unsigned int)low * 40503U % BLOCKS;
}

enum stream { ZIPF, LOOP_FITS, LOOP_LARGER, SCAN_AND_HOT, SHIFTING, STREAMS };

static const char *const stream_names[STREAMS] = {
	"zipf", "loop-1.5x-page-cache", "loop-3x-page-cache",
	"zipf-and-scans", "shifting-hot-set",
};

static int request(enum stream stream, int i)
{
	static int scan;

	switch (stream) {
	case LOOP_FITS:
		return i % (PAGE_CACHE * 3 / 2);
	case LOOP_LARGER:
		return i % (PAGE_CACHE * 3);
	case SCAN_AND_HOT:
		/* A third of the requests reads files that are read once. */
		if (uniform() < 0.33)
			return scan++ % (BLOCKS / 2) + BLOCKS / 2;
		return zipf() / 2;
	case SHIFTING:
		return (zipf() + i / 100000 * 9001) % BLOCKS;
	default:
		return zipf();
	}
}

static void run(enum stream stream)
{
	long hits = 0, store_hits = 0, counted = 0;
	int i;

	seed = 42;
	list_clear(&page_cache);
	store_clear();
	for (i = 0; i < REQUESTS; i++) {
		int b = request(stream, i), warm = i > REQUESTS / 4;

		counted += warm;
		if (page_cache.in[b]) {
			hits += warm;
			list_remove(&page_cache, b);
		} else {
			store_hits += warm & store_load(b);
			if (page_cache.length == PAGE_CACHE) {
				int victim = list_last(&page_cache);

				list_remove(&page_cache, victim);
				store_fill(victim);
			}
		}
		list_push(&page_cache, b);
	}
	printf("hit-rate,%s,%s,%s,%d,%.2f,%.2f,%.2f\n", stream_names[stream],
	       names[policy], inclusive ? "inclusive" : "exclusive", capacity,
	       100.0 * hits / counted, 100.0 * store_hits / counted,
	       100.0 * (counted - hits - store_hits) / counted);
}

int main(void)
{
	static const int capacities[] = { PAGE_CACHE / 4, PAGE_CACHE };
	enum stream stream;
	unsigned int c;

	zipf_prepare();
	printf("measure,stream,policy,mode,store_pages,page_cache_hit_percent,store_hit_percent,disk_percent\n");
	for (stream = 0; stream < STREAMS; stream++) {
		for (c = 0; c < sizeof(capacities) / sizeof(*capacities); c++) {
			capacity = capacities[c];
			for (policy = NO_STORE; policy < POLICIES; policy++)
				for (inclusive = 0; inclusive < 2; inclusive++)
					if (policy != NO_STORE || !inclusive)
						run(stream);
		}
	}
	return 0;
}
