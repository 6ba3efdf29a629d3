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

/* The CPU levels: each raw value of Swift's CPULevel, and the name that DNC_CPU takes and dnc_build_info tells. */
#if defined(__x86_64__)
#define DNC_BUILD_LEVELS(LEVEL) LEVEL(1, "plain") LEVEL(3, "x86-64-v3") LEVEL(4, "x86-64-v4")
#elif defined(__aarch64__)
#define DNC_BUILD_LEVELS(LEVEL) LEVEL(1, "plain") LEVEL(2, "neon")
#else
#define DNC_BUILD_LEVELS(LEVEL) LEVEL(1, "plain")
#endif

static inline const char *dnc_build_level_name(int level) {
    switch (level) {
#define DNC_BUILD_LEVEL(value, name) case value: return name;
        DNC_BUILD_LEVELS(DNC_BUILD_LEVEL)
#undef DNC_BUILD_LEVEL
    }
    return "";
}

static inline const char *dnc_build_info_at(int level) {
    switch (level) {
#define DNC_BUILD_LEVEL(value, name) case value: return DNC_BUILD_INFO(name);
        DNC_BUILD_LEVELS(DNC_BUILD_LEVEL)
#undef DNC_BUILD_LEVEL
    }
    return DNC_BUILD_INFO("");
}

#endif
