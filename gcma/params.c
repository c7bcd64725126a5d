// SPDX-License-Identifier: GPL-2.0
/*
 * The text form of areas: NAME:SIZE[@PHYS|@nodeN][,...]
 *
 * A name may contain a comma ("linux,cma" is what programs look for), so an
 * element without a colon is the beginning of the next one's name.
 */
#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/numa.h>
#include <linux/overflow.h>
#include <linux/string.h>

#include "gcma.h"

/**
 * gcma_spec_check_name - can this be the name of an area?
 * @name: name, which is also a file name in /dev/dma_heap and debugfs
 *
 * Context: any.
 * Return: 0 or -EINVAL.
 */
int gcma_spec_check_name(const char *name)
{
	const char *c;

	if (!*name || strlen(name) >= GCMA_NAME_LEN || *name == '.' || *name == ',')
		return -EINVAL;
	for (c = name; *c; c++)
		if (!isalnum(*c) && !strchr("_-.,", *c))
			return -EINVAL;
	return 0;
}

/**
 * gcma_parse_bytes - a number of bytes, or an address
 * @text:  digits and perhaps one of K, M, G, T
 * @bytes: receives it
 *
 * As memparse(), but a number that does not fit is none.
 *
 * Context: any.
 * Return: what follows it, or NULL if there is no such number.
 */
const char *gcma_parse_bytes(const char *text, u64 *bytes)
{
	static const char suffixes[] = "KMGTPE";
	const char *suffix;
	char digits[24];
	char *end;
	size_t length;

	if (!isdigit(*text))
		return NULL;
	memparse(text, &end);
	suffix = end[-1] ? strchr(suffixes, toupper(end[-1])) : NULL;
	/* In a hexadecimal number E is a digit. */
	if (isxdigit(end[-1]))
		suffix = NULL;
	length = end - text - !!suffix;
	if (length >= sizeof(digits))
		return NULL;
	memcpy(digits, text, length);
	digits[length] = '\0';
	if (kstrtou64(digits, 0, bytes) ||
	    (suffix && check_mul_overflow(*bytes, 1ULL << 10 * (suffix - suffixes + 1), bytes)))
		return NULL;
	return end;
}

/* The part after '@': a physical address or a node. */
static int parse_place(const char *text, struct gcma_spec *spec)
{
	const char *end;

	if (!strncmp(text, "node", 4))
		return kstrtoint(text + 4, 10, &spec->nid);
	end = gcma_parse_bytes(text, &spec->phys);
	spec->at_phys = true;
	return !end || *end ? -EINVAL : 0;
}

static int parse_area(char *text, struct gcma_spec *spec)
{
	char *size = strchr(text, ':');
	const char *end;
	char *place;

	if (!size)
		return -EINVAL;
	*size++ = '\0';
	if (gcma_spec_check_name(text))
		return -EINVAL;
	place = strchr(size, '@');
	if (place)
		*place++ = '\0';

	memset(spec, 0, sizeof(*spec));
	strscpy(spec->name, text, sizeof(spec->name));
	spec->nid = NUMA_NO_NODE;
	end = gcma_parse_bytes(size, &spec->size);
	if (!end || *end)
		return -EINVAL;
	return place ? parse_place(place, spec) : 0;
}

/**
 * gcma_spec_next - take the next area off a list
 * @list: rest of the list, which is changed; NULL when it has ended
 * @spec: where to put what it says
 *
 * Context: any.
 * Return: 1 for an area, 0 at the end, -EINVAL for what is no area.
 */
int gcma_spec_next(char **list, struct gcma_spec *spec)
{
	char *text = *list;
	char *end;

	if (!text || !*text)
		return 0;
	end = strchr(text, ':');
	end = end ? strchr(end, ',') : NULL;
	if (end)
		*end++ = '\0';
	*list = end;
	/* A comma at the very end promises an area that is not there. */
	if (end && !*end)
		return -EINVAL;
	return parse_area(text, spec) ?: 1;
}
