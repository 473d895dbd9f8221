/* SPDX-License-Identifier: MIT */
#include "topology/root/gunzip.h"

#include "topology/base/library.h"

#include <glib.h>
#include <stdbool.h>
#include <zlib.h>

#define GZIP_ONLY (16 + MAX_WBITS) /* zlib.h, inflateInit2(): a gzip header, no other */
#define CHUNK (64u << 10)

/* Few machines have only the compressed file: zlib is loaded when one is read. */
#define ZLIB_FUNCTIONS(X) X(inflateInit2_) X(inflate) X(inflateEnd)

LIBRARY_TABLE(Zlib, ZLIB_FUNCTIONS);
static const char *const zlib_names[] = LIBRARY_NAMES(ZLIB_FUNCTIONS);

/* Every status but Z_OK ends it; Z_BUF_ERROR: the input is at its end, but not the stream. */
static const char *inflate_all(const Zlib *zlib, z_stream *stream, size_t limit, GByteArray *out)
{
	g_autofree Bytef *chunk = g_malloc(CHUNK);
	int status;

	do {
		stream->next_out = chunk;
		stream->avail_out = CHUNK;
		status = zlib->inflate(stream, Z_NO_FLUSH);
		if (CHUNK - stream->avail_out > limit - out->len)
			return "it is too large";
		g_byte_array_append(out, chunk, CHUNK - stream->avail_out);
	} while (status == Z_OK);
	if (status == Z_STREAM_END)
		return NULL;
	return status == Z_BUF_ERROR ? "it is cut off" : "not a gzip file, or damaged";
}

char *gunzip(const void *bytes, size_t length, size_t limit, const char **why)
{
	z_stream stream = {.next_in = (Bytef *)bytes, .avail_in = (uInt)length};
	g_autoptr(GByteArray) out = g_byte_array_new();
	Zlib zlib;

	if (!library_load(SONAME_ZLIB, zlib_names, &zlib) ||
	    zlib.inflateInit2_(&stream, GZIP_ONLY, ZLIB_VERSION, (int)sizeof(stream)) != Z_OK) {
		*why = "this machine has no " SONAME_ZLIB " to decompress it with";
		return NULL;
	}
	*why = inflate_all(&zlib, &stream, limit, out);
	zlib.inflateEnd(&stream);
	if (*why)
		return NULL;
	g_byte_array_append(out, (const guint8 *)"", 1);
	return (char *)g_byte_array_free(g_steal_pointer(&out), FALSE);
}
