/* What libpng's archive needs of libc where it is linked into the library (tools/link.sh), for every glibc from 2.17 on. */
#if defined(__x86_64__)
#define OLDEST "@GLIBC_2.2.5"
#else
#define OLDEST "@GLIBC_2.17"
#endif
#define HIDDEN __attribute__((visibility("hidden")))

/* The linker calls this instead of the function (--wrap). */
double dnc_bundled_pow(double x, double y) __asm__("pow" OLDEST);
HIDDEN double __wrap_pow(double x, double y) { return dnc_bundled_pow(x, y); }

/* Debian's archive for x86-64 takes it for a variable of the program, where no library may have one. */
HIDDEN void *dnc_bundled_stderr __asm__("stderr") = 0;
