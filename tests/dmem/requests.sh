#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What the target does with each kind of request and message: flushes, FUA,
# discards and zeroing, blocks of every size, a device's own pages, DAX.
# usage: requests.sh   (disk: /dev/vda)
# shellcheck source=tests/dmem/lib.sh
. "${0%/*}/lib.sh"
disk=/dev/vda
size=$(sectors $disk)
tracing=/sys/kernel/tracing

# with_file DEVICE: a file of 2 MiB on the target d, its pages evicted.
with_file() {
	mkfs.ext4 -q -F -b 4096 /dev/mapper/d
	mount /dev/mapper/d /mnt
	fill_cache /mnt/f 2
}

# How many flushes the disk has seen.
flushes() {
	awk '{ print $16 }' /sys/block/${disk#/dev/}/stat
}

test_flush() {
	make_target d $disk
	before=$(flushes)
	check "a flush" sync /dev/mapper/d
	same "reaches the disk" "$(($(flushes) - before))" 1
	echo "dev == $(($(stat -c '0x%t << 20 | 0x%T' $disk)))" >$tracing/events/block/block_bio_queue/filter
	echo 1 >$tracing/events/block/block_bio_queue/enable
	dd if=/dev/zero of=/dev/mapper/d bs=4k count=1 oflag=direct,dsync 2>/dev/null
	echo 0 >$tracing/events/block/block_bio_queue/enable
	check_has "a write with FUA keeps it" 'block_bio_queue: .* WFS' "$(cat $tracing/trace)"
	dmsetup remove d
}

# Nothing was ever written here, so nothing else can fail.
test_failing_flush() {
	dmsetup create low --table "0 $size linear $disk 0"
	make_target d /dev/mapper/low
	check "a flush while the disk works" sync /dev/mapper/d
	dmsetup suspend low
	dmsetup load low --table "0 $size flakey $disk 0 0 600 1 error_writes"
	dmsetup resume low
	check_not "a failing flush reaches the caller" sync /dev/mapper/d
	dmsetup suspend low
	dmsetup load low --table "0 $size linear $disk 0"
	dmsetup resume low
	check "a flush when it works again" sync /dev/mapper/d
	dmsetup remove d
	dmsetup remove low
}

# discard_cached WHAT OPTION...: over blocks that are cached.
discard_cached() {
	what=$1
	shift
	with_file
	umount /mnt
	before=$(status d invalidated)
	check "$what over cached blocks" blkdiscard "$@" /dev/mapper/d
	above "$what: copies dropped" "$(($(status d invalidated) - before))" 500
	same "$what: copies left" "$(status d cached)" 0
	compare "$what" d $disk 0
}

test_discard() {
	make_target d $disk
	discard_cached "a discard" -f
	discard_cached "zeroing" -f -z
	check_is "and zeroed it is" 0 "$(dd if=/dev/mapper/d bs=1M iflag=direct 2>/dev/null | tr -d '\0' | wc -c)"
	with_file
	rm /mnt/f
	sync
	before=$(status d invalidated)
	check "fstrim after a file was removed" fstrim /mnt
	above "fstrim: copies dropped" "$(($(status d invalidated) - before))" 500
	umount /mnt
	compare "after fstrim" d $disk 0
	dmsetup remove d
}

# logical_blocks BYTES: a disk whose smallest transfer is that.
logical_blocks() {
	nullb=/sys/kernel/config/nullb/b$1
	mkdir $nullb
	echo 8 >$nullb/size
	echo "$1" >$nullb/blocksize
	echo 1 >$nullb/memory_backed
	echo 1 >$nullb/power
	below=/dev/nullb$(cat $nullb/index)
	[ -b "$below" ] || below=/dev/b$1
	make_target d "$below"
	same "blocks of $1 bytes: the target's" "$(blockdev --getss /dev/mapper/d)" "$1"
	with_file
	above "blocks of $1 bytes: pages kept" "$(status d fills)" 500
	at=$(filefrag -v /mnt/f | awk '$1 == "0:" { print $4 + 0 }')
	umount /mnt
	before=$(status d invalidated)
	# The last one of the file's first page.
	dd if=/dev/urandom of=/dev/mapper/d bs="$1" count=1 seek=$(((at + 1) * 4096 / $1 - 1)) oflag=direct 2>/dev/null
	same "blocks of $1 bytes: copies dropped by a write of one" "$(($(status d invalidated) - before))" 1
	compare "blocks of $1 bytes" d "$below" 500
	dmsetup remove d
	echo 0 >$nullb/power
	rmdir $nullb
}

# A device's own pages are anybody's, metadata of a file system for instance.
test_own_pages() {
	make_target d $disk
	dd if=/dev/mapper/d of=/dev/null bs=1M count=4 2>/dev/null
	dd if=/dev/urandom of=/dev/mapper/d bs=1M count=4 conv=fsync 2>/dev/null
	drop_caches
	same "a device's own pages: recorded" "$(status d recorded)" 0
	same "a device's own pages: kept" "$(status d fills)" 0
	dmsetup remove d
}

# read_again: what one more reading of the file adds to the blocks from the cache.
read_again() {
	before=$(status d hit_blocks)
	cat /mnt/f >/dev/null
	echo $(($(status d hit_blocks) - before))
}

test_messages() {
	make_target d $disk
	with_file
	above "reads before reset_stats" "$(status d reads)" 0
	dmsetup message d 0 reset_stats
	same "reads after reset_stats" "$(status d reads)" 0
	above "cached before drop" "$(status d cached)" 500
	dmsetup message d 0 drop
	same "cached after drop" "$(status d cached)" 0
	dmsetup message d 0 mode off
	cat /mnt/f >/dev/null
	drop_caches
	same "mode off: kept" "$(status d fills)" 0
	dmsetup message d 0 mode on
	cat /mnt/f >/dev/null
	drop_caches
	above "mode on: kept" "$(status d fills)" 500
	dmsetup message d 0 mode off
	same "mode off: blocks from the cache" "$(read_again)" 0
	umount /mnt
	dmsetup remove d
}

test_inclusive() {
	make_target d $disk
	with_file
	same "a file is read: blocks from the cache" "$(read_again)" 512
	check "they are given up" [ "$(status d cached)" -lt 100 ]
	umount /mnt
	dmsetup remove d
	make_target d $disk inclusive
	with_file
	same "inclusive: blocks from the cache" "$(read_again)" 512
	above "they stay" "$(status d cached)" 500
	figures_agree
	umount /mnt
	compare "inclusive" d $disk 500
	dmsetup remove d
}

# Direct access would go past the cache, so the target offers none.
test_dax() {
	if ! grep -q 'memmap=[^ ]*!' /proc/cmdline || ! modprobe -a nd_e820 nd_pmem; then
		skip "DAX" "this guest has no persistent memory"
		return
	fi
	for _ in $(seq 100); do
		[ ! -b /dev/pmem0 ] || break
		sleep 0.1
	done
	mkfs.ext4 -q -F -b 4096 /dev/pmem0
	check "the device below has DAX" mount -o dax=always /dev/pmem0 /mnt
	umount /mnt
	make_target d /dev/pmem0
	check_not "the target has none" mount -o dax=always /dev/mapper/d /mnt
	with_file
	above "without it: pages kept" "$(status d fills)" 500
	umount /mnt
	compare "over persistent memory" d /dev/pmem0 500
	dmsetup remove d
}

modprobe -a dm-flakey null_blk 2>/dev/null
mount -t configfs none /sys/kernel/config 2>/dev/null
load_dmem own=16M
test_flush
test_failing_flush
test_discard
for bytes in 512 1024 2048 4096; do
	logical_blocks $bytes
done
test_own_pages
test_messages
test_inclusive
test_dax
check "dmem unloads" rmmod dmem
finish
