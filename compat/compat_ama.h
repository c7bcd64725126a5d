/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kernel interfaces that ama_core uses and that differ between kernels.
 */
#ifndef _COMPAT_AMA_H
#define _COMPAT_AMA_H

#include <linux/ftrace.h>
#include <linux/mm.h>
#include <linux/page_ref.h>
#include <linux/percpu.h>
#include <asm/current.h>

#include "features.h"

/* The function that every page of the page allocator comes through. */
#if defined(HAVE_ALLOC_FROZEN_PAGES)
#define COMPAT_ALLOC_PAGES	"__alloc_frozen_pages_noprof"
#elif defined(HAVE_ALLOC_PAGES_NOPROF)
#define COMPAT_ALLOC_PAGES	"__alloc_pages_noprof"
#else
#define COMPAT_ALLOC_PAGES	"__alloc_pages"
#endif

/* Where that function returns pages without a reference, give ours up. */
static inline void compat_hand_out_page(struct page *page)
{
#ifdef HAVE_ALLOC_FROZEN_PAGES
	set_page_count(page, 0);
#endif
}

static inline int compat_register_direct(struct ftrace_ops *ops, void *trampoline)
{
#ifdef HAVE_FTRACE_DIRECT_OPS
	return register_ftrace_direct(ops, (unsigned long)trampoline);
#else
	return register_ftrace_direct_multi(ops, (unsigned long)trampoline);
#endif
}

static inline int compat_unregister_direct(struct ftrace_ops *ops, void *trampoline)
{
#ifdef HAVE_FTRACE_DIRECT_OPS
	return unregister_ftrace_direct(ops, (unsigned long)trampoline, false);
#else
	return unregister_ftrace_direct_multi(ops, (unsigned long)trampoline);
#endif
}

/* Assembler operand and offset of the current task in per-CPU memory. */
#ifdef HAVE_PCPU_HOT_CURRENT
#define COMPAT_CURRENT_SYMBOL	"pcpu_hot"
#define COMPAT_CURRENT_OFFSET	offsetof(struct pcpu_hot, current_task)
#else
#define COMPAT_CURRENT_SYMBOL	"current_task"
#define COMPAT_CURRENT_OFFSET	0
#endif

/* The slab allocator's entries, with the place of the flags among the arguments. */
#ifdef CONFIG_SLAB_BUCKETS
#define COMPAT_GFP_BEHIND_SIZE	2
#else
#define COMPAT_GFP_BEHIND_SIZE	1
#endif

#if !defined(HAVE_ALLOC_FROZEN_PAGES) && !defined(HAVE_ALLOC_PAGES_NOPROF)
#define COMPAT_SLAB_ENTRIES(entry)			\
	entry("kmem_cache_alloc", 1)			\
	entry("kmem_cache_alloc_lru", 2)		\
	entry("kmem_cache_alloc_node", 1)		\
	entry("kmem_cache_alloc_bulk", 1)		\
	entry("__kmalloc", 1)				\
	entry("__kmalloc_node", 1)			\
	entry("__kmalloc_node_track_caller", 1)		\
	entry("kmalloc_trace", 1)			\
	entry("kmalloc_node_trace", 1)
#else
#define COMPAT_SLAB_ENTRIES(entry)			\
	entry("kmem_cache_alloc_noprof", 1)		\
	entry("kmem_cache_alloc_lru_noprof", 2)		\
	entry("kmem_cache_alloc_node_noprof", 1)	\
	entry("kmem_cache_alloc_bulk_noprof", 1)	\
	entry("__kmalloc_noprof", 1)			\
	entry("__kmalloc_node_noprof", COMPAT_GFP_BEHIND_SIZE)			\
	entry("__kmalloc_node_track_caller_noprof", COMPAT_GFP_BEHIND_SIZE)	\
	entry("__kmalloc_cache_noprof", 1)		\
	entry("__kmalloc_cache_node_noprof", 1)		\
	entry("__kvmalloc_node_noprof", COMPAT_GFP_BEHIND_SIZE)
#endif

#endif /* _COMPAT_AMA_H */
