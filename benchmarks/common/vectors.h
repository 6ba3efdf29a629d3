/* What a core is measured with, in vectors of LANES numbers. machine.c includes this file once for each kind of CPU, with
 * LANES, ROWS, TARGET (an attribute) and NAMED (which makes a name) defined. */

typedef float NAMED(vector) __attribute__((vector_size(4 * LANES), may_alias));

/* One tile of a matrix product, ROWS x 2 vectors, kept in registers: the inner loop of a good sgemm.
 * a [depth][ROWS] and b [depth][2 LANES] are packed in the order in which they are read; c [ROWS][2 LANES] is added to. */
TARGET static void NAMED(tile)(size_t depth, const float *a, const float *b, float *c) {
    typedef NAMED(vector) vector;
    vector sums[ROWS][2];
#pragma GCC unroll 16
    for (int r = 0; r < ROWS; r++) sums[r][0] = sums[r][1] = (vector){0};
    for (size_t k = 0; k < depth; k++, a += ROWS, b += 2 * LANES) {
        vector left = *(const vector *)b, right = *(const vector *)(b + LANES);
#pragma GCC unroll 16
        for (int r = 0; r < ROWS; r++) {
            sums[r][0] += a[r] * left;
            sums[r][1] += a[r] * right;
        }
    }
#pragma GCC unroll 16
    for (int r = 0; r < ROWS; r++) {
        *(vector *)(c + 2 * LANES * r) += sums[r][0];
        *(vector *)(c + 2 * LANES * r + LANES) += sums[r][1];
    }
}

/* Eight sums, so that no load waits for an addition. */
TARGET static void NAMED(read)(float *numbers, size_t count) {
    typedef NAMED(vector) vector;
    vector sums[8] = {{0}};
    for (const float *end = numbers + count; numbers < end; numbers += 8 * LANES) {
#pragma GCC unroll 8
        for (int i = 0; i < 8; i++) sums[i] += *(const vector *)(numbers + i * LANES);
    }
    for (int i = 1; i < 8; i++) sums[0] += sums[i];
    sink = sums[0][0] + sums[0][LANES - 1];
}

TARGET static void NAMED(update)(float *numbers, size_t count) {
    typedef NAMED(vector) vector;
    for (const float *end = numbers + count; numbers < end; numbers += 8 * LANES) {
#pragma GCC unroll 8
        for (int i = 0; i < 8; i++) *(vector *)(numbers + i * LANES) = *(const vector *)(numbers + i * LANES) * 0.5f + 1.0f;
    }
}

static const instruments NAMED(with) = {NAMED(tile), ROWS, 2 * LANES, NAMED(read), NAMED(update)};

#undef LANES
#undef ROWS
#undef TARGET
#undef NAMED
