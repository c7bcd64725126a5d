#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: a second client of ama_core, that makes many objects under a lock.
#
# usage: guest.sh [CORE CLIENT]: the modules, if others than those that were built here
core=${1:-/modules/ama_core.ko} module=${2:-/modules/test/ama_client.ko}
debug=/sys/kernel/debug
client=$debug/ama_client
fault=$debug/surety_fault
count=200
# shellcheck source=tests/lib.sh
. /surety/tests/lib.sh

expect() {
	check_is "$3" "$2" "$1"
}

# storm PERCENT [LEVEL...]: append entries; "failed writes/holes".
storm() {
	percent=$1
	shift
	echo 1 >$client/drop
	for level; do
		echo 1 >$fault/"$level"/reset
		echo "$percent" >$fault/"$level"/probability
	done
	failed=$(/surety-bin/ama_client_test $fault/make-it-fail $count)
	for level in page slab; do
		echo 0 >$fault/$level/probability
	done
	echo "$failed/$(cat $client/holes)"
}

injected() {
	echo $(($(cat $fault/page/injected) + $(cat $fault/slab/injected)))
}

insmod /modules/test/surety_fault.ko || exit 1
for level in page slab; do
	echo -1 >$fault/$level/times
	echo 1 >$fault/$level/task-filter
	echo 1 >$fault/$level/seed
done
insmod "$core" guard=page,memcg,slab && insmod "$module"
expect $? 0 "the client loads"

expect "$(storm 0)" 0/0 "without failures $count entries are made"
for percent in 10 50 100; do
	expect "$(storm $percent page slab)" 0/0 \
		"at $percent % no write fails and no entry has a hole"
	[ "$(injected)" -gt 0 ]
	expect $? 0 "... though $(injected) allocations were made to fail"
	expect "$(cat $client/entries)" $count "... and the ledger has all its entries"
done
expect "$(cat $debug/ama/underruns)" 0 "no request needed more than its bound"
cat $debug/ama/clients/ama_client/ops | sed 's/^/# /'

echo 0 >/sys/module/ama_client/parameters/scope
[ "$(storm 50 page slab)" != 0/0 ]
expect $? 0 "without a scope the same code breaks: $(storm 50 page slab) failed writes/holes"

rmmod ama_core 2>/dev/null
expect $? 1 "ama_core does not unload under its client"
rmmod ama_client && rmmod ama_core && rmmod surety_fault
expect $? 0 "client and ama_core unload"
finish
