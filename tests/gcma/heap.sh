#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: the DMA-BUF heap, clean-up after processes, pre-zeroing, and
# areas made and removed by hand. The kernel's own selftest is in /share.
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/gcma/lib.sh
. ./lib.sh
config=/sys/kernel/config/gcma

# usage_is NAME VALUE
usage_is() {
	[ "$(figure video/usage "$1")" = "$2" ]
}

test_heap() {
	# Since it has this function, the kernel sends huge faults on raw frames.
	huge=0
	! grep -qw vmf_insert_pfn_pmd /proc/kallsyms || huge=1
	echo "# huge pages: $(cat /sys/kernel/mm/transparent_hugepage/enabled)"
	/surety-bin/gcma_heap_test video $huge || tests_failed=1
	usage_is allocated_pages 0
	report $? "nothing is left allocated after the test of the heap"

	vgem=yes
	modprobe vgem 2>/dev/null || vgem=
	# The kernel's own heaps pass or fail by themselves; only ours are tested.
	mkdir -p /tmp/heaps && mount --bind /tmp/heaps /dev/dma_heap 2>/dev/null &&
		mknod /dev/dma_heap/video c "$(cut -d: -f1 /sys/class/misc/gcma-video/dev)" "$(cut -d: -f2 /sys/class/misc/gcma-video/dev)"
	/share/dmabuf-heap >/tmp/selftest 2>&1
	report $? "the kernel's dmabuf-heaps selftest passes, unchanged"
	sed 's/^/# /' /tmp/selftest
	if [ -n "$vgem" ]; then
		grep -q '^ok .*Import buffer' /tmp/selftest
		report $? "and its import into another driver was not skipped"
	else
		skip "import into another driver" "this kernel has no vgem"
	fi
	umount /dev/dma_heap 2>/dev/null
	usage_is allocated_pages 0
	report $? "nothing is left allocated after the selftest"
}

test_processes() {
	hold 4194304 3
	report $? "a process holds three buffers"
	[ "$(awk -v pid="$holder" '$1 == pid && $2 == "gcma_hold" && $3 == 4194304' "$gcma/video/buffers" | wc -l)" = 3 ]
	report $? "debugfs says who has them and how large they are"
	! rmmod gcma 2>/dev/null
	report $? "the module does not unload while buffers are held"
	dmesg -C
	! echo 0 2>/dev/null >$config/video/active && dmesg | grep -q 'in use, 3072 pages allocated'
	report $? "nor is the area removed, and the log says why"
	let_go
	wait_for usage_is allocated_pages 0
	report $? "killing the process gives everything back"
	[ "$(wc -l <$gcma/video/buffers)" = 1 ]
	report $? "and debugfs lists none any more"
	exec 3</dev/dma_heap/video
	! echo 0 2>/dev/null >$config/video/active
	report $? "an open heap keeps the area"
	exec 3<&-
}

test_zeroing() {
	pages=$(figure video/usage total_pages)
	target=$((pages * 10 / 100))
	wait_for usage_is zeroed_pages "$target"
	report $? "a tenth of the area gets zeroed in the background ($target pages)"
	before=$(figure video/stats prezeroed_pages)
	demand=$(figure video/stats zeroed_on_demand_pages)
	hold 4194304
	[ $(($(figure video/stats prezeroed_pages) - before)) = 1024 ] &&
		[ "$(figure video/stats zeroed_on_demand_pages)" = "$demand" ]
	report $? "a buffer comes from zeroed memory and is not zeroed again"
	let_go
	wait_for usage_is zeroed_pages "$target"
	report $? "the pool is filled again"
	echo 50 >$config/video/zeroed_pool
	wait_for usage_is zeroed_pages $((pages / 2))
	report $? "the pool grows when its share is raised"
	echo 5 >$config/video/zeroed_pool
	wait_for usage_is zeroed_pages $((pages * 5 / 100))
	report $? "and shrinks when it is lowered"
	lent=$(figure video/usage lent_pages)
	[ "$((lent + $(figure video/usage zeroed_pages)))" = "$(figure video/usage free_pages)" ]
	report $? "every free page is either zeroed or lent ($lent lent)"
	! echo 101 2>/dev/null >$config/video/zeroed_pool
	report $? "refused: more than all of it"
	echo 1 >$gcma/video/force_empty
	[ "$(figure video/usage lent_pages)" = "$lent" ] && [ "$(figure video/usage cached_pages)" = 0 ]
	report $? "force_empty discards what is cached and lends it again"
	chrt -p "$(pgrep gcma_zero/video)" 2>/dev/null | grep -q SCHED_IDLE
	report $? "the zeroing thread runs at idle priority"
}

