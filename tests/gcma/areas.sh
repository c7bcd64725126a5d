#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: areas are claimed, refused and given back; the allocator keeps
# its promises. The memory at 768 MiB is reserved on the kernel's command line.
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/gcma/lib.sh
. ./lib.sh
pairs=${GCMA_PAIRS:-50000}

watch_claims
load areas=camera:64M,linux,cma:16M,held:32M@0x30000000
report $? "three areas: from the running kernel, with a comma in its name, from a boot reservation"
[ "$(figure camera/usage total_pages)" = 16384 ] && [ "$(figure linux,cma/usage free_pages)" = 4096 ]
report $? "the areas are as large as asked for, and free"
[ "$(figure held/usage base_address)" = 0x30000000 ]
report $? "the reserved area lies where it was asked for"

# A driver written for CMA's interface, built with gcma's in its place.
test_client() {
	client=/sys/kernel/debug/gcma_client
	insmod /modules/test/gcma_client.ko name=camera
	report $? "a driver with CMA's interface loads"
	echo 256 3 >$client/alloc
	same "it allocates three times 256 pages" "$(figure camera/usage allocated_pages)" 768
	echo 16385 1 >$client/alloc
	same "refused: more than the area has" "$(grep -c failed $client/times)" 1
	check_not "the module does not unload under the driver" rmmod gcma
	echo 1 >$client/release
	same "it releases them" "$(figure camera/usage allocated_pages)" 0
	echo 16 1 >$client/alloc
	rmmod gcma_client
	same "and the rest when it unloads" "$(figure camera/usage allocated_pages)" 0
}

test_client
insmod /modules/test/gcma_test.ko
asked=$(events asked)
migrated=$(events migrated)
run_test refusals camera
run_test refusals held
run_test alignment camera
run_test worst linux,cma
run_test model camera "$((pairs / 20))" 1
run_test model held "$((pairs / 40))" 2
[ "$(figure camera/usage allocated_pages)" = 0 ] && [ "$(figure camera/fragmentation free_ranges)" = 1 ]
report $? "nothing is left allocated, and all free pages are in one range"
same "times that the kernel was asked for a range meanwhile" "$(($(events asked) - asked))" 0
same "times that pages were migrated meanwhile" "$(($(events migrated) - migrated))" 0
rmmod gcma_test

rmmod gcma
report $? "the module unloads"
all_returned
report $? "every page was given back: $returned"

refused 'is not NAME:SIZE' areas=camera
refused 'is not NAME:SIZE' areas=camera:
refused 'is not NAME:SIZE' areas=camera:64M,
refused 'is not NAME:SIZE' areas=a/b:64M
refused 'is not NAME:SIZE' areas=camera:64M@
refused 'is not NAME:SIZE' areas=camera:64Q
refused 'is not NAME:SIZE' areas=camera:17179869185G
refused 'is not NAME:SIZE' areas=camera:4M,,other:4M
refused 'is not NAME:SIZE' areas=camera:4M@0x1ffffffffffffffff
refused 'not a number of pages' areas=camera:0
refused 'not a number of pages' areas=camera:1000
refused 'already' areas=camera:4M,camera:4M
refused 'of memory available' areas=camera:64G
refused 'no node 77' areas=camera:4M@node77
refused 'not that of a page' areas=camera:4M@0x30000100
refused 'overlaps area one' areas=one:16M@0x30000000,two:16M@0x30800000
refused 'must be aligned' areas=camera:4M@0x30001000
refused 'cannot be moved' areas=camera:4M@0x1000000
refused 'neither memory nor reserved' areas=camera:4M@0x7000000000
refused 'only part of the range' areas=camera:512M@0x20000000
refused 'not a percentage' areas=camera:4M zeroed_pool=101
[ ! -e "$gcma" ] && [ ! -e /dev/dma_heap/camera ]
report $? "nothing of the refused ones is left"
all_returned
report $? "not even a page: $returned"
finish
