/* What this build says of itself. */
#ifndef DNC_BUILD_H
#define DNC_BUILD_H

#include "../../include/dnc.h"

#include <stdio.h>

#if defined(__x86_64__)
#define DNC_BUILD_ARCHITECTURE "x86-64"
#elif defined(__aarch64__)
#define DNC_BUILD_ARCHITECTURE "arm64"
#else
#define DNC_BUILD_ARCHITECTURE "other"
#endif

static inline const char *dnc_build_version(void) { return DNC_VERSION_STRING; }

/* Of the compiler only its back end has a version that code can see. Call it once: the text has one place. */
static inline const char *dnc_build_info_with(const char *kernels) {
    static char info[512];
    snprintf(info, sizeof info,
             "{\"version\": \"" DNC_VERSION_STRING "\", \"kernels\": \"%s\", \"compiler\": \"Swift, %s\", "
             "\"architecture\": \"" DNC_BUILD_ARCHITECTURE "\"}",
             kernels, __VERSION__);
    return info;
}

#endif
