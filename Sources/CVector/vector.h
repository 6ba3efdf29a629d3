/* Vector operations for which Swift emits no single instruction. Its own versions extract the lanes one by one, which makes a
 * small loop look too large for the compiler to unroll. */
#ifndef DNC_VECTOR_H
#define DNC_VECTOR_H

typedef float dnc_float4 __attribute__((ext_vector_type(4)));
typedef float dnc_float8 __attribute__((ext_vector_type(8)));
typedef float dnc_float16 __attribute__((ext_vector_type(16)));

#define DNC_VECTOR(type, name) static inline __attribute__((always_inline)) type name

typedef float dnc_unaligned8 __attribute__((ext_vector_type(8), aligned(4)));
typedef float dnc_unaligned16 __attribute__((ext_vector_type(16), aligned(4)));

DNC_VECTOR(dnc_float8, dnc_load8)(const float *source) { return *(const dnc_unaligned8 *)source; }
DNC_VECTOR(dnc_float16, dnc_load16)(const float *source) { return *(const dnc_unaligned16 *)source; }
DNC_VECTOR(void, dnc_store8)(dnc_float8 x, float *target) { *(dnc_unaligned8 *)target = x; }
DNC_VECTOR(void, dnc_store16)(dnc_float16 x, float *target) { *(dnc_unaligned16 *)target = x; }

/* sum + a b, rounded once */
DNC_VECTOR(dnc_float8, dnc_fma8)(dnc_float8 sum, dnc_float8 a, dnc_float8 b) {
    return __builtin_elementwise_fma(a, b, sum);
}
DNC_VECTOR(dnc_float16, dnc_fma16)(dnc_float16 sum, dnc_float16 a, dnc_float16 b) {
    return __builtin_elementwise_fma(a, b, sum);
}

DNC_VECTOR(dnc_float8, dnc_sqrt8)(dnc_float8 x) { return __builtin_elementwise_sqrt(x); }
DNC_VECTOR(dnc_float16, dnc_sqrt16)(dnc_float16 x) { return __builtin_elementwise_sqrt(x); }

/* In every lane, x where a < b, otherwise y */
DNC_VECTOR(dnc_float8, dnc_choose8)(dnc_float8 a, dnc_float8 b, dnc_float8 x, dnc_float8 y) { return a < b ? x : y; }
DNC_VECTOR(dnc_float16, dnc_choose16)(dnc_float16 a, dnc_float16 b, dnc_float16 x, dnc_float16 y) {
    return a < b ? x : y;
}

/* 0 in the lane, if there is one of that number; x in the others */
typedef int dnc_lanes8 __attribute__((ext_vector_type(8)));
typedef int dnc_lanes16 __attribute__((ext_vector_type(16)));

DNC_VECTOR(dnc_float8, dnc_clear8)(dnc_float8 x, int lane) {
    const dnc_lanes8 lanes = {0, 1, 2, 3, 4, 5, 6, 7};
    return lanes == lane ? (dnc_float8)0.0f : x;
}
DNC_VECTOR(dnc_float16, dnc_clear16)(dnc_float16 x, int lane) {
    const dnc_lanes16 lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return lanes == lane ? (dnc_float16)0.0f : x;
}

/* Fetches the cache line, if there is one, for reading or writing soon. */
DNC_VECTOR(void, dnc_prefetch)(const float *address) { __builtin_prefetch(address); }

/* Halves added until four lanes are left */
DNC_VECTOR(dnc_float4, dnc_fold8)(dnc_float8 x) { return x.lo + x.hi; }
DNC_VECTOR(dnc_float4, dnc_fold16)(dnc_float16 x) { return dnc_fold8(x.lo + x.hi); }

/* The sums of the lanes of each */
DNC_VECTOR(dnc_float4, dnc_totals)(dnc_float4 a, dnc_float4 b, dnc_float4 c, dnc_float4 d) {
    dnc_float8 ab, cd;
    ab.lo = a, ab.hi = b, cd.lo = c, cd.hi = d;
    dnc_float8 pairs;
    pairs.lo = ab.even + ab.odd, pairs.hi = cd.even + cd.odd;
    return pairs.even + pairs.odd;
}

