/* SPDX-License-Identifier: MIT */
#include "planner/fleet/waves_picture.h"

#include "planner/base/naming.h"
#include "planner/page/svg.h"

#define MARGIN 12u
#define LINE 20u
#define BAR_HIGH 14u
#define NAME_WIDTH 170u
#define NAME_MOST 24
#define GROUP_WIDTH 124u
#define GROUP_MOST 14
#define STEP 42u /* a wave has three: its nodes are drained, change, and are back */
#define COLUMN (3 * STEP)
#define LEGEND_WIDTH 176u
#define WIDTH_LEAST (2 * MARGIN + 4 * LEGEND_WIDTH)
#define LINE_MOST 112 /* characters of a line of text */

#define BEFORE_COLOR "#d9d9d9"
#define DRAINED_COLOR "#fdae61"
#define CHANGES_COLOR "#2166ac"
#define BACK_COLOR "#4daf4a"
#define CHANGED_COLOR "#d9f0d3"
#define LEFT_COLOR "#f4b6c2"
#define STAYS_COLOR "#efefef"
#define RISK_COLOR "#d7191c"
#define SMALL " font-size=\"10\" fill=\"#444\""
#define RISK_SMALL " font-size=\"10\" fill=\"" RISK_COLOR "\""
#define COUNT " font-size=\"11\" text-anchor=\"middle\""

/* Groups in turn; their names stand beside them. */
static const char *const group_colors[] = {"#1b9e77", "#d95f02", "#7570b3", "#e7298a",
					   "#66a61e", "#e6ab02", "#a6761d", "#666666"};

/* When a node changes: the number of a wave, or one of these. */
#define WAVES_LEFT (G_MAXUINT - 1)
#define WAVES_STAYS G_MAXUINT

typedef struct WavesRow {
	unsigned node, wave;
	unsigned y;
	unsigned risk, risk_end; /* it is at risk from that wave on, up to this one */
	Naming go, come;	 /* VMs in the wave at hand */
	unsigned going, coming;
} WavesRow;

typedef struct WavesPicture {
	GString *body;
	const GPtrArray *standings;
	const Waves *waves;
	WavesRow *rows;	    /* by node */
	WavesRow **ordered; /* as they are drawn */
	unsigned x, y;	    /* where the waves begin, and the next line */
} WavesPicture;

static const Standing *waves_picture_node(const WavesPicture *picture, unsigned node)
{
	return g_ptr_array_index(picture->standings, node);
}

static const Wave *waves_picture_wave(const WavesPicture *picture, unsigned number)
{
	return g_ptr_array_index(picture->waves->waves, number);
}

static unsigned waves_picture_at(const WavesPicture *picture, unsigned wave)
{
	return picture->x + wave * COLUMN;
}

/* A line of its own. */
static void waves_picture_line(WavesPicture *picture, const char *attributes, const char *text)
{
	svg_text(picture->body, MARGIN, picture->y + BAR_HIGH - 2, attributes, text, LINE_MOST);
	picture->y += LINE;
}

/* The head */

static void waves_picture_title(WavesPicture *picture)
{
	const Waves *waves = picture->waves;
	unsigned changed = waves->changes - waves->left->len, n = waves->waves->len;
	g_autofree char *title =
		g_strdup_printf("%u of %u node%s change%s in %u wave%s", changed, waves->changes,
				waves->changes == 1 ? "" : "s", waves->changes == 1 ? "s" : "", n,
				n == 1 ? "" : "s");
	g_autofree char *moves =
		g_strdup_printf("%u move%s of %u VM%s", waves->moves, waves->moves == 1 ? "" : "s",
				waves->vms, waves->vms == 1 ? "" : "s");

	waves_picture_line(picture, " font-size=\"15\"", title);
	waves_picture_line(picture, "", moves);
}

