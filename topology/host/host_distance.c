/* SPDX-License-Identifier: MIT */
/* How far NUMA nodes are from each other: as the source says, else by their packages. */
#include "topology/host/host_load.h"

#include <hwloc/distances.h>

/* Where nothing is said: as the firmware of hosts of two packages with several nodes has it. */
enum { DISTANCE_SELF = 10, DISTANCE_NEAR = 12, DISTANCE_FAR = 32 };

static unsigned distance_at(const GArray *matrix, unsigned nodes, unsigned a, unsigned b)
{
	return g_array_index(matrix, unsigned, a *nodes + b);
}

unsigned host_distance(const Host *host, unsigned a, unsigned b)
{
	if (host->distances->len)
		return distance_at(host->distances, host->nodes->len, a, b);
	return a == b ? DISTANCE_SELF : DISTANCE_NEAR;
}

const unsigned *host_distances(const Host *host)
{
	return host->distances->len ? (const unsigned *)host->distances->data : NULL;
}

static bool distance_has_cores(const Host *host, unsigned node)
{
	return !hwloc_bitmap_iszero(g_array_index(host->nodes, NumaNode, node).cpus);
}

/* Are two nodes with cores further from each other than two others? */
static bool distances_differ(const Host *host, const GArray *matrix)
{
	unsigned n = host->nodes->len, first = 0;

	for (unsigned i = 0; i < n * n; i++) {
		unsigned distance = distance_at(matrix, n, i / n, i % n);

		if (i / n == i % n || !distance_has_cores(host, i / n) ||
		    !distance_has_cores(host, i % n))
			continue;
		if (first && distance != first)
			return true;
		first = distance;
	}
	return false;
}

/* A node is nearer to itself than to any other. */
static bool distances_sane(const Host *host, const GArray *matrix)
{
	unsigned n = host->nodes->len;

	for (unsigned i = 0; i < n * n && matrix->len == n * n; i++) {
		unsigned distance = distance_at(matrix, n, i / n, i % n);

		if (distance == 0 || distance > HOST_DISTANCE_MOST ||
		    (i / n != i % n && distance <= distance_at(matrix, n, i / n, i / n)))
			return false;
	}
	return matrix->len == n * n;
}

/* Both ways the same: a VM pays for the longer. */
static void distances_even(GArray *matrix, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		for (unsigned j = 0; j < i; j++) {
			unsigned *there = &g_array_index(matrix, unsigned, i *n + j);
			unsigned *back = &g_array_index(matrix, unsigned, j *n + i);

			*there = *back = MAX(*there, *back);
		}
}

static GArray *distances_by_package(const Host *host)
{
	unsigned n = host->nodes->len;
	GArray *matrix = g_array_sized_new(FALSE, FALSE, sizeof(unsigned), n * n);
	g_autoptr(GPtrArray) packages =
		g_ptr_array_new_with_free_func((GDestroyNotify)hwloc_bitmap_free);

	for (unsigned i = 0; i < n; i++)
		g_ptr_array_add(packages, hwloc_bitmap_alloc());
	for (unsigned i = 0; i < host->cores->len; i++) {
		const Core *core = &g_array_index(host->cores, Core, i);

		hwloc_bitmap_set(g_ptr_array_index(packages, core->node), core->package);
	}
	for (unsigned i = 0; i < n * n; i++) {
		bool near = hwloc_bitmap_intersects(g_ptr_array_index(packages, i / n),
						    g_ptr_array_index(packages, i % n));
		unsigned distance = i / n == i % n ? DISTANCE_SELF
				    : near	   ? DISTANCE_NEAR
						   : DISTANCE_FAR;

		g_array_append_val(matrix, distance);
	}
	return matrix;
}

void distances_finish(Host *host)
{
	if (!distances_sane(host, host->distances_said) ||
	    !distances_differ(host, host->distances_said))
		g_array_set_size(host->distances_said, 0);
	g_array_unref(host->distances);
	host->distances = host->distances_said->len ? g_array_copy(host->distances_said)
						    : distances_by_package(host);
	distances_even(host->distances, host->nodes->len);
	if (!distances_differ(host, host->distances))
		g_array_set_size(host->distances, 0);
}

/* For each of NODES where MATRIX has it; -1 = nowhere. Yours. */
static int *indexes_of(const struct hwloc_distances_s *matrix, const GPtrArray *nodes)
{
	int *indexes = g_new(int, nodes->len + 1);

	for (unsigned n = 0; n < nodes->len; n++) {
		indexes[n] = -1;
		for (unsigned i = 0; i < matrix->nbobjs; i++)
			if (matrix->objs[i] == g_ptr_array_index(nodes, n))
				indexes[n] = (int)i;
	}
	return indexes;
}

void distances_read(hwloc_topology_t topology, const GPtrArray *nodes, Host *host)
{
	struct hwloc_distances_s *matrix;
	g_autofree int *at = NULL;
	unsigned found = 1;

	if (hwloc_distances_get_by_type(topology, HWLOC_OBJ_NUMANODE, &found, &matrix,
					HWLOC_DISTANCES_KIND_MEANS_LATENCY, 0) < 0 ||
	    found == 0)
		return;
	at = indexes_of(matrix, nodes);
	for (unsigned i = 0; i < nodes->len * nodes->len; i++) {
		int row = at[i / nodes->len], column = at[i % nodes->len];
		uint64_t value =
			row < 0 || column < 0
				? 0
				: matrix->values[(unsigned)row * matrix->nbobjs + (unsigned)column];
		unsigned distance = (unsigned)MIN(value, (uint64_t)HOST_DISTANCE_MOST + 1);

		g_array_append_val(host->distances_said, distance);
	}
	hwloc_distances_release(topology, matrix);
}
