/* SPDX-License-Identifier: MIT */
/* Rooms and cells of a host, and cores counted in them as pins. */
#include "given.h"
#include "planner/place/rooms.h"
#include "planner/place/whole.h"
#include "topology/host/host_load.h"

#include <string.h>

typedef struct Given {
	Host *host;
	Inventory *inventory;
	Plan *plan;
	Rooms *rooms;
} Given;

static Given given(const char *topology, const char *inventory)
{
	Given given = {given_host(topology), given_inventory(inventory), NULL, NULL};

	given.plan = plan_begin(given.host, given.inventory);
	given.rooms = rooms_new(given.plan);
	return given;
}

static void given_clear(Given *given)
{
	rooms_unref(given->rooms);
	plan_free(given->plan);
	inventory_free(given->inventory);
	host_free(given->host);
}

/* Each core that VMs may have is in one room, which is all like it; each room in one cell. */
static void assert_rooms(const Given *given)
{
	const Rooms *rooms = given->rooms;
	unsigned in_rooms = 0, of_vms = 0, in_cells = 0;

	for (unsigned i = 0; i < given->host->cores->len; i++)
		of_vms += rooms_core_of_vms(given->plan, i);
	for (unsigned r = 0; r < rooms->n_rooms; r++) {
		const Room *room = &rooms->room[r];

		g_assert_cmpuint(room->cores->len, >, 0);
		for (unsigned i = 0; i < room->cores->len; i++) {
			unsigned index = g_array_index(room->cores, unsigned, i);

			g_assert_true(rooms_core_of_vms(given->plan, index));
			g_assert_true(rooms_same(host_core(given->host, index), room->first));
			g_assert_cmpuint(rooms->room_of[index], ==, r);
			in_rooms++;
		}
		if (r)
			g_assert_true(room[-1].node < room->node ||
				      (room[-1].node == room->node &&
				       room[-1].first->cpu[0] < room->first->cpu[0]));
	}
	for (unsigned c = 0; c < rooms->n_cells; c++) {
		const RoomCell *cell = &rooms->cell[c];
		unsigned cores = 0;

		for (unsigned i = 0; i < cell->n_rooms; i++) {
			const Room *room = &rooms->room[cell->rooms[i]];

			g_assert_cmpuint(room->cell, ==, c);
			g_assert_cmpuint(room->node, ==, cell->node);
			g_assert_cmpuint(room->class, ==, cell->class);
			g_assert_cmpuint(room->class, <, rooms->n_classes);
			cores += room->cores->len;
			in_cells++;
		}
		g_assert_cmpuint(cell->cores, ==, cores);
		g_assert_true(!c || cell[-1].node != cell->node || cell[-1].class != cell->class);
	}
	g_assert_cmpuint(in_rooms, ==, of_vms);
	g_assert_cmpuint(in_cells, ==, rooms->n_rooms);
}

static void test_layout(void)
{
	static const struct {
		const char *topology;
		unsigned rooms, cells, classes;
	} cases[] = {
		{"pack:2 [numa] l3:4 core:8 pu:2", 8, 2, 1},
		{"pack:2 [numa] die:2 core:4 pu:2", 4, 2, 1},
		{"hybrid-6p8e.xml", 2, 2, 2},
		{"opteron-4s16c-modules.xml", 8, 8, 1},
		{"offline-4s2c2t.xml", 3, 1, 1},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		Given g = given(cases[i].topology, "[host]\ncores-per-node = 1\n");

		g_test_message("%s", cases[i].topology);
		assert_rooms(&g);
		g_assert_cmpuint(g.rooms->n_rooms, ==, cases[i].rooms);
		g_assert_cmpuint(g.rooms->n_cells, ==, cases[i].cells);
		g_assert_cmpuint(g.rooms->n_classes, ==, cases[i].classes);
		given_clear(&g);
	}
}

/* The SDK has all of the first L3: there VMs have no room, until one is made. */
static void test_with(void)
{
	Given g = given("numa:1 l3:3 core:2 pu:1", "[host]\ncpus = 0\n[sdk]\ncpus = 2-3\n");
	const Core *like = host_core(g.host, 2);
	Rooms *with = rooms_with(g.rooms, 1, like);

	g_assert_cmpuint(g.rooms->n_rooms, ==, 2);
	g_assert_cmpuint(g.rooms->room_of[2], ==, HOST_NONE);
	g_assert_cmpuint(with->n_rooms, ==, 3);
	g_assert_true(with->room[1].first == like);
	g_assert_cmpuint(with->room_of[3], ==, 1);
	g_assert_cmpuint(with->room_of[4], ==, 2);
	g_assert_cmpuint(with->cell[0].cores, ==, 4);
	rooms_unref(with);
	given_clear(&g);
}

