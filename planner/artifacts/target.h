/* SPDX-License-Identifier: MIT */
/*
 * Targets: whose files a tree has, in the order in which they take effect. A target is made of
 * words: one says who boots the host and runs its services, one, where it is not libvirt alone, who
 * runs its VMs. Some say both.
 *
 * To add a word: its row in target.c, and planner-emit.1.
 */
#ifndef PLANNER_ARTIFACTS_TARGET_H
#define PLANNER_ARTIFACTS_TARGET_H

#include "planner/artifacts/artifact.h"

typedef struct TargetWord {
	const char *name; /* NULL ends the list */
	const char *help;
	bool host;     /* it says who boots the host and runs its services */
	bool platform; /* it says who runs the VMs */
	bool sets_up;  /* the platform sets the host up: no other file is for it */
	bool image;    /* files go into an image: nothing is applied to a machine */
	const Artifact *const *artifacts; /* its own, ended by NULL; their order is artifacts[]'s */
} TargetWord;
extern const TargetWord target_words[];

struct Target {
	char *words;		    /* as given: "el,openstack" */
	bool image;		    /* an image is built of the files */
	const Artifact **artifacts; /* ended by NULL, in the order in which they take effect */
};

/* The target that WORDS, with commas between, name; NULL with PLANNER_ERROR_USAGE. Yours. */
Target *target_new(const char *words, GError **error);
void target_free(Target *target);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Target, target_free)

/* Why an artifact is left out where no target is named. */
#define TARGET_MISSING "is for one kind of host: --for HOST"

#endif