/* The sums of neighbouring lanes, in the order of `haddps` */
DNC_VECTOR(dnc_float8, dnc_pairs8)(dnc_float8 a, dnc_float8 b) {
    return __builtin_shufflevector(a, b, 0, 2, 8, 10, 4, 6, 12, 14) +
           __builtin_shufflevector(a, b, 1, 3, 9, 11, 5, 7, 13, 15);
}
DNC_VECTOR(dnc_float8, dnc_totals8)(dnc_float8 a, dnc_float8 b, dnc_float8 c, dnc_float8 d, dnc_float8 e, dnc_float8 f,
                                    dnc_float8 g, dnc_float8 h) {
    dnc_float8 low = dnc_pairs8(dnc_pairs8(a, b), dnc_pairs8(c, d));
    dnc_float8 high = dnc_pairs8(dnc_pairs8(e, f), dnc_pairs8(g, h));
    return __builtin_shufflevector(low, high, 0, 1, 2, 3, 8, 9, 10, 11) +
           __builtin_shufflevector(low, high, 4, 5, 6, 7, 12, 13, 14, 15);
}
DNC_VECTOR(dnc_float8, dnc_half8)(dnc_float8 x) { return x; }
DNC_VECTOR(dnc_float8, dnc_half16)(dnc_float16 x) { return x.lo + x.hi; }

/* Sums of lanes for a tree over several vectors: of the halves of each, of its halves' halves, of neighbours */
DNC_VECTOR(dnc_float16, dnc_halves16)(dnc_float16 a, dnc_float16 b) {
    return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
           __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
}
DNC_VECTOR(dnc_float16, dnc_quarters16)(dnc_float16 a, dnc_float16 b) {
    return __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27) +
           __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
}
DNC_VECTOR(dnc_float16, dnc_pairs16)(dnc_float16 a, dnc_float16 b) {
    return __builtin_shufflevector(a, b, 0, 2, 16, 18, 4, 6, 20, 22, 8, 10, 24, 26, 12, 14, 28, 30) +
           __builtin_shufflevector(a, b, 1, 3, 17, 19, 5, 7, 21, 23, 9, 11, 25, 27, 13, 15, 29, 31);
}

/* The largest lane; no lane may be NaN. */
DNC_VECTOR(float, dnc_largest8)(dnc_float8 x) {
    dnc_float4 four = x.lo < x.hi ? x.hi : x.lo;
    dnc_float4 swapped = four.zwxy;
    four = four < swapped ? swapped : four;
    return four.x < four.y ? four.y : four.x;
}
DNC_VECTOR(float, dnc_largest16)(dnc_float16 x) { return dnc_largest8(dnc_choose8(x.lo, x.hi, x.hi, x.lo)); }

/* Half of the lanes in each of two places */
typedef float dnc_unaligned4 __attribute__((ext_vector_type(4), aligned(4)));
DNC_VECTOR(dnc_float8, dnc_load_halves8)(const float *low, const float *high) {
    dnc_float8 x;
    x.lo = *(const dnc_unaligned4 *)low, x.hi = *(const dnc_unaligned4 *)high;
    return x;
}
DNC_VECTOR(void, dnc_store_halves8)(dnc_float8 x, float *low, float *high) {
    *(dnc_unaligned4 *)low = x.lo, *(dnc_unaligned4 *)high = x.hi;
}
DNC_VECTOR(dnc_float16, dnc_load_halves16)(const float *low, const float *high) {
    dnc_float16 x;
    x.lo = dnc_load8(low), x.hi = dnc_load8(high);
    return x;
}
DNC_VECTOR(void, dnc_store_halves16)(dnc_float16 x, float *low, float *high) {
    dnc_store8(x.lo, low), dnc_store8(x.hi, high);
}

