/* SPDX-License-Identifier: MIT */
/*
 * The tables of settings: which keys a section has, and all that is known of each.
 *
 * To add a key:
 * 1. a field in the struct of its section (planner/inventory/inventory.h), and in settings.c its
 *    default, where that is not 0, and its row. What is neither there nor its `flags` say
 *    otherwise is written, saved, read, compared and asked for as any other.
 * 2. its entry in man/planner-inventory.5; and, of a VM or of the node, in man/planner-json.5 and
 *    man/schemas/plan.json: the plan document has it under `json` where it is not the default.
 * 3. who obeys it: the code it is for. Where a VM fits is decided in planner/search and
 *    planner/place; of a VM, SETTING_NOT_PLACED says that they do not ask for it.
 * 4. a case in tests/unit/test_inventory.c: what it takes and what it refuses; one of [node] in
 *    tests/unit/test_settings.c, too.
 * 5. a document that shows it, in tests/schemas.t.
 * tests/unit/test_settings.c has a key that nobody else knows go all the way.
 */
#ifndef PLANNER_INVENTORY_SETTINGS_H
#define PLANNER_INVENTORY_SETTINGS_H

#include "planner/inventory/setting.h"

/* Of an Inventory itself; ended by NULL. */
extern const SettingTable *const inventory_settings[];
/* Of a NodeSpec: [node], and what [host] says of the node. The plan document and diff have all of
 * it. A test may put a longer table of a longer struct in its place, as of vm_settings. */
extern const SettingTable *node_settings;
/* Of a NodeSpec that is a partner: [partner NAME]. */
extern const SettingTable partner_settings;
/* Of a VmSpec: [vm NAME]. */
extern const SettingTable *vm_settings;

/* The sections without a name of their own, in the order of the file; ended by NULL. */
extern const char *const inventory_sections[];

typedef struct SettingRow {
	const SettingTable *table;
	const Setting *setting;
} SettingRow;

/* The settings of SECTION ("host", "vm"), in its order: an array of SettingRow, yours; empty where
 * there is no such section. */
GArray *settings_of_section(const char *section);
/* That of ROWS called KEY, NULL. */
const SettingRow *setting_row_find(const GArray *rows, const char *key);
/* Are they two ways to say the same? */
bool setting_excludes(const SettingRow *row, const SettingRow *other);

#define INVENTORY_VMS_MAX 8192 /* of one inventory, counts spelled out */
#define IOTHREADS_MAX 64       /* of a VM */

#endif
