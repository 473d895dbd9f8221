/* SPDX-License-Identifier: MIT */
/*
 * Pictures as SVG: texts and boxes, appended to a body. Colours and attributes are the program's
 * own words; whatever comes from outside is a text or a title, and goes through html.h.
 */
#ifndef PLANNER_PAGE_SVG_H
#define PLANNER_PAGE_SVG_H

#include <glib.h>

/* TEXT at X on the line Y, at most MOST characters of it. ATTRIBUTES is "" or begins with a blank.
 */
void svg_text(GString *svg, unsigned x, unsigned y, const char *attributes, const char *text,
	      unsigned most);
/* A box of COLOR. */
void svg_box(GString *svg, unsigned x, unsigned y, unsigned width, unsigned height,
	     const char *color);
/* The frame of such a box. */
void svg_frame(GString *svg, unsigned x, unsigned y, unsigned width, unsigned height,
	       const char *color);
/* What follows, up to svg_close(), shows TITLE when a browser points at it. */
void svg_open(GString *svg, const char *title);
void svg_close(GString *svg);
/* The picture of BODY, which is freed, on white. Yours. */
char *svg_end(GString *body, unsigned width, unsigned height);

#endif