static void assert_pins(const Given *g, SearchVm vm, const SearchShare *shares, unsigned n,
			unsigned *owner, const char *expected)
{
	g_autoptr(GArray) cores = g_array_new(FALSE, FALSE, sizeof(unsigned));
	g_autoptr(GArray) pins = g_array_new(FALSE, FALSE, sizeof(unsigned));
	g_autoptr(GString) text = g_string_new(NULL);

	rooms_pin(g->rooms, &vm, shares, n, owner, 7, cores, pins);
	for (unsigned i = 0; i < pins->len; i++)
		g_string_append_printf(text, i ? " %u" : "%u", g_array_index(pins, unsigned, i));
	g_assert_cmpstr(text->str, ==, expected);
	for (unsigned i = 0; i < cores->len; i++)
		g_assert_cmpuint(owner[g_array_index(cores, unsigned, i)], ==, 7);
}

/* Two nodes of four cores, of which CPUs 0 and 1, and 8 and 9 are the host's. */
static void test_pin(void)
{
	Given g = given("numa:2 core:4 pu:2", "[host]\ncores-per-node = 1\n");
	unsigned owner[8];
	const SearchShare both[] = {{0, 1, 2}, {1, 2, 1}}, one = {0, 2, 2}, last = {1, 1, 2};

	for (unsigned i = 0; i < G_N_ELEMENTS(owner); i++)
		owner[i] = HOST_NONE;
	/* The core of the last share without a vCPU is the helper's, who has half of it. */
	assert_pins(&g, (SearchVm){.vcpus = 3, .helpers = 1}, both, 2, owner, "2 3 10 12");
	/* What the first has is gone. */
	assert_pins(&g, (SearchVm){.vcpus = 2, .isolate = true}, &one, 1, owner, "4 6");
	assert_pins(&g, (SearchVm){.vcpus = 2}, &last, 1, owner, "14 15");
	given_clear(&g);
}

/* VMs of 31 vCPUs and a helper, on 16 cores of L3s of which the first has 7. */
static void test_gather(void)
{
	Given g = given("numa:2 l3:4 core:8 pu:2", "[host]\ncores-per-node = 1\n");
	SearchVm vm = {.vcpus = 31, .helpers = 1};
	/* What is left beside the VM, its shares, and what both are then; 0 = no share. */
	struct {
		unsigned left[4], shares[4], left_then[4], shares_then[4];
	} cases[] = {
		{{0, 0, 7, 8}, {7, 8, 1, 0}, {7, 0, 0, 8}, {0, 8, 8, 0}},
		{{0, 0, 6, 8}, {7, 8, 1, 0}, {0, 0, 6, 8}, {7, 8, 1, 0}},
		{{0, 5, 0, 4}, {5, 3, 4, 4}, {5, 0, 4, 0}, {0, 8, 0, 8}},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		unsigned n = 0, left[8] = {0}, vcpus = 0, cores = 0;
		SearchShare shares[4];

		memcpy(left, cases[i].left, sizeof(cases[i].left));
		for (unsigned r = 0; r < 4; r++) {
			if (!cases[i].shares[r])
				continue;
			shares[n] = (SearchShare){r, cases[i].shares[r],
						  MIN(31 - vcpus, 2 * cases[i].shares[r])};
			vcpus += shares[n++].vcpus;
		}
		whole_gather(g.rooms, &vm, left, shares, &n);
		g_assert_cmpmem(left, sizeof(cases[i].left_then), cases[i].left_then,
				sizeof(cases[i].left_then));
		for (unsigned s = 0; s < n; s++) {
			g_assert_cmpuint(shares[s].cores, ==, cases[i].shares_then[shares[s].room]);
			g_assert_cmpuint(shares[s].vcpus, ==,
					 MIN(31 - 2 * cores, 2 * shares[s].cores));
			cores += shares[s].cores;
		}
		g_assert_cmpuint(cores, ==, 16);
	}
	given_clear(&g);
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/rooms/layout", test_layout);
	g_test_add_func("/rooms/with", test_with);
	g_test_add_func("/rooms/pin", test_pin);
	g_test_add_func("/rooms/gather", test_gather);
	return g_test_run();
}
