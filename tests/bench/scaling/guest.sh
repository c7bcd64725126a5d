#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: how often the shared heap is needed. Prints lines
# "figure WHAT REQUESTS WAITED PAGES HEAP-VISITS".
requests=/sys/kernel/debug/ama/requests
module=/sys/module/ama_scaling/parameters

count() {
	awk '/^ordinary/ { print $2, $3, $5, $7 }' $requests
}

insmod /modules/ama_core.ko && insmod /modules/test/ama_scaling.ko loops="$1" || exit 1
sleep 2
for what in scope page drain; do
	before=$(count)
	echo $what >$module/run || exit 1
	# What was taken is put back in the background.
	sleep 2
	echo "figure $what $before $(count)" |
		awk '{ print $1, $2, $7 - $3, $8 - $4, $9 - $5, $10 - $6 }'
done
echo "underruns $(cat /sys/kernel/debug/ama/underruns)"
rmmod ama_scaling && rmmod ama_core