static void waves_picture_legend(WavesPicture *picture)
{
	static const struct {
		void (*draw)(GString *, unsigned, unsigned, unsigned, unsigned, const char *);
		const char *color, *words;
	} rows[] = {{svg_box, BEFORE_COLOR, "as it was"},
		    {svg_box, DRAINED_COLOR, "drained: −2 VMs go"},
		    {svg_box, CHANGES_COLOR, "changes"},
		    {svg_box, BACK_COLOR, "back"},
		    {svg_box, CHANGED_COLOR, "changed: +2 VMs come"},
		    {svg_box, LEFT_COLOR, "cannot be emptied"},
		    {svg_box, STAYS_COLOR, "does not change"},
		    {svg_frame, RISK_COLOR, "at risk"}};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		unsigned x = MARGIN + i % 4 * LEGEND_WIDTH;

		rows[i].draw(picture->body, x, picture->y, BAR_HIGH, BAR_HIGH, rows[i].color);
		svg_text(picture->body, x + LINE, picture->y + BAR_HIGH - 3, "", rows[i].words,
			 LINE_MOST);
		picture->y += i % 4 == 3 ? LINE : 0;
	}
	picture->y += LINE / 2;
}

static void waves_picture_strands(WavesPicture *picture, unsigned x, const Wave *wave)
{
	g_autofree char *words = g_strdup_printf("strands %u", wave->strands->len);
	g_autofree char *names = wave_strands_names(wave);
	g_autofree char *title = g_strdup_printf("After it no node takes these live: %s", names);

	if (!wave->strands->len)
		return;
	svg_open(picture->body, title);
	svg_text(picture->body, x, picture->y + 2 * LINE - 10, RISK_SMALL, words, LINE_MOST);
	svg_close(picture->body);
}

/* The waves' numbers and moves, above their columns. */
static void waves_picture_heads(WavesPicture *picture)
{
	for (unsigned i = 0; i < picture->waves->waves->len; i++) {
		const Wave *wave = waves_picture_wave(picture, i);
		unsigned x = waves_picture_at(picture, i), live = wave_live(wave);
		g_autofree char *name = g_strdup_printf("wave %u", i + 1);
		g_autofree char *moves =
			g_strdup_printf("%u live, %u stopped", live, wave->moves->len - live);

		svg_text(picture->body, x, picture->y, " font-weight=\"bold\"", name, LINE_MOST);
		svg_text(picture->body, x, picture->y + LINE - 5, SMALL, moves, LINE_MOST);
		waves_picture_strands(picture, x, wave);
	}
	picture->y += 2 * LINE;
}

/* Rows */

static int waves_picture_compare(gconstpointer a, gconstpointer b)
{
	const WavesRow *x = *(WavesRow *const *)a, *y = *(WavesRow *const *)b;

	if (x->wave != y->wave)
		return x->wave < y->wave ? -1 : 1;
	return x->node < y->node ? -1 : x->node > y->node;
}

/* Those that change first come first, those that do not come last. */
static void waves_picture_order(WavesPicture *picture)
{
	const Waves *waves = picture->waves;
	unsigned n = picture->standings->len;
	g_autoptr(GPtrArray) order = g_ptr_array_new();

	for (unsigned node = 0; node < n; node++) {
		picture->rows[node].node = node;
		picture->rows[node].wave = WAVES_STAYS;
		g_ptr_array_add(order, &picture->rows[node]);
	}
	for (unsigned i = 0; i < waves->left->len; i++)
		picture->rows[g_array_index(waves->left, unsigned, i)].wave = WAVES_LEFT;
	for (unsigned w = 0; w < waves->waves->len; w++) {
		const GArray *nodes = waves_picture_wave(picture, w)->nodes;

		for (unsigned i = 0; i < nodes->len; i++)
			picture->rows[g_array_index(nodes, unsigned, i)].wave = w;
	}
	g_ptr_array_sort(order, waves_picture_compare);
	for (unsigned i = 0; i < n; i++)
		picture->ordered[i] = g_ptr_array_index(order, i);
}

