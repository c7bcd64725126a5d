# SPDX-License-Identifier: GPL-2.0
# The guests' lines to CSV: a line for each way to keep an area.
BEGIN {
	print "way,work_seconds,work_mib_per_second,work_disk_mib,alloc_1m_ns,alloc_4m_ns,alloc_16m_ns,alloc_failures"
}
$1 == "WORK" {
	way[++ways] = $2
	work[$2] = $3 "," $4 "," $5
}
$1 == "ALLOC" && $4 == "failed" { failures[$2]++ }
$1 == "ALLOC" && $4 != "failed" && $4 + 0 > most[$2, $3] + 0 { most[$2, $3] = $4 }
END {
	for (i = 1; i <= ways; i++) {
		w = way[i]
		printf "%s,%s,%s,%s,%s,%d\n", w, work[w], most[w, 1048576], most[w, 4194304], most[w, 16777216], failures[w]
	}
}
