/* SPDX-License-Identifier: MIT */
/*
 * INI files, read strictly: inventories, waivers. inih splits lines into keys and values; what inih
 * lets through silently is caught before it sees the line (long lines, NUL, CR, indentation, bad
 * UTF-8, bad section lines), and what it does not tell (line numbers, new sections, duplicates, the
 * whole of a section's name) is kept here: it is handed one line at a time, so the line being read
 * is the line the handler is called for.
 */
#ifndef PLANNER_BASE_INI_FILE_H
#define PLANNER_BASE_INI_FILE_H

#include <glib.h>
#include <stdbool.h>

/* Of a key, which begins with none of the digits. */
#define INI_KEY_CHARACTERS "abcdefghijklmnopqrstuvwxyz-0123456789"
#define INI_LINE_MAX 4000 /* bytes; a list of 800 CPUs */

typedef struct IniFile IniFile;

/* What becomes of a file; each gets the file and its USER. */
typedef struct IniReader {
	/* The section ini->section begins, which none did before: false = its keys are passed over.
	 */
	bool (*begin)(IniFile *ini, void *user);
	/* The key ini->key of it, the first of that name. */
	void (*key)(IniFile *ini, const char *value, void *user);
	/* It ends; NULL = nothing is to be done. */
	void (*end)(IniFile *ini, void *user);
	/* The last one has ended: what only the whole file shows; NULL likewise. */
	void (*finish)(IniFile *ini, void *user);
} IniReader;

struct IniFile {
	const char
		*section; /* its name, blanks after the first word as one; NULL before the first */
	const char *key;  /* being read */
	int line;
	bool faulty; /* a line of the section may have been a key, and was not one */
	struct IniState *state;
};

/*
 * Read TEXT, of LENGTH bytes, by READER. What is wrong with lines is complained about, and what it
 * complains about; all of that is added to ERRORS (of char *), "NAME:LINE: what", by line. False
 * where there was something.
 */
bool ini_read(const char *name, const char *text, size_t length, const IniReader *reader,
	      void *user, GPtrArray *errors);

/* An error of LINE. */
void ini_complain(IniFile *ini, int line, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* An error in the value of the key being read: "[SECTION] KEY: what". */
void ini_refuse(IniFile *ini, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The line that gave KEY in this section, 0 = none did. */
int ini_given(const IniFile *ini, const char *key);

#endif
