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

	if (!*name || strlen(name) >= GCMA_NAME_LEN || *name == '.')
		return -EINVAL;
	for (c = name; *c; c++)
		if (!isalnum(*c) && !strchr("_-.,", *c))
			return -EINVAL;
	return 0;
}

/* The part after '@': a physical address or a node. */
static int parse_place(const char *text, struct gcma_spec *spec)
{
	char *end;

	if (!strncmp(text, "node", 4))
		return kstrtoint(text + 4, 10, &spec->nid);
	if (!isdigit(*text))
		return -EINVAL;
	spec->phys = memparse(text, &end);
	spec->at_phys = true;
	return *end ? -EINVAL : 0;
}

static int parse_area(char *text, struct gcma_spec *spec)
{
	char *size = strchr(text, ':');
	char *place, *end;

	if (!size)
		return -EINVAL;
	*size++ = '\0';
	if (gcma_spec_check_name(text) || !isdigit(*size))
		return -EINVAL;
	place = strchr(size, '@');
	if (place)
		*place++ = '\0';

	memset(spec, 0, sizeof(*spec));
	strscpy(spec->name, text, sizeof(spec->name));
	spec->nid = NUMA_NO_NODE;
	spec->size = memparse(size, &end);
	if (*end)
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
