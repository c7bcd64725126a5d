// SPDX-License-Identifier: GPL-2.0
/*
 * What an object of the slab layer costs in pages.
 */
#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "ama_core.h"

/* More than a slab has, so that there are neighbours among them. */
#define OBJECTS	16

/* Least distance of two objects in memory. */
static size_t least_distance(void * const objects[], unsigned int nr)
{
	size_t least = SIZE_MAX;
	unsigned int i, j;

	for (i = 0; i < nr; i++)
		for (j = 0; j < nr; j++)
			if (objects[j] > objects[i])
				least = min_t(size_t, least,
					      objects[j] - objects[i]);
	return least;
}

/**
 * ama_object_order - order of the pages that a slab object needs at least
 * @size: of the object, in bytes
 *
 * Slabs are of a higher order where that can be had, and then of the lowest
 * that holds an object. A debugging allocator (KASAN, slub_debug) adds to each
 * object, so that one that is as long as a page needs two; a demand has to name
 * pages of that order. The slab layer does not tell, so that neighbours are
 * looked at.
 *
 * Context: may sleep; allocates and frees a few objects.
 * Return: the order; if there is no memory, as if nothing was added.
 */
unsigned int ama_object_order(size_t size)
{
	void *objects[OBJECTS];
	struct kmem_cache *cache;
	unsigned int nr, i;
	size_t distance;

	cache = kmem_cache_create("ama_object", size, 0, SLAB_HWCACHE_ALIGN, NULL);
	if (!cache)
		return get_order(size);
	for (nr = 0; nr < OBJECTS; nr++) {
		objects[nr] = kmem_cache_alloc(cache, GFP_KERNEL);
		if (!objects[nr])
			break;
	}
	distance = nr == OBJECTS ? least_distance(objects, nr) : size;
	for (i = 0; i < nr; i++)
		kmem_cache_free(cache, objects[i]);
	kmem_cache_destroy(cache);
	return get_order(distance);
}
EXPORT_SYMBOL_GPL(ama_object_order);
