/* SPDX-License-Identifier: MIT */
/* What the inventory's lines and its keys share: the state of the parser. */
#ifndef PLANNER_INVENTORY_INVENTORY_PARSER_H
#define PLANNER_INVENTORY_INVENTORY_PARSER_H

#include "planner/inventory/inventory.h"

typedef struct Parser Parser;

typedef struct Key {
	const char *name;
	void (*set)(Parser *p, const char *value);
} Key;

typedef struct Section {
	const char *name;
	const Key *keys;
} Section;

typedef struct Complaint {
	int line;
	char *text;
} Complaint;

typedef struct VmSection {
	VmSpec *vm; /* owned */
	unsigned count;
} VmSection;

struct Parser {
	const char *file;
	const char *text, *end; /* what is still to read */
	int line;
	Inventory *inventory;
	GArray *complaints; /* of Complaint */
	const Key *keys; /* of the section being read; NULL = unknown section, keys passed over */
	char *section;	 /* its name as written, NULL before the first */
	const char *key; /* being set */
	GHashTable *sections; /* name → line */
	GHashTable *seen;     /* keys of this section → line */
	CoreRequest *request; /* the role section being read */
	GArray *vms;	      /* of VmSection, in the file's order */
	VmSection *vm;	      /* being read; valid until the next section */
	Partner *partner;     /* being read, of the inventory */
	bool unread;	      /* a line of the section being read was faulty */
	bool cr;	      /* carriage returns were reported */
};

#define INVENTORY_VMS_MAX 8192 /* of one inventory, counts spelled out */
#define PARTNERS_MAX 256

/* An error of LINE. */
void parser_complain(Parser *p, int line, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* An error in the value of the key being set. */
void parser_refuse(Parser *p, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The sections without a name, ended by NULL; and the keys of those with (inventory_keys.c). */
extern const Section parser_sections[];
extern const Key parser_vm_keys[], parser_partner_keys[];

#endif
