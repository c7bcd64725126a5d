#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: the allocator against the model while the area is full of cached
# blocks and a file workload runs on them; afterwards the whole device is
# compared with what the cache serves. Disk: /dev/vda.
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/dmem/lib.sh
. ../dmem/lib.sh
# shellcheck source=tests/gcma/lib.sh
. ./lib.sh
ops=${GCMA_OPS:-50000}

# Read the file with little memory, so that its pages are evicted to the cache.
read_file() {
	in_group 24 cat /mnt/file >/dev/null 2>&1
}

reader() {
	while :; do
		read_file
	done
}

discarded() {
	figure video/stats discarded
}

# shellcheck disable=SC2317 # called by wait_for
no_pool() {
	[ "$(figure video/usage zeroed_pages)" = 0 ]
}

cached() {
	figure video/usage cached_pages
}

# Half of the area becomes empty; what fits there must not discard anything.
# Without a pool, which would look for a place of its own at the same time.
test_choice() {
	echo 0 >"$gcma/video/zeroed_pool"
	wait_for no_pool
	hold 33554432
	let_go
	before=$(discarded)
	hold 2097152 12
	[ "$(discarded)" = "$before" ]
	report $? "empty memory is taken before any cached block is discarded ($(($(discarded) - before)) discarded)"
	let_go
	echo 5 >"$gcma/video/zeroed_pool"
}

# Video of a stock driver in buffers of the heap, with every allocator it has:
# 1 wants memory that is contiguous for the device, 0 maps it for the CPU.
test_capture() {
	if ! modprobe vivid n_devs=2 allocators=1,0 node_types=0x1,0x1 2>/dev/null; then
		skip "video capture into buffers of the heap" "this kernel has no vivid"
		return
	fi
	for video in /dev/video0 /dev/video1; do
		gcma_capture $video /dev/dma_heap/video "${GCMA_FRAMES:-30}" || tests_failed=1
	done
	wait_for rmmod vivid
	report $? "the video driver unloads"
}

load_dmem "$@"
load areas=video:64M zeroed_pool=5
report $? "an area of 64 MiB"
make_target d /dev/vda
mkfs.ext4 -q -F -b 4096 /dev/mapper/d
mount -t ext4 /dev/mapper/d /mnt
seq 20000000 | head -c 96M >/mnt/file
sync
drop_caches 1
for _ in 1 2 3 4; do
	read_file
done
total=$(figure video/usage lent_pages)
[ "$(cached)" -gt $((total * 8 / 10)) ]
report $? "the area is full: $(cached) of $total lent pages hold cached blocks"
test_choice

insmod /modules/test/gcma_test.ko
echo "# $(cut -d. -f1 /proc/uptime) s after boot: the area is full"
reader &
reading=$!
in_group 24 dmem_stress /mnt/stress 8 600 1 &
stressing=$!
before=$(discarded)
run_test refusals video
run_test model video "$ops" 3
echo "# $(cut -d. -f1 /proc/uptime) s after boot: $ops operations on each CPU made"
test_capture
echo "# $(cut -d. -f1 /proc/uptime) s after boot: captured"
# Those are shells; what they started is found by its name.
kill "$stressing" "$reading"
pkill dmem_stress
pkill -f /mnt/file
wait 2>/dev/null
[ $(($(discarded) - before)) -gt $((ops / 5)) ]
report $? "the cache was full and in use meanwhile: $(($(discarded) - before)) cached blocks were discarded"
[ "$(figure video/stats failures)" -gt 0 ] && [ "$(figure video/usage allocated_pages)" = 0 ]
report $? "nothing is left allocated"
sed 's/^/# /' "$gcma/video/stats"
sed 's/^/# /' "$gcma/video/latency"
compare "after the allocations" d /dev/vda
umount /mnt
dmsetup remove d
rmmod gcma_test
rmmod gcma
report $? "the module unloads"
finish