/* Steps of a bitonic sort. Exchanges lanes that are `distance` apart, a constant, so that the smaller comes first. */
typedef unsigned int dnc_bits8 __attribute__((ext_vector_type(8)));
typedef unsigned int dnc_bits16 __attribute__((ext_vector_type(16)));
DNC_VECTOR(dnc_bits8, dnc_smaller8)(dnc_bits8 a, dnc_bits8 b) { return a < b ? a : b; }
DNC_VECTOR(dnc_bits16, dnc_smaller16)(dnc_bits16 a, dnc_bits16 b) { return a < b ? a : b; }
DNC_VECTOR(dnc_bits8, dnc_larger8)(dnc_bits8 a, dnc_bits8 b) { return a < b ? b : a; }
DNC_VECTOR(dnc_bits16, dnc_larger16)(dnc_bits16 a, dnc_bits16 b) { return a < b ? b : a; }
DNC_VECTOR(dnc_bits8, dnc_exchange8)(dnc_bits8 x, int distance) {
    const dnc_lanes8 lanes = {0, 1, 2, 3, 4, 5, 6, 7};
    dnc_bits8 y = distance == 1   ? __builtin_shufflevector(x, x, 1, 0, 3, 2, 5, 4, 7, 6)
                   : distance == 2 ? __builtin_shufflevector(x, x, 2, 3, 0, 1, 6, 7, 4, 5)
                                   : __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3);
    return (lanes & distance) == 0 ? dnc_smaller8(x, y) : dnc_larger8(x, y);
}
DNC_VECTOR(dnc_bits16, dnc_exchange16)(dnc_bits16 x, int distance) {
    const dnc_lanes16 lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    dnc_bits16 y = distance == 1   ? __builtin_shufflevector(x, x, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14)
                    : distance == 2 ? __builtin_shufflevector(x, x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13)
                    : distance == 4 ? __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11)
                                    : __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
    return (lanes & distance) == 0 ? dnc_smaller16(x, y) : dnc_larger16(x, y);
}
/* Keys of 18 bits followed by the numbers of the lanes, from `first` on; the largest number from `count` on. So equal keys go
 * by the lane. */
