# SPDX-License-Identifier: GPL-2.0
# The guest's lines to CSV: each figure beside dm-linear's, and revoking a page.
BEGIN {
	print "measure,setting,bytes,instructions,linear_instructions,overhead_percent,kernel"
}
$1 == "IO" && $5 == "" {
	print "cost.awk: no figure in: " $0 >"/dev/stderr"
	exit 1
}
$1 == "IO" && $4 == "linear" {
	linear[$2, $3] = $5
}
$1 == "IO" {
	base = linear[$2, $3]
	printf "%s,%s,%s,%s,%s,%.1f,%s\n", $2, $4, $3, $5, base, 100 * ($5 - base) / base, kernel
}
$1 == "REVOKE" {
	for (i = 2; i <= NF; i++) {
		split($i, field, "=")
		value[field[1]] = field[2]
	}
	printf "revoke-%s-pages,full,%d,%s,,,%s\n", value["pages"], 4096 * value["pages"], value["revoke_ns"], kernel
	printf "lend-%s-pages,full,%d,%s,,,%s\n", value["pages"], 4096 * value["pages"], value["lend_ns"], kernel
}
