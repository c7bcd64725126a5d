# SPDX-License-Identifier: GPL-2.0
# The guests' lines to CSV: a line for each work and way to keep an area.
BEGIN {
	print "work,way,work_seconds,work_mib_per_second,work_disk_mib,alloc_1m_ns,alloc_4m_ns,alloc_16m_ns,alloc_failures"
}
$1 == "WORK" {
	key[++keys] = $2 "," $3
	work[$2 "," $3] = $4 "," $5 "," $6
}
$1 == "ALLOC" && $5 == "failed" { failures[$2 "," $3]++ }
$1 == "ALLOC" && $5 != "failed" && $5 + 0 > most[$2 "," $3, $4] + 0 { most[$2 "," $3, $4] = $5 }
END {
	for (i = 1; i <= keys; i++) {
		k = key[i]
		printf "%s,%s,%s,%s,%s,%d\n", k, work[k], most[k, 1048576], most[k, 4194304], most[k, 16777216], failures[k]
	}
}
