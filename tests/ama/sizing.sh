#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: how large the reserves are, for as many processors as there are.
# shellcheck source=tests/lib.sh disable=SC2317
. /surety/tests/lib.sh
ama=/sys/kernel/debug/ama
cpus=$(nproc)

# The selftest's largest demands of each order; its progress asks for less.
ordinary='64 4 2 2'
progress='16 4 2 2'

# table NAME TIMES DEMAND...: lines of the reserve's table, order and target.
table() {
	name=$1 times=$2 order=0
	shift 2
	for pages; do
		echo "$name $order $((pages * times))"
		order=$((order + 1))
	done
}

by_formula() {
	# shellcheck disable=SC2086 # lists
	{
		table ordinary $((2 + 2 * cpus)) $ordinary
		table fallback 2 $ordinary
		table progress $((1 + cpus)) $progress
	}
}

# targets: the same lines of what there is; both kinds of pages are alike.
targets() {
	awk 'NR > 1 { print $1, $2, $4 }' $ama/reserve | uniq
}

full() {
	awk 'NR > 1 && $5 != $4 { bad = 1 } END { exit bad }' $ama/reserve
}

# Pages of all lines, in KiB.
kib_of_table() {
	awk 'NR > 1 { sum += $5 * 2 ^ $2 } END { print 4 * sum }' $ama/reserve
}

# sized WHAT EXPECTED [PARAMETER...]
sized() {
	what=$1 expected=$2
	shift 2
	insmod /modules/ama_core.ko "$@" && insmod /modules/test/ama_selftest.ko tests=N
	report $? "$what: loads"
	check_is "$what: targets" "$expected" "$(targets)"
	check "$what: they are reached" full
	check_is "$what: memory_kib is what the table adds up to" "$(kib_of_table)" \
		"$(cat $ama/memory_kib)"
	rmmod ama_selftest ama_core
	report $? "$what: unloads"
}

sized "$cpus processors" "$(by_formula)"
sized "$cpus processors, sizes by hand" \
	"$(by_formula | sed 's/^\(ordinary 0\) .*/\1 777/; s/^\(fallback 0\) .*/\1 333/
			     s/^\(progress 0\) .*/\1 111/')" \
	reserve_pages=777 fallback_pages=333 progress_pages=111
finish
