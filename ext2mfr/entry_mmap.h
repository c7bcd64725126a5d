/* SPDX-License-Identifier: GPL-2.0 */
#ifndef EXT2MFR_ENTRY_MMAP_H
#define EXT2MFR_ENTRY_MMAP_H

struct file;
struct vm_area_struct;

int ext2mfr_mmap(struct file *file, struct vm_area_struct *vma);

#endif /* EXT2MFR_ENTRY_MMAP_H */
