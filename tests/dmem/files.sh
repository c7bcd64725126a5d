#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A file system on the target under stress, while owners revoke and memory is
# short; afterwards the whole device is compared with what the cache serves.
# usage: files.sh FILESYSTEM SECONDS   (disk: /dev/vda)
# shellcheck source=tests/dmem/lib.sh
. "${0%/*}/lib.sh"
fs=$1 seconds=$2 stacked=
[ "$fs" != btrfs ] || stacked=1

make_fs() {
	case $fs in
	ext4) mkfs.ext4 -q -F -b 4096 "$1" ;;
	xfs) mkfs.xfs -q -f --unsupported "$1" ;;
	btrfs) mkfs.btrfs -q -f "$1" ;;
	ext2mfr) mkfs.ext2 -q -F -b 4096 "$1" ;;
	esac
}

# A file that is evicted comes from the cache when it is read again: about half of its
# blocks, since the other store's are revoked; hence block by block, as a long read is
# answered only as far as that adds no request. xfs has large folios: they must be among
# what is evicted.
evict_and_read() {
	tracing=/sys/kernel/tracing
	event=$tracing/events/filemap/mm_filemap_delete_from_page_cache
	before=$(status d fills)
	echo 'order > 0' >$event/filter
	echo 1 >$event/enable
	fill_cache /mnt/g 4
	echo 0 >$event/enable
	above "$fs: pages of a file kept at eviction" "$(($(status d fills) - before))" 500
	[ "$fs" != xfs ] ||
		above "$fs: large folios evicted" "$(grep -c ' order=' $tracing/trace)" 0
	before=$(status d hit_blocks)
	dd if=/mnt/g iflag=direct bs=4k 2>/dev/null | cksum >/tmp/cached
	above "$fs: blocks of it read from the cache" "$(($(status d hit_blocks) - before))" 250
	check_is "$fs: they are what the disk has" "$(dd if=/mnt/g iflag=direct bs=1M 2>/dev/null | cksum)" \
		"$(cat /tmp/cached)"
}

if [ "$fs" = ext2mfr ]; then
	insmod /modules/ama_core.ko
	insmod /modules/ext2mfr.ko
fi
load_dmem own=8M
insmod /modules/test/dmem_owner.ko period_us=2000 order=9
# btrfs does not say on which device it is.
make_target d /dev/vda ${stacked:+stacked}
make_fs /dev/mapper/d
if ! mount -t "$fs" /dev/mapper/d /mnt; then
	not_ok "$fs mounts on the target"
	exit 1
fi
check "$fs: every read equals the model, $seconds s" stress
sed 's/^/# /' /tmp/stress.[123]
sync
drop_caches
above "$fs: blocks from the cache under stress" "$(status d hit_blocks)" 0
evict_and_read
drop_caches
umount /mnt
compare "$fs" d /dev/vda 100
above "$fs: rounds of the revoking owner" "$(cat /sys/kernel/debug/dmem_owner/rounds)" 10
same "$fs: revoked pages that changed" "$(cat /sys/kernel/debug/dmem_owner/violations)" 0
awk 'NR == 1 || $1 != ""' $debug/stores | sed 's/^/# /'
dmsetup status d | sed 's/^/# /'
check "$fs: the owner goes while the target stays" rmmod dmem_owner
dmsetup remove d
check "dmem unloads" rmmod dmem
finish
