/* SPDX-License-Identifier: GPL-2.0 */
/* Mapping page frames huge, and name spaces. */
#ifndef _SURETY_COMPAT_CONTIG_H
#define _SURETY_COMPAT_CONTIG_H

#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/module.h>

#include <features.h>

#include "compat_claim.h"

#ifdef HAVE_INSERT_PMD_PFN_T
#include <linux/pfn_t.h>
#endif

static inline void compat_vm_flags_set(struct vm_area_struct *vma,
				       unsigned long flags)
{
#ifdef HAVE_VM_FLAGS_SET
	vm_flags_set(vma, flags);
#else
	vma->vm_flags |= flags;
#endif
}

/*
 * Huge faults on raw page frames are sent to the driver since they are told
 * apart by order; before, the fault path ignores such mappings.
 */
#ifdef HAVE_HUGE_FAULT_ORDER
#define COMPAT_HUGE_PFN_FAULT	IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE)

static inline vm_fault_t compat_insert_pmd(struct vm_fault *vmf,
					   unsigned long pfn, bool write)
{
#ifdef HAVE_INSERT_PMD_PFN_T
	return vmf_insert_pfn_pmd(vmf, pfn_to_pfn_t(pfn), write);
#else
	return vmf_insert_pfn_pmd(vmf, pfn, write);
#endif
}
#else
#define COMPAT_HUGE_PFN_FAULT	0
#endif

#ifdef HAVE_IMPORT_NS_STRINGIFIES
#define COMPAT_IMPORT_DMA_BUF	MODULE_IMPORT_NS(DMA_BUF)
#else
#define COMPAT_IMPORT_DMA_BUF	MODULE_IMPORT_NS("DMA_BUF")
#endif

#endif /* _SURETY_COMPAT_CONTIG_H */
