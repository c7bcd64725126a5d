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
pairs=${GCMA_PAIRS:-50000}

# Read the file with little memory, so that its pages are evicted to the cache.
read_file() {
	in_group 24 cat /mnt/file
}

# Until told to stop, or until what is read is not what was written.
reader() {
	until [ -e /tmp/enough ]; do
		[ "$(read_file | cksum)" = "$sum" ] || return
		echo right >>/tmp/readings
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

is_full() {
	[ "$(cached)" -gt $((total * 8 / 10)) ]
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

# The workload must have been there to the end, and everything it read be right.
end_workload() {
	check "the file system is still under stress" pgrep dmem_stress
	pkill dmem_stress
	wait "$stressing"
	report $? "every read under stress equals the model: $(cat /tmp/stress)"
	touch /tmp/enough
	wait "$reading"
	report $? "every reading of the file is what was written"
	above "readings of it" "$(wc -l </tmp/readings)" 0
	above "blocks from the cache meanwhile" "$(($(status d hit_blocks) - hits))" 100
}

load_dmem "$@"
load areas=video:64M zeroed_pool=5
report $? "an area of 64 MiB"
make_target d /dev/vda
mkfs.ext4 -q -F -b 4096 /dev/mapper/d
mount -t ext4 /dev/mapper/d /mnt
seq 20000000 | head -c 96M | tee /mnt/file | cksum >/tmp/sum
sum=$(cat /tmp/sum)
sync
drop_caches 1
total=$(figure video/usage lent_pages)
for _ in 1 2 3 4; do
	is_full && break
	read_file >/dev/null
done
is_full
report $? "the area is full: $(cached) of $total lent pages hold cached blocks"
test_choice

insmod /modules/test/gcma_test.ko
echo "# $(cut -d. -f1 /proc/uptime) s after boot: the area is full"
reader &
reading=$!
in_group 24 dmem_stress /mnt/stress 8 600 1 >/tmp/stress 2>&1 &
stressing=$!
before=$(discarded)
hits=$(status d hit_blocks)
run_test refusals video
run_test model video "$pairs" 3
echo "# $(cut -d. -f1 /proc/uptime) s after boot: $pairs allocations and releases on each CPU"
capture 30
echo "# $(cut -d. -f1 /proc/uptime) s after boot: captured"
end_workload
[ $(($(discarded) - before)) -gt $((pairs / 5)) ]
report $? "the cache was full and in use meanwhile: $(($(discarded) - before)) cached blocks were discarded"
[ "$(figure video/stats failures)" -gt 0 ] && [ "$(figure video/usage allocated_pages)" = 0 ]
report $? "nothing is left allocated"
sed 's/^/# /' "$gcma/video/stats"
sed 's/^/# /' "$gcma/video/latency"
compare "after the allocations" d /dev/vda 100
umount /mnt
dmsetup remove d
rmmod gcma_test
rmmod gcma
report $? "the module unloads"
finish
