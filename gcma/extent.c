// SPDX-License-Identifier: GPL-2.0
/*
 * The free page ranges of an area.
 *
 * Two red-black trees over the same nodes: by address, to find a released
 * range's neighbours, and by size, to find the smallest range that fits. Both
 * take O(log n) for n free ranges, whatever the number of pages. The nodes for
 * the worst fragmentation (every other page allocated) are allocated with the
 * area, so neither allocating nor releasing ever needs memory.
 *
 * Nothing here locks; the area's lock is held around every call.
 */
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "gcma.h"

#define addr_entry(node)	rb_entry(node, struct gcma_extent, by_addr)
#define size_entry(node)	rb_entry(node, struct gcma_extent, by_size)
#define size_entry_safe(node)	rb_entry_safe(node, struct gcma_extent, by_size)

/**
 * gcma_extents_init - make an index with no free range in it
 * @x:        index
 * @nr_pages: pages of the area
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int gcma_extents_init(struct gcma_extents *x, unsigned long nr_pages)
{
	/* Free and allocated pages alternating, and one while splitting. */
	unsigned long worst = nr_pages / 2 + 2;
	unsigned long i;

	memset(x, 0, sizeof(*x));
	x->nodes = vcalloc(worst, sizeof(*x->nodes));
	if (!x->nodes)
		return -ENOMEM;
	for (i = 0; i + 1 < worst; i++)
		x->nodes[i].spare = &x->nodes[i + 1];
	x->spare = x->nodes;
	return 0;
}

void gcma_extents_destroy(struct gcma_extents *x)
{
	vfree(x->nodes);
}

static bool size_before(const struct gcma_extent *a, const struct gcma_extent *b)
{
	return a->nr != b->nr ? a->nr < b->nr : a->start < b->start;
}

static void link_by_size(struct gcma_extents *x, struct gcma_extent *e)
{
	struct rb_node **link = &x->by_size.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = size_before(e, size_entry(parent)) ?
			&parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&e->by_size, parent, link);
	rb_insert_color(&e->by_size, &x->by_size);
}

static void link_by_addr(struct gcma_extents *x, struct gcma_extent *e)
{
	struct rb_node **link = &x->by_addr.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = e->start < addr_entry(parent)->start ?
			&parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&e->by_addr, parent, link);
	rb_insert_color(&e->by_addr, &x->by_addr);
}

static void add_node(struct gcma_extents *x, u32 start, u32 nr)
{
	struct gcma_extent *e = x->spare;

	/* There is one for every extent that can exist; see gcma_extents_init(). */
	x->spare = e->spare;
	e->start = start;
	e->nr = nr;
	link_by_addr(x, e);
	link_by_size(x, e);
	x->nr_nodes++;
}

static void drop_node(struct gcma_extents *x, struct gcma_extent *e)
{
	rb_erase(&e->by_addr, &x->by_addr);
	rb_erase(&e->by_size, &x->by_size);
	e->spare = x->spare;
	x->spare = e;
	x->nr_nodes--;
}

/* Its place among the addresses stays, as it only gives or takes at its ends. */
static void resize_node(struct gcma_extents *x, struct gcma_extent *e,
			u32 start, u32 nr)
{
	const struct gcma_extent now = { .start = start, .nr = nr };
	const struct gcma_extent *next;
	bool moves;

	if (nr < e->nr) {
		next = gcma_extents_smaller(e);
		moves = next && !size_before(next, &now);
	} else {
		next = gcma_extents_larger(e);
		moves = next && !size_before(&now, next);
	}
	if (moves)
		rb_erase(&e->by_size, &x->by_size);
	e->start = start;
	e->nr = nr;
	if (moves)
		link_by_size(x, e);
}

/* The last extent that starts at or below @page. */
static struct gcma_extent *extent_below(const struct gcma_extents *x, u32 page)
{
	struct rb_node *node = x->by_addr.rb_node;
	struct gcma_extent *found = NULL;

	while (node) {
		struct gcma_extent *e = addr_entry(node);

		if (e->start <= page) {
			found = e;
			node = node->rb_right;
		} else {
			node = node->rb_left;
		}
	}
	return found;
}

