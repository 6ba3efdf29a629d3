/* What this build says of itself. The preprocessor puts it together, since the library has no heap for it. */
#ifndef DNC_BUILD_H
#define DNC_BUILD_H

#include "../../include/dnc.h"

#if defined(__x86_64__)
#define DNC_BUILD_ARCHITECTURE "x86-64"
#elif defined(__aarch64__)
#define DNC_BUILD_ARCHITECTURE "arm64"
#else
#define DNC_BUILD_ARCHITECTURE "other"
#endif

/* Of the compiler only its back end has a version that code can see. */
#define DNC_BUILD_INFO(kernels)                                                                        \
    "{\"version\": \"" DNC_VERSION_STRING "\", \"kernels\": \"" kernels "\", \"compiler\": \"Swift, " \
    __VERSION__ "\", \"architecture\": \"" DNC_BUILD_ARCHITECTURE "\"}"

static inline const char *dnc_build_version(void) { return DNC_VERSION_STRING; }

/* `level`: the raw value of a CPULevel. */
static inline const char *dnc_build_info_at(int level) {
    switch (level) {
    case 3: return DNC_BUILD_INFO("x86-64-v3");
    case 4: return DNC_BUILD_INFO("x86-64-v4");
    default: return DNC_BUILD_INFO("plain");
    }
}

#endif
