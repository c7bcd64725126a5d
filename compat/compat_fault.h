/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where this kernel's allocators can be made to fail, for the fault injector.
 *
 * A table names functions that are never inlined and such that each allocation
 * passes exactly one of them.  Kernels before 6.11 ask should_failslab() once
 * for every slab allocation, even when it is configured to answer "no"; later
 * ones leave that call out, so their entry points are listed one by one.
 */
#ifndef _SURETY_COMPAT_FAULT_H
#define _SURETY_COMPAT_FAULT_H

#include <linux/errno.h>
#include <linux/types.h>
#include <features.h>

/* What the size argument of an entry point counts. */
enum compat_fault_size {
	COMPAT_FAULT_ORDER,	/* order of pages */
	COMPAT_FAULT_CACHE,	/* pointer to the struct kmem_cache */
	COMPAT_FAULT_BYTES,	/* bytes of a kmalloc() */
};

/**
 * struct compat_fault_entry - a function that can be made to fail
 * @symbol:   its name
 * @gfp_arg:  which argument holds the allocation flags, counted from 0
 * @size_arg: which argument tells the size
 * @size:     what that argument means
 * @failure:  what the function returns when it failed
 */
struct compat_fault_entry {
	const char *symbol;
	u8 gfp_arg;
	u8 size_arg;
	enum compat_fault_size size;
	long failure;
};

static const struct compat_fault_entry compat_fault_page[] = {
#if defined(HAVE_ALLOC_FROZEN_PAGES)
	{ "__alloc_frozen_pages_noprof", 0, 1, COMPAT_FAULT_ORDER, 0 },
#elif defined(HAVE_ALLOC_PAGES_NOPROF)
	{ "__alloc_pages_noprof", 0, 1, COMPAT_FAULT_ORDER, 0 },
#else
	{ "__alloc_pages", 0, 1, COMPAT_FAULT_ORDER, 0 },
#endif
};

/* With kmalloc buckets, their argument stands between size and flags. */
#ifdef CONFIG_SLAB_BUCKETS
#define COMPAT_FAULT_BUCKET_GFP	2
#else
#define COMPAT_FAULT_BUCKET_GFP	1
#endif

static const struct compat_fault_entry compat_fault_slab[] = {
#ifdef HAVE_SHOULD_FAILSLAB
	{ "should_failslab", 1, 0, COMPAT_FAULT_CACHE, -ENOMEM },
#else
	{ "kmem_cache_alloc_noprof", 1, 0, COMPAT_FAULT_CACHE, 0 },
	{ "kmem_cache_alloc_lru_noprof", 2, 0, COMPAT_FAULT_CACHE, 0 },
	{ "kmem_cache_alloc_node_noprof", 1, 0, COMPAT_FAULT_CACHE, 0 },
	{ "kmem_cache_alloc_bulk_noprof", 1, 0, COMPAT_FAULT_CACHE, 0 },
	{ "__kmalloc_cache_noprof", 1, 0, COMPAT_FAULT_CACHE, 0 },
	{ "__kmalloc_cache_node_noprof", 1, 0, COMPAT_FAULT_CACHE, 0 },
	{ "__kmalloc_noprof", 1, 0, COMPAT_FAULT_BYTES, 0 },
	{ "__kmalloc_node_noprof", COMPAT_FAULT_BUCKET_GFP, 0,
	  COMPAT_FAULT_BYTES, 0 },
	{ "__kmalloc_node_track_caller_noprof", COMPAT_FAULT_BUCKET_GFP, 0,
	  COMPAT_FAULT_BYTES, 0 },
#endif
};

#endif /* _SURETY_COMPAT_FAULT_H */
