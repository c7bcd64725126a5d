#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: claims from a kernel whose memory is full of page cache end in the
# middle, by a signal or because a page cannot be moved, and everything that was
# taken until then is given back. Areas made by hand give theirs back, too.
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/gcma/lib.sh
. ./lib.sh
config=/sys/kernel/config/gcma

# Nothing is read: null_blk answers at once, and the page cache is full.
fill_page_cache() {
	dd if=/dev/nullb0 of=/dev/null bs=1M count=400 2>/dev/null
}

# start_and_signal PID: who waits for the report is on the claim's processor and goes
# before it, so the claim begins when the report is waited for, and gets no further
# than to where it next lets others run.
start_and_signal() {
	chrt -f 1 taskset 1 sh -c "
		echo >/tmp/start
		grep -q -m 1 'camera: [0-9]* of 256 MiB claimed' /dev/kmsg
		kill -INT $1" >/dev/null 2>&1
}

# interrupt_claim: a shell makes what runs in the background ignore SIGINT, so it is
# made default again.
interrupt_claim() {
	fill_page_cache
	rm -f /tmp/start
	mkfifo /tmp/start
	taskset 1 env --default-signal=INT sh -c 'read -r _ </tmp/start
		exec insmod /modules/gcma.ko areas=camera:256M' &
	claiming=$!
	start_and_signal $claiming &
	! wait $claiming && dmesg | grep 'camera: interrupted, everything given back' && wait
}

test_signal() {
	check "a signal ends a claim that has reported progress" interrupt_claim
	check "pages of the page cache were migrated for it" [ "$(events migrated)" -gt 0 ]
	all_returned
	report $? "every page was given back: $returned"
	check "nothing is left of it" [ ! -e "$gcma" ]
}

# A claim at an exact place goes down from its end, to where the kernel itself is.
# What is to be moved on the way differs from boot to boot, so an end is looked for
# below which so much can be claimed that progress is logged; and it may differ a
# moment later, so a claim that ends before that shows nothing: another try.
claim_too_much() {
	tenth=$((($1 - 16) / 10 / 4 * 4 + 8))
	load "areas=camera:${tenth}M@$(printf 0x%x $((($1 - tenth) << 20)))" 2>/dev/null || return 1
	rmmod gcma
	true >$tracing/trace
	dmesg -C
	! load "areas=camera:$(($1 - 16))M@0x1000000" 2>/dev/null || { rmmod gcma; return 1; }
	dmesg | grep -q 'camera: [0-9]* of [0-9]* MiB claimed'
}

test_exact() {
	for end in 496 464 432 400 368 336 496 464 432 400 368 336; do
		claim_too_much $end && break
	done
	check_has "a claim ends in the middle" 'camera: [0-9]* of [0-9]* MiB claimed' "$(dmesg)"
	check_has "at what cannot be moved" 'camera: memory in use that cannot be moved' "$(dmesg)"
	check "nothing is there" [ ! -e "$gcma" ]
	all_returned
	report $? "what was taken on the way was given back: $returned"
}

test_by_hand() {
	load
	mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
	true >$tracing/trace
	mkdir $config/extra
	echo 40M >$config/extra/size
	check "an area is made by hand" sh -c "echo 1 >$config/extra/active"
	check_has "its progress is logged" 'extra: 40 of 40 MiB claimed' "$(dmesg)"
	check_not "its pages are not given back yet" all_returned
	check "and removed" sh -c "echo 0 >$config/extra/active"
	all_returned
	report $? "every page was given back: $returned"
	rmdir $config/extra
}

modprobe null_blk nr_devices=1 gb=1
watch_claims
test_signal
test_exact
test_by_hand
check "the module unloads" rmmod gcma
finish
