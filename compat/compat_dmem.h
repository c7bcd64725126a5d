/* SPDX-License-Identifier: GPL-2.0 */
/* Which front ends dmem has, and how pages are mapped for a copy. */
#ifndef _COMPAT_DMEM_H
#define _COMPAT_DMEM_H

#include <linux/highmem.h>

#include <features.h>

/* Of a front end that is not there the functions are not even compiled. */
#ifdef HAVE_FOLIO
#define COMPAT_DMEM_TARGET	1
#else
#define COMPAT_DMEM_TARGET	0
#endif

#if defined(HAVE_FRONTSWAP_MODULES) && defined(CONFIG_FRONTSWAP)
#define COMPAT_DMEM_FRONTSWAP	1
#else
#define COMPAT_DMEM_FRONTSWAP	0
#endif

#if defined(HAVE_CLEANCACHE) && defined(CONFIG_CLEANCACHE)
#define COMPAT_DMEM_CLEANCACHE	1
#else
#define COMPAT_DMEM_CLEANCACHE	0
#endif

/* Before 5.11 only machines without high memory are served, where all is mapped. */
#ifndef HAVE_KMAP_LOCAL
#ifdef CONFIG_HIGHMEM
#error dmem needs a kernel without high memory, or 5.11
#endif
#define kmap_local_page(page)	page_address(page)
#define kunmap_local(address)	((void)(address))
#endif

#endif /* _COMPAT_DMEM_H */
