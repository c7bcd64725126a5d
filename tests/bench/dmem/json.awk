# SPDX-License-Identifier: GPL-2.0
# CSV files with a header line each to {"rows":[{...}]}; empty becomes null.
BEGIN { printf "{\"rows\":[" }
FNR == 1 {
	fields = NF
	for (i = 1; i <= NF; i++)
		name[i] = $i
	next
}
{
	printf "%s{", rows++ ? ",\n" : "\n"
	for (i = 1; i <= fields; i++) {
		value = $i == "" ? "null" : $i ~ /^-?[0-9]+(\.[0-9]+)?$/ ? $i : "\"" $i "\""
		printf "%s\"%s\":%s", (i > 1 ? "," : ""), name[i], value
	}
	printf "}"
}
END { print "\n]}" }
