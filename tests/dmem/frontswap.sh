#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Swap on a kernel that has frontswap: every page of a process that does not fit
# in memory is verified, while an owner takes its pages back.
# usage: frontswap.sh ROUNDS   (disk: /dev/vda)
# shellcheck source=tests/dmem/lib.sh
. "${0%/*}/lib.sh"

swapped_in() {
	awk '$1 == "pswpin" { print $2 }' /proc/vmstat
}

load_dmem frontswap=0 cleancache=0
check "frontswap=0: dmem unloads" rmmod dmem
load_dmem own=16M cleancache=0
check "it says that it stays" \
	sh -c 'dmesg | grep -q "frontswap has no way back, so the module stays loaded"'
check_not "and does" rmmod dmem
insmod /modules/test/dmem_owner.ko period_us=3000 order=10
mkswap /dev/vda >/dev/null
check "swapon" swapon /dev/vda
check "40 MiB in 16 MiB of memory, every page verified" in_group 16 dmem_swap 40 "$1"
above "swapped-out pages kept" "$(figure stored)" 1000
above "swapped-in pages from the cache" "$(figure loaded)" 1000
above "revoked pages" "$(figure discarded)" 100
above "pages read from the area instead" "$(swapped_in)" 0
same "revoked pages that changed" "$(cat /sys/kernel/debug/dmem_owner/violations)" 0
check "swapoff while pages are out" swapoff /dev/vda
same "nothing is kept of an area that is not used" "$(figure cached)" 0
check "the same area again" swapon /dev/vda
check "and verified again" in_group 16 dmem_swap 40 1
check "swapoff" swapoff /dev/vda
check "the owner leaves" rmmod dmem_owner
finish
