/* SPDX-License-Identifier: MIT */
#include "planner/rollout/rollout.h"

/* clang-format off */
const char *const step_names[] = {
	[STEP_DEFINE]  = "define",
	[STEP_STOP]    = "stop",
	[STEP_PARK]    = "park",
	[STEP_REPIN]   = "re-pin",
	[STEP_RESTART] = "restart",
	[STEP_START]   = "start",
	[STEP_RELOAD]  = "reload",
	[STEP_WRITE]   = "write",
	[STEP_REBOOT]  = "reboot",
	[STEP_CHECK]   = "check",
	NULL,
};
/* clang-format on */

static void step_free(gpointer data)
{
	g_array_unref(((Step *)data)->pins);
	g_free(data);
}

GPtrArray *rollout_steps_new(void)
{
	return g_ptr_array_new_with_free_func(step_free);
}

Step *rollout_add(Rollout *rollout, StepKind kind, const DiffVm *vm)
{
	Step *step = g_new0(Step, 1);

	step->kind = kind;
	step->vm = vm;
	step->pins = g_array_new(FALSE, FALSE, sizeof(StepPin));
	g_ptr_array_add(rollout->steps, step);
	return step;
}
