/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"
#include "cmd/inputs.h"
#include "cmd/lines.h"
#include "planner/base/json.h"
#include "planner/online/event.h"
#include "planner/online/online.h"
#include "topology/base/error.h"

#include <jansson.h>
#include <stdio.h>
#include <time.h>

#define MOVES_LOOKED_FOR 3 /* when none are allowed: how many a refusal looks ahead */
/* Steps that the searches of a whole history share: hints only, and moves that are carried out. */
#define STEPS_TO_HINT 500000
#define STEPS_TO_MOVE (20 * STEPS_TO_HINT)

/* What is counted over a history. */
typedef struct Replay {
	Online *online;
	unsigned moves; /* allowed for one VM */
	unsigned line;
	uint64_t steps; /* left for searches of moves */
	int64_t start;	/* of the decision, in ns */
	unsigned placed, rejected, with_room, moved, errors, peak_vcpus;
	double peak_fill;
} Replay;

static json_t *replay_cpus_to_json(const GArray *cpus)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < cpus->len; i++)
		json_array_append_new(array, json_integer(g_array_index(cpus, unsigned, i)));
	return array;
}

static json_t *set_to_json(hwloc_const_bitmap_t set)
{
	json_t *array = json_array();
	unsigned cpu;

	hwloc_bitmap_foreach_begin(cpu, set)
		json_array_append_new(array, json_integer(cpu));
	hwloc_bitmap_foreach_end();
	return array;
}

static json_t *replay_moves_to_json(const GPtrArray *moves)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < moves->len; i++) {
		const OnlineMove *move = g_ptr_array_index(moves, i);

		json_array_append_new(array, json_pack("{s:s, s:o, s:o}", "id", move->id, "from",
						       replay_cpus_to_json(move->from), "to",
						       replay_cpus_to_json(move->to)));
	}
	return array;
}

/* A line at once, so that another program can converse with us. */
static void replay_answer(json_t *object)
{
	g_autofree char *text = json_line(object);

	puts(text);
	fflush(stdout);
	json_decref(object);
}

static int64_t replay_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void replay_count_placed(Replay *r)
{
	r->placed++;
	r->peak_vcpus = MAX(r->peak_vcpus, online_vcpus(r->online));
	r->peak_fill = MAX(r->peak_fill, online_fill(r->online));
}

/* A decision, and what all of it took: the reason and the search for moves too. */
static void answer_timed(const Replay *r, json_t *object)
{
	json_object_set_new(object, "ns", json_integer(replay_now() - r->start));
	replay_answer(object);
}

static void answer_placed(Replay *r, const OnlineVm *vm, const GPtrArray *moves)
{
	json_t *object = json_pack("{s:s, s:s}", "id", vm->spec->name, "status", "placed");
	bool shared = vm->spec->policy == POLICY_SHARED;
	g_auto(CpuSet) pool = shared ? online_pool(r->online, vm) : NULL;

	replay_count_placed(r);
	json_object_set_new(object, "cpus",
			    shared ? set_to_json(pool) : replay_cpus_to_json(vm->pins));
	if (moves)
		json_object_set_new(object, "moves", replay_moves_to_json(moves));
	answer_timed(r, object);
}

static void answer_rejected(Replay *r, const VmSpec *spec, const char *why, const GPtrArray *would)
{
	json_t *object =
		json_pack("{s:s, s:s, s:s}", "id", spec->name, "status", "rejected", "reason", why);

	r->rejected++;
	r->with_room += online_has_room(r->online, spec);
	if (would)
		json_object_set_new(object, "would_fit",
				    json_pack("{s:o}", "moves", replay_moves_to_json(would)));
	answer_timed(r, object);
}

/* Refused as things stand: move others where that is allowed, else say which would have to. */
static void place_by_moves(Replay *r, const VmSpec *spec)
{
	unsigned most = MAX(r->moves, MOVES_LOOKED_FOR);
	g_autoptr(GPtrArray) moves = online_moves(r->online, spec, most, &r->steps);
	const OnlineVm *vm;

	if (!moves || moves->len > r->moves) {
		g_autofree char *why = online_why(r->online, spec);

		answer_rejected(r, spec, why, moves);
		return;
	}
	online_apply(r->online, moves);
	if (online_place(r->online, spec, &vm) != ONLINE_PLACED)
		g_assert_not_reached();
	r->moved += moves->len;
	answer_placed(r, vm, moves);
}