# Four buffers fill the area; the first and the third of them go.
test_fragmentation() {
	holders=
	for _ in 1 2 3 4; do
		hold 16777216
		holders="$holders $holder"
	done
	same "pages free with four buffers of a quarter" "$(figure video/usage free_pages)" 0
	for holder in $(sort -k4 $gcma/video/buffers | awk '$2 == "gcma_hold" && NR_seen++ % 2 == 0 { print $1 }'); do
		let_go
	done
	wait_for usage_is free_pages 8192
	same "free ranges around what is left" "$(figure video/fragmentation free_ranges)" 2
	same "the largest of them" "$(figure video/fragmentation largest_range_pages)" 4096
	same "percent of the free memory outside it" "$(figure video/fragmentation fragmentation_percent)" 50
	same "ranges of its size" "$(figure video/fragmentation ranges_from_4096_pages)" 2
	for holder in $holders; do
		let_go
	done 2>/dev/null
	wait_for usage_is allocated_pages 0
	same "free ranges when all are gone" "$(figure video/fragmentation free_ranges)" 1
}

# stalls_of LIMIT_US: allocate; how many were counted as longer than that?
stalls_of() {
	echo "$1" >/sys/module/gcma/parameters/stall_us
	stalls=$(figure video/stats stalls)
	hold 4194304
	let_go
	echo $(($(figure video/stats stalls) - stalls))
}

test_stalls() {
	if grep -q jiffies /sys/devices/system/clocksource/clocksource0/current_clocksource; then
		skip "allocations that took longer than no time" "this kernel's clock counts ticks"
	else
		same "allocations that took longer than no time" "$(stalls_of 0)" 1
	fi
	same "allocations that took longer than an hour" "$(stalls_of 3600000000)" 0
	echo 1000 >/sys/module/gcma/parameters/stall_us
}

test_by_hand() {
	mkdir $config/extra && echo 8M >$config/extra/size && echo 1 >$config/extra/active
	report $? "an area is made by hand"
	[ -c /dev/dma_heap/extra ] && [ "$(figure extra/usage total_pages)" = 2048 ]
	report $? "it has a heap and figures"
	! rmdir $config/extra 2>/dev/null
	report $? "refused: removing the directory of an active area"
	! echo 16M 2>/dev/null >$config/extra/size
	report $? "refused: a new size for an active area"
	! rmdir $config/video 2>/dev/null
	report $? "refused: removing the directory of an area of the parameter"
	! mkdir "$config/bad name" 2>/dev/null
	report $? "refused: a name that cannot be"
	mkdir $config/none && ! echo 1 2>/dev/null >$config/none/active &&
		! echo 5X 2>/dev/null >$config/none/size && ! echo x 2>/dev/null >$config/none/phys
	report $? "refused: an area without a size, and sizes and places that are none"
	rmdir $config/none
	echo 0 >$config/extra/active && rmdir $config/extra && [ ! -e /dev/dma_heap/extra ]
	report $? "it is removed by hand"
	for _ in 1 2 3; do
		echo 0 >$config/video/active && echo 1 >$config/video/active || break
	done && [ -c /dev/dma_heap/video ]
	report $? "the area of the parameter goes and comes back three times"
	mkdir $config/system && echo 4M >$config/system/size
	if [ -e /dev/dma_heap/system ]; then
		dmesg -C
		! echo 1 2>/dev/null >$config/system/active && dmesg | grep -q 'exists already'
		report $? "refused: the name of another driver's heap"
	else
		skip "refused: the name of another driver's heap" "this kernel has no heaps of its own"
	fi
	rmdir $config/system
}

test_traces() {
	cd /sys/kernel/tracing || return
	echo 1 >events/gcma/enable
	echo >trace
	hold 65536
	let_go
	grep -q 'gcma_alloc_start: area=video nr_pages=16 align=0' trace &&
		grep -q 'gcma_alloc_finish: area=video pfn=0x.* nr_pages=16 .*error=0' trace &&
		grep -q 'gcma_release: area=video pfn=0x.* nr_pages=16 error=0' trace
	report $? "trace points tell of an allocation's start, finish and release"
	echo 0 >events/gcma/enable
	cd - >/dev/null || return
}

mount -t configfs configfs /sys/kernel/config 2>/dev/null
load areas=video:64M
report $? "an area of 64 MiB"
mountpoint -q /sys/kernel/config || mount -t configfs configfs /sys/kernel/config
test_zeroing
test_heap
capture 5
test_processes
test_fragmentation
test_stalls
test_by_hand
test_traces
rmmod gcma
report $? "the module unloads"
finish
