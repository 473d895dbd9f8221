/* SPDX-License-Identifier: MIT */
/*
 * Artifacts: the plan as text that other tools read. All is rendered in memory; only cmd/ prints
 * and writes it.
 *
 * To add an artifact: 1. a `const Artifact artifact_NAME` in the file of its kind (artifact_*.c)
 * and its line below; 2. its line in the table in artifact.c; 3. its template, and a line for it in
 * templates/README; 4. what Ansible does with it, in templates/ansible/roles/planner/vars/main.yml;
 * 5. planner-emit.1; 6. in tests/rules.t the rule that finds it not in force, or why none does;
 * 7. tests/emit.t where a real consumer can read it back.
 */
#ifndef PLANNER_ARTIFACTS_ARTIFACT_H
#define PLANNER_ARTIFACTS_ARTIFACT_H

#include "planner/artifacts/artifact_fill.h"
#include "planner/place/plan.h"

/* One ${name} of a template, and how its text is made (yours to free). */
typedef struct ArtifactValue {
	const char *name; /* NULL ends the list */
	TemplateEscape escape;
	char *(*text)(Fill *fill);
} ArtifactValue;

/* What becomes of the domain XML that a VM has already, where whoever asks gives it. */
typedef enum ArtifactBase {
	BASE_NONE,   /* nothing: it is not asked for */
	BASE_CHANGE, /* the XML for the next start; the text is this XML, changed: merge_domain() */
	BASE_PINS,   /* that of the running VM; the text begins at its pins: Rendering.pins */
} ArtifactBase;

struct Artifact {
	const char *name; /* as `planner emit NAME` has it */
	const char *help; /* one line: what it is for */
	const char *path; /* on the node, '*' stands for the VM's name; NULL = printed only */
	/* The same where it depends on the plan; NULL = it does not. */
	const char *(*path_on)(const Plan *plan);
	bool script;	/* an executable, which also takes the argument `undo` */
	bool program;	/* an executable that others call: it takes no `undo` */
	bool of_vm;	/* NAME is followed by the VM's name */
	bool of_tree;	/* it tells of the other files */
	bool applies;	/* it is the script that puts the tree on the node */
	bool undoes;	/* it is the script that removes it */
	bool of_host;	/* it is for every host that its platform does not set up */
	bool of_target; /* it is for one kind of host: only with Rendering.target */
	bool drawn;	/* its text is a drawing for lstopo: cmd/ has it drawn */
	ArtifactBase base;
	Activation activation;
	const char *activate; /* how: commands, in words where no command does it; NULL */
	/* The same for apply.sh: a command; "" where a reboot is enough; NULL = it is for people.
	 */
	const char *apply;
	const char *changes; /* files that this changes besides its own, as a shell's words; NULL */
	const char *refresh; /* the command that reads those, after apply and after undo; NULL */
	const char *stop;    /* undoing: the command before the file is removed; NULL = none */
	const char *undo;    /* undoing: the command after the file is removed; NULL = none */
	/* Why it makes no sense for this plan (and VM), NULL if it does; static. */
	const char *(*unfit)(const Plan *plan, const PlanVm *vm);
	/* The same where the VM itself is not known, but the plan alone: in the tree. */
	const char *(*unfit_unseen)(const Plan *plan, const PlanVm *vm);
	/* Why a tree goes without it unless it is asked for by name, NULL if it does not; static.
	 */
	const char *(*unasked)(const Plan *plan);
	/* Its text: a template and all of its names; or a function that makes it. */
	const char *template;
	const ArtifactValue *values;
	char *(*render)(Fill *fill);
};

/* All, ended by NULL, in the order in which they take effect, which is that of the index. */
extern const Artifact *const artifacts[];
const Artifact *artifact_find(const char *name);

/*
 * The text of ARTIFACT, yours, ending in a newline; NULL with PLANNER_ERROR_INPUT where a template
 * is wrong, a value cannot be made safe, or the artifact makes no sense for the plan.
 */
char *artifact_render(const Artifact *artifact, const Rendering *rendering, GError **error);

/* The plan's own file on the node. */
#define ARTIFACT_PLAN "/etc/planner/plan.json"
/* On the node, while a tree is written: the lock of its writer, and what is in the name of a file
 * that is not yet in place: ".NAME.planner-new-…". A writer that was killed leaves them. */
#define ARTIFACT_LOCK "/etc/planner/.lock"
#define ARTIFACT_ASIDE ".planner-new"

/* A file of the tree that puts the plan on a node. */
typedef struct ArtifactFile {
	const Artifact *artifact; /* NULL: of no plan */
	const PlanVm *vm;	  /* NULL = not of one VM */
	char *path;		  /* on the node: absolute, no "..", unique in the tree */
	unsigned mode;
	bool merged; /* the VM's own domain XML, changed: libvirt may define it */
	char *text;  /* NULL until rendered */
} ArtifactFile;

/*
 * The files of the whole plan of RENDERING, or those for its target, but those of the artifacts
 * that it skips, not yet rendered: a GPtrArray of ArtifactFile, yours. What is left out is said in
 * LEFT_OUT (a GPtrArray of char *; may be NULL): "ovs: the plan has no SDK CPUs".
 */
GPtrArray *artifact_files(const Rendering *rendering, GPtrArray *left_out);
/* Add the file of one artifact (and VM) of PLAN to FILES. */
void artifact_files_add(GPtrArray *files, const Artifact *artifact, const Plan *plan,
			const PlanVm *vm);
GPtrArray *artifact_files_new(void);
/* NAME as part of a file's name, yours: what a shell or a path could take for more becomes %XX. */
char *artifact_name_encode(const char *name);
/* Render them; false, and no text is to be used, with ERROR set. */
bool artifact_files_render(GPtrArray *files, const Rendering *rendering, GError **error);

/* Does the domain XML of VM have hint-dedicated? (artifact_domain.c) */
bool domain_hinted(const Plan *plan, const PlanVm *vm);

/* The rows, beside their kind. */
extern const Artifact artifact_cmdline, artifact_grub, artifact_grubby, artifact_kernel_install,
	artifact_bootc, artifact_extlinux, artifact_zipl;
extern const Artifact artifact_affinity, artifact_system_slice, artifact_user_slice,
	artifact_machine_slice, artifact_sdk_slice, artifact_sdk_partition;
extern const Artifact artifact_irqbalance, artifact_irqbalance_rhel, artifact_tuned,
	artifact_tuned_realtime, artifact_modprobe, artifact_sysctl, artifact_hugepages,
	artifact_hugetlbfs, artifact_cgconfig;
extern const Artifact artifact_check_service, artifact_check_timer, artifact_libvirt_hook;
extern const Artifact artifact_dpdk, artifact_spdk, artifact_ovs;
extern const Artifact artifact_nova, artifact_flavors, artifact_performance_profile,
	artifact_ansible;
extern const Artifact artifact_kubelet, artifact_kubevirt, artifact_proxmox, artifact_starlingx;
extern const Artifact artifact_domain, artifact_virsh, artifact_cpu_pm;
extern const Artifact artifact_hwloc_xml, artifact_picture, artifact_plan, artifact_index,
	artifact_undo, artifact_apply;

#endif
