#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: several processes change attributes at once; first undisturbed,
# then while allocations of pages and slab objects fail at random.
# usage: storm.sh CALLS PERCENT BLOCK_SIZE...
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
calls=$1 percent=$2
shift 2
fault=$debug/surety_fault
# What runs while allocations fail must not meet them through other files.
cp /surety-bin/attr_storm /tmp/attr_storm

load page,memcg,slab
insmod /modules/test/surety_fault.ko || exit 3
for dir in $fault/page $fault/slab; do
	echo -1 >"$dir/times"
	echo 1 >"$dir/task-filter"
	echo 0 >"$dir/ignore-gfp-wait"
done
echo 0 >$fault/page/ignore-gfp-highmem
echo 0 >$fault/page/min-order

probability() {
	echo "$1" >$fault/page/probability
	echo "$1" >$fault/slab/probability
}

for block; do
	make "$block"
	attach ext2mfr mfr=wait
	before=$(free_blocks)
	mkdir /mnt/calm /mnt/storm
	check "blocks of $block: 3 processes, $calls calls each" \
		/tmp/attr_storm -w 3 -n "$calls" -s 1 /mnt/calm
	probability "$percent"
	check "blocks of $block: the same with $percent % of allocations failing" \
		/tmp/attr_storm -w 3 -n "$calls" -s 2 -m $fault/make-it-fail /mnt/storm
	probability 0
	echo 3 >/proc/sys/vm/drop_caches
	umount /mnt
	check "blocks of $block: e2fsck finds nothing" e2fsck -fn "$disk"
	attach ext2mfr mfr=wait
	rm -r /mnt/calm /mnt/storm
	check_is "blocks of $block: no block is lost" "$before" "$(free_blocks)"
	sound "blocks of $block: all removed"
done
failures=$(($(cat $fault/page/injected) + $(cat $fault/slab/injected)))
if [ "$failures" -gt 1000 ]; then
	ok "$failures allocations failed"
else
	not_ok "only $failures allocations failed"
fi
diag "$(cat $debug/ama/clients/ext2mfr/ops | cut -c1-100)"
check_is "nothing needed more than its bound" 0 "$(underruns)"
check "the modules unload" rmmod ext2mfr surety_fault ama_core
finish
