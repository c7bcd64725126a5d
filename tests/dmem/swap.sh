#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A swap area on the target: every page of a process that does not fit in memory
# is verified; swapped-in pages come from the cache.
# usage: swap.sh ROUNDS   (disk: /dev/vda)
# shellcheck source=tests/dmem/lib.sh
. "${0%/*}/lib.sh"

load_dmem own=16M
insmod /modules/test/dmem_owner.ko period_us=3000 order=9
make_target d /dev/vda swap
check "mkswap" mkswap /dev/mapper/d
check "swapon" swapon /dev/mapper/d
check "40 MiB in 16 MiB of memory, every page verified" \
	in_group 16 dmem_swap 40 "$1"
above "swapped-out pages kept" "$(status d swap_fills)" 1000
above "swapped-in pages from the cache" "$(status d hit_blocks)" 1000
same "revoked pages that changed" "$(cat /sys/kernel/debug/dmem_owner/violations)" 0
figures_agree
check "swapoff" swapoff /dev/mapper/d
compare "swap area" d /dev/vda 100
dmsetup status d | sed 's/^/# /'
rmmod dmem_owner
dmsetup remove d
check "dmem unloads" rmmod dmem
finish
