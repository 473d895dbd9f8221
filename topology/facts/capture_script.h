/* SPDX-License-Identifier: MIT */
/*
 * planner-capture, the shell script that captures a node without planner: templates/capture.sh,
 * with the words by which readers keep or leave out in place of @name@.
 *
 * What the script reads is in the script. A reader that reads another file, or keeps another part
 * of one, needs its line there; tests/capture.t holds the script against what a snapshot has.
 */
#ifndef TOPOLOGY_FACTS_CAPTURE_SCRIPT_H
#define TOPOLOGY_FACTS_CAPTURE_SCRIPT_H

/* TEXT with every @name@ of the table filled in, yours. */
char *capture_script_fill(const char *text);

#endif