static void waves_picture_group(WavesPicture *picture, const WavesRow *row, GHashTable *groups)
{
	char *group = waves_picture_node(picture, row->node)->group;
	gpointer number;

	if (!group)
		return;
	if (!g_hash_table_lookup_extended(groups, group, NULL, &number)) {
		number = GUINT_TO_POINTER(g_hash_table_size(groups));
		g_hash_table_insert(groups, group, number);
	}
	svg_open(picture->body, group);
	svg_box(picture->body, MARGIN + NAME_WIDTH, row->y, 8, BAR_HIGH,
		group_colors[GPOINTER_TO_UINT(number) % G_N_ELEMENTS(group_colors)]);
	svg_text(picture->body, MARGIN + NAME_WIDTH + 14, row->y + BAR_HIGH - 3, SMALL, group,
		 GROUP_MOST);
	svg_close(picture->body);
}

/* A bar of a row from X on; nothing where it has no width. */
static void waves_picture_bar(WavesPicture *picture, const WavesRow *row, unsigned x,
			      unsigned width, const char *color)
{
	if (width)
		svg_box(picture->body, x, row->y, width - 1, BAR_HIGH, color);
}

static void waves_picture_row(WavesPicture *picture, const WavesRow *row)
{
	const char *name = waves_picture_node(picture, row->node)->name;
	unsigned n = picture->waves->waves->len, x = picture->x;

	svg_open(picture->body, name);
	svg_text(picture->body, MARGIN, row->y + BAR_HIGH - 3, "", name, NAME_MOST);
	svg_close(picture->body);
	if (row->wave >= n) {
		waves_picture_bar(picture, row, x, MAX(n, 1) * COLUMN,
				  row->wave == WAVES_LEFT ? LEFT_COLOR : STAYS_COLOR);
		return;
	}
	waves_picture_bar(picture, row, x, row->wave * COLUMN, BEFORE_COLOR);
	x = waves_picture_at(picture, row->wave);
	waves_picture_bar(picture, row, x, STEP, DRAINED_COLOR);
	waves_picture_bar(picture, row, x + STEP, STEP, CHANGES_COLOR);
	waves_picture_bar(picture, row, x + 2 * STEP, STEP, BACK_COLOR);
	waves_picture_bar(picture, row, x + COLUMN, (n - row->wave - 1) * COLUMN, CHANGED_COLOR);
}

static void waves_picture_rows(WavesPicture *picture)
{
	g_autoptr(GHashTable) groups = g_hash_table_new(g_str_hash, g_str_equal);

	for (unsigned i = 0; i < picture->standings->len; i++) {
		WavesRow *row = picture->ordered[i];

		row->y = picture->y;
		picture->y += LINE;
		waves_picture_row(picture, row);
		waves_picture_group(picture, row, groups);
	}
}

/* What happens in a wave */

/* COUNT VMs, with their names, where WAVE begins in ROW; nothing for none. */
static void waves_picture_count(WavesPicture *picture, const WavesRow *row, unsigned wave,
				const char *sign, unsigned count, Naming *naming)
{
	g_autofree char *names = NULL, *words = NULL;

	if (!count)
		return;
	names = naming_end(naming);
	words = g_strdup_printf("%s%u", sign, count);
	svg_open(picture->body, names);
	svg_text(picture->body, waves_picture_at(picture, wave) + STEP / 2, row->y + BAR_HIGH - 3,
		 COUNT, words, LINE_MOST);
	svg_close(picture->body);
}

static void waves_picture_add_move(WavesPicture *picture, const WaveMove *move)
{
	WavesRow *from = &picture->rows[move->from], *to = &picture->rows[move->to];
	const char *vm = move->vm->spec->name, *how = move->live ? "live" : "stopped";
	g_autofree char *gone = g_strdup_printf("%s to %s %s", vm,
						waves_picture_node(picture, move->to)->name, how);
	g_autofree char *came = g_strdup_printf("%s from %s %s", vm,
						waves_picture_node(picture, move->from)->name, how);

	naming_add(&from->go, gone);
	naming_add(&to->come, came);
	from->going++;
	to->coming++;
}