DNC_VECTOR(dnc_bits8, dnc_numbered8)(dnc_bits8 keys, int first, int count) {
    const dnc_lanes8 lanes = first + (dnc_lanes8){0, 1, 2, 3, 4, 5, 6, 7};
    return lanes < count ? keys << 14 | (dnc_bits8)lanes : ~(dnc_bits8){0};
}
DNC_VECTOR(dnc_bits16, dnc_numbered16)(dnc_bits16 keys, int first, int count) {
    const dnc_lanes16 lanes = first + (dnc_lanes16){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return lanes < count ? keys << 14 | (dnc_bits16)lanes : ~(dnc_bits16){0};
}
/* x with all bits turned in the lanes whose number has the bit */
DNC_VECTOR(dnc_bits8, dnc_turned8)(dnc_bits8 x, int bit) {
    const dnc_lanes8 lanes = {0, 1, 2, 3, 4, 5, 6, 7};
    return (lanes & bit) == 0 ? x : ~x;
}
DNC_VECTOR(dnc_bits16, dnc_turned16)(dnc_bits16 x, int bit) {
    const dnc_lanes16 lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return (lanes & bit) == 0 ? x : ~x;
}

/* Eight numbers in double precision */
typedef double dnc_double8 __attribute__((ext_vector_type(8)));
typedef long long dnc_long8 __attribute__((ext_vector_type(8)));
DNC_VECTOR(dnc_double8, dnc_widen8)(dnc_float8 x) { return __builtin_convertvector(x, dnc_double8); }
DNC_VECTOR(dnc_float8, dnc_narrow8)(dnc_double8 x) { return __builtin_convertvector(x, dnc_float8); }
DNC_VECTOR(dnc_double8, dnc_fma_double8)(dnc_double8 sum, dnc_double8 a, dnc_double8 b) {
    return __builtin_elementwise_fma(a, b, sum);
}
DNC_VECTOR(dnc_double8, dnc_choose_double8)(dnc_double8 a, dnc_double8 b, dnc_double8 x, dnc_double8 y) {
    return a < b ? x : y;
}
/* x in the first `count` lanes, y in the others */
DNC_VECTOR(dnc_double8, dnc_first8)(dnc_double8 x, int count, dnc_double8 y) {
    const dnc_long8 lanes = {0, 1, 2, 3, 4, 5, 6, 7};
    return lanes < count ? x : y;
}

/* Writes eight rows of eight as columns */
DNC_VECTOR(void, dnc_transpose8)(const float *source, long stride, float *target, long targetStride) {
    dnc_float8 row[8], pair[8], four[8];
    for (int i = 0; i < 8; i++) row[i] = dnc_load8(source + i * stride);
    for (int i = 0; i < 8; i += 2) {
        pair[i] = __builtin_shufflevector(row[i], row[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        pair[i + 1] = __builtin_shufflevector(row[i], row[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
    for (int i = 0; i < 8; i += 4) {
        four[i] = __builtin_shufflevector(pair[i], pair[i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
        four[i + 1] = __builtin_shufflevector(pair[i], pair[i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        four[i + 2] = __builtin_shufflevector(pair[i + 1], pair[i + 3], 0, 1, 8, 9, 4, 5, 12, 13);
        four[i + 3] = __builtin_shufflevector(pair[i + 1], pair[i + 3], 2, 3, 10, 11, 6, 7, 14, 15);
    }
    for (int i = 0; i < 4; i++) {
        dnc_store8(__builtin_shufflevector(four[i], four[i + 4], 0, 1, 2, 3, 8, 9, 10, 11), target + i * targetStride);
        dnc_store8(
            __builtin_shufflevector(four[i], four[i + 4], 4, 5, 6, 7, 12, 13, 14, 15), target + (i + 4) * targetStride);
    }
}

/* The first `count` lanes, 0 in the others: nothing beyond is read. */
#if defined(__AVX2__)
typedef int dnc_vector_int8 __attribute__((vector_size(32)));
typedef float dnc_vector_float8 __attribute__((vector_size(32)));

DNC_VECTOR(dnc_float8, dnc_load_part8)(const float *source, int count) {
    const dnc_lanes8 lanes = {0, 1, 2, 3, 4, 5, 6, 7};
    return __builtin_ia32_maskloadps256((const dnc_vector_float8 *)source, (dnc_vector_int8)(lanes < count));
}
#else
typedef float dnc_unaligned2 __attribute__((ext_vector_type(2), aligned(4)));

/* In pieces of four, two and one; of fewer than eight. */
DNC_VECTOR(dnc_float8, dnc_load_part8)(const float *source, int count) {
    dnc_float4 whole = {0}, part = {0};
    const float *rest = source + (count & 4);
    if (count & 4) whole = *(const dnc_unaligned4 *)source;
    if (count & 2) part.lo = *(const dnc_unaligned2 *)rest;
    if (count & 1) {
        float last = rest[count & 2];
        if (count & 2) part.z = last;
        else part.x = last;
    }
    dnc_float8 x;
    x.lo = count & 4 ? whole : part;
    x.hi = count & 4 ? part : whole;
    return x;
}
#endif
#if defined(__AVX512F__)
typedef float dnc_vector_float16 __attribute__((vector_size(64)));

DNC_VECTOR(dnc_float16, dnc_load_part16)(const float *source, int count) {
    const dnc_vector_float16 zero = {0};
    return __builtin_ia32_loadups512_mask(source, zero, (unsigned short)((1u << count) - 1));
}
DNC_VECTOR(void, dnc_store_part16)(dnc_float16 x, float *target, int count) {
    __builtin_ia32_storeups512_mask(target, (dnc_vector_float16)x, (unsigned short)((1u << count) - 1));
}
#elif defined(__AVX2__)
DNC_VECTOR(dnc_float16, dnc_load_part16)(const float *source, int count) {
    dnc_float16 x;
    x.lo = dnc_load_part8(source, count);
    x.hi = dnc_load_part8(source + (count < 8 ? 0 : 8), count - 8);
    return x;
}
DNC_VECTOR(void, dnc_store_part16)(dnc_float16 x, float *target, int count) {
    for (int i = 0; i < count; i++) target[i] = x[i];
}
#endif

#endif
