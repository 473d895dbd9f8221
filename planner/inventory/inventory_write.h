/* SPDX-License-Identifier: MIT */
/*
 * The inventory as the INI file it is read from: the inverse of inventory_parse(), with comments.
 * It walks the tables of planner/inventory/settings.h.
 */
#ifndef PLANNER_INVENTORY_INVENTORY_WRITE_H
#define PLANNER_INVENTORY_INVENTORY_WRITE_H

#include "planner/inventory/inventory.h"

/* A comment, above the key it is on. */
typedef struct InventoryNote {
	char *section; /* "kernel", "vm vm1"; NULL = the head of the file. One that the inventory
			  has not is written as a comment, last. */
	char *key;     /* NULL, or one that the section does not have: the section as a whole */
	char *text;    /* folded; no text ends its line or holds a control character there */
	char *offer;   /* a line "key = value" that stands there behind a ';'; NULL */
} InventoryNote;

/* A note; all four are copied. Yours. */
InventoryNote *inventory_note_new(const char *section, const char *key, const char *text,
				  const char *offer);
void inventory_note_free(InventoryNote *note);

/*
 * What is wrong with NAME, of a VM, a partner or the node, in this file, as "has a ']'"; NULL if
 * nothing is. It refuses more than vm_name_fault(): what stands between brackets, or before a
 * comment.
 */
const char *inventory_name_fault(const char *name);

/*
 * INVENTORY as text, yours, with the NOTES (of InventoryNote; NULL = none). inventory_parse() makes
 * the same of it (but for `line`), as long as no name has an inventory_name_fault(), the parser
 * would take each value, and no line gets longer than it reads.
 */
char *inventory_write(const Inventory *inventory, const GPtrArray *notes);
/* The sections of VMS (of VmSpec) alone: to stand at the end of an inventory. Yours. */
char *inventory_write_vms(const GPtrArray *vms);

#endif