static void waves_picture_moves(WavesPicture *picture, unsigned number)
{
	const GArray *moves = waves_picture_wave(picture, number)->moves;

	for (unsigned i = 0; i < moves->len; i++)
		waves_picture_add_move(picture, &g_array_index(moves, WaveMove, i));
	for (unsigned i = 0; i < moves->len; i++) {
		const WaveMove *move = &g_array_index(moves, WaveMove, i);
		WavesRow *from = &picture->rows[move->from], *to = &picture->rows[move->to];

		waves_picture_count(picture, from, number, "−", from->going, &from->go);
		waves_picture_count(picture, to, number, "+", to->coming, &to->come);
		from->going = to->coming = 0;
	}
}

/* A frame for the waves in which ROW was at risk last. */
static void waves_picture_frame(WavesPicture *picture, const WavesRow *row)
{
	if (row->risk == row->risk_end)
		return;
	svg_open(picture->body, "at risk: if it is lost, no place was found for some of its VMs");
	svg_frame(picture->body, waves_picture_at(picture, row->risk), row->y - 1,
		  (row->risk_end - row->risk) * COLUMN - 2, BAR_HIGH + 2, RISK_COLOR);
	svg_close(picture->body);
}

static void waves_picture_risks(WavesPicture *picture)
{
	for (unsigned w = 0; w < picture->waves->waves->len; w++) {
		const GArray *risks = waves_picture_wave(picture, w)->risks;

		for (unsigned i = 0; i < risks->len; i++) {
			WavesRow *row = &picture->rows[g_array_index(risks, unsigned, i)];

			if (row->risk_end != w) {
				waves_picture_frame(picture, row);
				row->risk = w;
			}
			row->risk_end = w + 1;
		}
	}
	for (unsigned i = 0; i < picture->standings->len; i++)
		waves_picture_frame(picture, picture->ordered[i]);
}

/* All of it */

static void waves_picture_left(WavesPicture *picture)
{
	g_autofree char *names = waves_nodes_names(picture->standings, picture->waves->left);
	g_autofree char *text = g_strdup_printf("Cannot be emptied: %s", names);

	if (!picture->waves->left->len)
		return;
	picture->y += LINE / 2;
	waves_picture_line(picture, "", text);
	if (picture->waves->why)
		waves_picture_line(picture, "", picture->waves->why);
}

static bool waves_picture_grouped(const WavesPicture *picture)
{
	for (unsigned i = 0; i < picture->standings->len; i++)
		if (waves_picture_node(picture, i)->group)
			return true;
	return false;
}

char *waves_picture(const GPtrArray *standings, const Waves *waves)
{
	g_autofree WavesRow *rows = g_new0(WavesRow, standings->len + 1);
	g_autofree WavesRow **ordered = g_new0(WavesRow *, standings->len + 1);
	WavesPicture picture = {.body = g_string_new(NULL),
				.standings = standings,
				.waves = waves,
				.rows = rows,
				.ordered = ordered,
				.x = MARGIN + NAME_WIDTH,
				.y = MARGIN};
	unsigned width;

	if (waves_picture_grouped(&picture))
		picture.x += GROUP_WIDTH;
	width = waves_picture_at(&picture, waves->waves->len) + MARGIN;
	waves_picture_title(&picture);
	waves_picture_legend(&picture);
	picture.y += LINE / 2;
	waves_picture_heads(&picture);
	waves_picture_order(&picture);
	waves_picture_rows(&picture);
	for (unsigned w = 0; w < waves->waves->len; w++)
		waves_picture_moves(&picture, w);
	waves_picture_risks(&picture);
	waves_picture_left(&picture);
	return svg_end(picture.body, MAX(width, WIDTH_LEAST), picture.y + MARGIN);
}
