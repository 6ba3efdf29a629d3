/* libpng, with wrappers for calls that Swift can't make: libpng reports errors by longjmp. */
#ifndef DNC_PNG_H
#define DNC_PNG_H

#include <png.h>
#include <setjmp.h>

static inline void dnc_png_fail(png_structp png, png_const_charp message) {
    (void)message;
    png_longjmp(png, 1);
}

static inline void dnc_png_ignore(png_structp png, png_const_charp message) { (void)png, (void)message; }

static inline void dnc_png_flush(png_structp png) { (void)png; }

/* A writer whose bytes go to `write` with `destination` as png_get_io_ptr(png). NULL when memory runs out. */
static inline png_structp dnc_png_create(void *destination, png_rw_ptr write) {
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, dnc_png_fail, dnc_png_ignore);
    if (png) png_set_write_fn(png, destination, write, dnc_png_flush);
    return png;
}

static inline void dnc_png_destroy(png_structp png) { png_destroy_write_struct(&png, NULL); }

/* These return 0 when libpng refuses. */
static inline int dnc_png_write_signature(png_structp png) {
    if (setjmp(png_jmpbuf(png))) return 0;
    png_write_sig(png);
    return 1;
}

static inline int dnc_png_write_chunk(png_structp png, const unsigned char *name, const unsigned char *data,
                                      size_t length) {
    if (setjmp(png_jmpbuf(png))) return 0;
    png_write_chunk(png, name, data, length);
    return 1;
}

#endif
