/* SPDX-License-Identifier: MIT */
/*
 * Settings: the keys of the inventory, one row each in the tables of settings.c. Whatever handles
 * settings walks a table: the parser and the writer of the inventory, the writer and the reader of
 * the plan document, diff, events and requests, adopt; vm_spec_copy() and vm_spec_free().
 *
 * To add a key: see planner/inventory/settings.h.
 */
#ifndef PLANNER_INVENTORY_SETTING_H
#define PLANNER_INVENTORY_SETTING_H

#include "planner/base/cost.h"
#include "topology/facts/node.h"
#include "topology/guests/guests.h"

#include <jansson.h>

typedef struct Setting Setting;

/* The value of a key while it is read. */
typedef struct SettingInput {
	const char *text;
	int line;	   /* of the file; 0 = none */
	GPtrArray *faults; /* of char *: what is wrong with it */
} SettingInput;

/* What a value is; FIELD is where it is kept. The types are in setting_types.h. */
typedef struct SettingType {
	/* Read the value as the inventory has it, or say what is wrong: setting_refuse(). */
	void (*parse)(const Setting *setting, SettingInput *input, void *field);
	/* As the inventory has it, yours; NULL where there is nothing to say. */
	char *(*text)(const Setting *setting, const void *field);
	/* As documents have it, yours. */
	json_t *(*to_json)(const Setting *setting, const void *field);
	/* Read that; false where VALUE (NULL = it is missing) is not `wanted`. */
	bool (*from_json)(const Setting *setting, const json_t *value, void *field);
	/* What a document, or (ASKED) an event or a request must have there: "a whole number from 1
	 * to 64". Yours. */
	char *(*wanted)(const Setting *setting, bool asked);
	/* FIELD was copied byte by byte: make what it points to its own; NULL = it points nowhere.
	 */
	void (*own)(void *field);
	/* Free what FIELD points to, and point nowhere. */
	void (*clear)(void *field);
	/* What events and requests write it as: a string, as the inventory has it, a whole number,
	 * or (JSON_TRUE) true or false. */
	json_type asked;
} SettingType;

enum SettingFlag {
	SETTING_ALWAYS = 1 << 0, /* the inventory is written with it even where it is the default */
	SETTING_EMPTY = 1 << 1,	 /* the inventory may give it no value */
	SETTING_IN_DOCUMENT = 1 << 2, /* the plan document always has it; others where they are not
					 the default */
	SETTING_DERIVED_DOCUMENT = 1 << 3, /* the plan document has what follows from it instead */
	SETTING_DERIVED_DIFF = 1 << 4, /* diff compares what follows from it instead: diff_vm.c */
	SETTING_UNASKED = 1 << 5,      /* events and requests cannot have it */
	SETTING_NOT_PLACED = 1 << 6,   /* where a VM fits does not depend on it */
};

struct Setting {
	const char *key;     /* in the inventory; NULL ends a table */
	const char *json;    /* in documents, events and requests; NULL = the key */
	const char *section; /* of the inventory; NULL = that of its table */
	const SettingType *type;
	size_t offset; /* in the struct of its table; settings that share one exclude each other */
	const char *const *words; /* of a choice, ended by NULL */
	unsigned least, most;	  /* of a number */
	unsigned way;		  /* of a number of cores: SplitBy */
	unsigned flags;		  /* SettingFlag */
	const char *voids;	  /* the key of a VM that holds no longer where this is another */
	const char *what;	  /* what diff calls it; NULL = the key */
	const char *help;	  /* one line: what it is, and its default */
	const char *example;	  /* a value of it; planner init offers it */
	Cost cost;		  /* of another value where it runs */
	/* What a guest that runs has of it; NULL = adopt asks otherwise, or it cannot be seen. */
	void (*seen)(const Guest *guest, void *field);
	/* What a node says of it, into a FIELD where nothing is said; NULL = nothing. */
	void (*told)(const Node *node, void *field);
};

/* The settings of one section. */
typedef struct SettingTable {
	const char *section;
	const Setting *settings;
	const void *standard; /* the struct with every default; no setting of it points anywhere */
	size_t size;	      /* of the struct */
} SettingTable;

/* The setting called KEY, NULL. */
const Setting *setting_find(const SettingTable *table, const char *key);
const char *setting_json_name(const Setting *setting);
/* Where OBJECT, a struct of the table, keeps it. */
void *setting_field(const Setting *setting, void *object);

/* Say what is wrong with the value. */
void setting_refuse(SettingInput *input, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Read TEXT, of LINE, into OBJECT. What is wrong is added to FAULTS, as "'x' is not …"; then the
 * value is not to be used. */
void setting_parse(const Setting *setting, void *object, const char *text, int line,
		   GPtrArray *faults);

bool setting_equal(const Setting *setting, const void *a, const void *b);
bool setting_standard(const SettingTable *table, const Setting *setting, const void *object);
/* As the inventory is written: yours; NULL where the key is left out. */
char *setting_text(const SettingTable *table, const Setting *setting, const void *object);
/* For people: the default as well; where there is nothing to say "not known" of what a node says of
 * itself, else "none". Yours. */
char *setting_shown(const Setting *setting, const void *object);

json_t *setting_to_json(const Setting *setting, const void *object);
/* Read what setting_to_json() gave; NULL, or what VALUE is not: yours. */
char *setting_from_json(const Setting *setting, const json_t *value, void *object);
/* What the plan document has of OBJECT, but for what is in INTO already: what is always there
 * (IN_DOCUMENT), or what is there because it is not the default. */
void settings_to_json(const SettingTable *table, const void *object, bool in_document,
		      json_t *into);
/* Read all of that from DOCUMENT; NULL, or what is wrong with it: yours. */
char *settings_from_json(const SettingTable *table, const json_t *document, void *object);
/* Read what an event or a request asks for; NULL, or what VALUE is not: yours. */
char *setting_from_request(const Setting *setting, const json_t *value, void *object);

/* What can be seen of GUEST. */
void settings_see(const SettingTable *table, const Guest *guest, void *object);
/* What NODE says of itself, where OBJECT has the default. */
void settings_tell(const SettingTable *table, const Node *node, void *object);

/* A struct with every default; a copy of OBJECT; yours: settings_clear(), then g_free(). */
void *settings_new(const SettingTable *table);
void *settings_copy(const SettingTable *table, const void *object);
/* Make what OBJECT points to, copied byte by byte, its own; free it. */
void settings_own(const SettingTable *table, void *object);
void settings_clear(const SettingTable *table, void *object);

#endif