static struct gcma_extent *extent_above(const struct gcma_extents *x,
					struct gcma_extent *below)
{
	struct rb_node *node = below ? rb_next(&below->by_addr) :
				       rb_first(&x->by_addr);

	return rb_entry_safe(node, struct gcma_extent, by_addr);
}

/**
 * gcma_extents_add - make a range free
 * @x:     index
 * @start: first page
 * @nr:    number of pages, not 0
 *
 * Context: any.
 * Return: false, and nothing changed, if a page of the range is free already.
 */
bool gcma_extents_add(struct gcma_extents *x, u32 start, u32 nr)
{
	struct gcma_extent *below = extent_below(x, start);
	struct gcma_extent *above = extent_above(x, below);
	bool joins_below, joins_above;

	if (below && below->start + below->nr > start)
		return false;
	if (above && start + nr > above->start)
		return false;

	joins_below = below && below->start + below->nr == start;
	joins_above = above && start + nr == above->start;
	if (joins_below && joins_above) {
		u32 total = below->nr + nr + above->nr;

		drop_node(x, above);
		resize_node(x, below, below->start, total);
	} else if (joins_below) {
		resize_node(x, below, below->start, below->nr + nr);
	} else if (joins_above) {
		resize_node(x, above, start, nr + above->nr);
	} else {
		add_node(x, start, nr);
	}
	x->nr_free += nr;
	x->changes++;
	return true;
}

/**
 * gcma_extents_carve - take a range out of a free extent
 * @x:     index
 * @e:     extent that contains the range; may be gone afterwards
 * @start: first page
 * @nr:    number of pages, not 0
 *
 * Context: any.
 */
void gcma_extents_carve(struct gcma_extents *x, struct gcma_extent *e,
			u32 start, u32 nr)
{
	u32 before = start - e->start;
	u32 after = e->start + e->nr - (start + nr);

	if (before && after) {
		resize_node(x, e, e->start, before);
		add_node(x, start + nr, after);
	} else if (before) {
		resize_node(x, e, e->start, before);
	} else if (after) {
		resize_node(x, e, start + nr, after);
	} else {
		drop_node(x, e);
	}
	x->nr_free -= nr;
	x->changes++;
}

/**
 * gcma_extents_overlap - is any page of a range free?
 * @x:     index
 * @start: first page
 * @nr:    number of pages, not 0
 *
 * Context: any.
 */
bool gcma_extents_overlap(const struct gcma_extents *x, u32 start, u32 nr)
{
	const struct gcma_extent *e = extent_below(x, start + nr - 1);

	return e && e->start + e->nr > start;
}

/**
 * gcma_extents_at - the extent that contains a page
 * @x:    index
 * @page: page
 *
 * Context: any.
 * Return: the extent, or NULL if the page is not free.
 */
struct gcma_extent *gcma_extents_at(const struct gcma_extents *x, u32 page)
{
	struct gcma_extent *e = extent_below(x, page);

	return e && e->start + e->nr > page ? e : NULL;
}

/**
 * gcma_extents_fitting - the smallest extent of at least some size
 * @x:  index
 * @nr: number of pages
 *
 * Context: any.
 * Return: the lowest of the smallest ones, or NULL.
 */
struct gcma_extent *gcma_extents_fitting(const struct gcma_extents *x, u32 nr)
{
	struct rb_node *node = x->by_size.rb_node;
	struct gcma_extent *found = NULL;

	while (node) {
		struct gcma_extent *e = size_entry(node);

		if (e->nr >= nr) {
			found = e;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return found;
}

/* The next extent in order of size, then of address; NULL after the last. */
struct gcma_extent *gcma_extents_larger(const struct gcma_extent *e)
{
	return size_entry_safe(rb_next(&e->by_size));
}

struct gcma_extent *gcma_extents_smaller(const struct gcma_extent *e)
{
	return size_entry_safe(rb_prev(&e->by_size));
}

struct gcma_extent *gcma_extents_largest(const struct gcma_extents *x)
{
	return size_entry_safe(rb_last(&x->by_size));
}
