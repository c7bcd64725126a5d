# SPDX-License-Identifier: GPL-2.0
# CSV with a header line to {"rows":[{...}]}; what is empty becomes null.
function json(value) {
	if (value == "")
		return "null"
	return value ~ /^[0-9]+$/ ? value : "\"" value "\""
}
NR == 1 {
	for (i = 1; i <= NF; i++)
		name[i] = $i
	printf "{\"rows\":["
	next
}
{
	printf "%s{", (NR > 2 ? ",\n" : "\n")
	for (i = 1; i <= NF; i++)
		printf "%s\"%s\":%s", (i > 1 ? "," : ""), name[i], json($i)
	printf "}"
}
END { print "\n]}" }