static void replay_place(Replay *r, VmSpec *spec)
{
	g_autofree char *far = NULL;
	const OnlineVm *vm;

	r->start = replay_now();
	far = online_near(r->online, spec);
	if (far) {
		answer_rejected(r, spec, far, NULL);
		return;
	}
	switch (online_place(r->online, spec, &vm)) {
	case ONLINE_PLACED:
		answer_placed(r, vm, NULL);
		break;
	case ONLINE_REJECTED:
		place_by_moves(r, spec);
		break;
	case ONLINE_DUPLICATE:
		r->errors++;
		replay_answer(json_pack("{s:i, s:s, s:s}", "line", (int)r->line, "id", spec->name,
					"error", "a VM of this id runs already; remove it first"));
		break;
	}
}

static void remove_vm(Replay *r, const VmSpec *spec)
{
	bool removed = online_remove(r->online, spec->name);

	replay_answer(
		json_pack("{s:s, s:s}", "id", spec->name, "status", removed ? "removed" : "noop"));
}

static void replay_bad_line(Replay *r, const char *what)
{
	r->errors++;
	replay_answer(json_pack("{s:i, s:s}", "line", (int)r->line, "error", what));
}

static void replay_line(void *data, unsigned number, const char *line, size_t length,
			const char *fault)
{
	Replay *r = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(Event) event = NULL;

	r->line = number;
	if (fault) {
		replay_bad_line(r, fault);
		return;
	}
	event = event_parse(line, length, &error);
	if (!event)
		replay_bad_line(r, error->message);
	else if (event->op == EVENT_REMOVE)
		remove_vm(r, event->spec);
	else
		replay_place(r, event->spec);
}

static void replay_summary(const Replay *r)
{
	replay_answer(json_pack("{s:{s:i, s:i, s:i, s:i, s:i, s:f, s:i}}", "summary", "placed",
				(int)r->placed, "rejected", (int)r->rejected, "rejected_with_room",
				(int)r->with_room, "moves", (int)r->moved, "peak_vcpus",
				(int)r->peak_vcpus, "fill", r->peak_fill, "errors",
				(int)r->errors));
}

static Status replay_run_history(const Options *options, const Inputs *inputs, GError **error)
{
	Replay r = {.moves = options->moves,
		    .steps = options->moves ? STEPS_TO_MOVE : STEPS_TO_HINT};

	r.online = online_new(inputs->plan, ONLINE_LOOK_AHEAD);
	r.peak_vcpus = online_vcpus(r.online);
	r.peak_fill = online_fill(r.online);
	if (lines_read(options->arguments[0], replay_line, &r, error) || r.line)
		replay_summary(&r);
	online_free(r.online);
	return *error || r.errors ? STATUS_TROUBLE : r.rejected ? STATUS_BAD_NEWS : STATUS_FINE;
}

static Status replay_run(const Options *options, GError **error)
{
	Inputs inputs = {0};
	Status status = STATUS_TROUBLE;

	if (!options->arguments[0] || options->arguments[1])
		options_refuse(error, &command_replay, "replay needs one file of events, or -");
	else if (inputs_load_plan(options, &inputs, error))
		status = replay_run_history(options, &inputs, error);
	inputs_clear(&inputs);
	return status;
}

const Command command_replay = {
	.name = "replay",
	.help = "run a history of arrivals and departures, deciding each event as it comes",
	.arguments = "EVENTS.jsonl|-",
	.options = OPTION_INVENTORY | OPTION_TOPOLOGY | OPTION_CONNECT | OPTION_MOVES,
	.example = "planner replay -i node.ini -t x6.xml history.jsonl",
	.before = "planner init or planner adopt writes the inventory",
	.after = "planner fit says what still fits",
	.run = replay_run,
};
