#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# File pages on a kernel that has cleancache: a file system under stress, while
# an owner takes its pages back and memory is short.
# usage: cleancache.sh SECONDS   (disk: /dev/vda)
# shellcheck source=tests/dmem/lib.sh disable=SC2317
. "${0%/*}/lib.sh"
seconds=$1

# Past the page cache and the cache, as the disk has it.
same_as_disk() {
	for file in /mnt/f1 /mnt/f2 /mnt/f3; do
		drop_caches
		cat $file >/dev/null
		drop_caches
		[ "$(cksum <$file)" = "$(dd if=$file iflag=direct bs=1M 2>/dev/null | cksum)" ] ||
			return 1
	done
}

load_dmem own=16M frontswap=0
check "it says that it stays" \
	sh -c 'dmesg | grep -q "cleancache has no way back, so the module stays loaded"'
check_not "and does" rmmod dmem
insmod /modules/test/dmem_owner.ko period_us=3000 order=9
for fs in ext4 xfs btrfs; do
	wipefs -qa /dev/vda
	case $fs in
	# The kernel asks only where a page is one block.
	ext4) mkfs.ext4 -q -F -b 4096 /dev/vda ;;
	xfs) mkfs.xfs -q -f /dev/vda ;;
	btrfs) mkfs.btrfs -q -f /dev/vda ;;
	esac
	mount -t $fs /dev/vda /mnt || {
		not_ok "$fs mounts"
		continue
	}
	loaded=$(figure loaded)
	stress
	report $? "$fs: every read equals the model, $seconds s"
	sed 's/^/# /' /tmp/stress.[123]
	check "$fs: the files are what the disk has" same_as_disk
	case $fs in
	# xfs does not take part; btrfs does, but never says of a page that it is as
	# on the disk (PG_mappedtodisk), which is what the kernel offers pages by.
	xfs | btrfs) same "$fs offers no pages" "$(figure loaded)" "$loaded" ;;
	*) above "$fs: pages from the cache" "$(($(figure loaded) - loaded))" 100 ;;
	esac
	umount /mnt
	same "$fs: nothing is kept of a volume that is gone" "$(figure cached)" 0
done
above "revoked pages" "$(figure discarded)" 100
same "revoked pages that changed" "$(cat /sys/kernel/debug/dmem_owner/violations)" 0
check "the owner leaves" rmmod dmem_owner
finish
