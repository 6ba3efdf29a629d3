/* The operands of the kernels, and the table of kernels that each CPU level provides: one declaration for the kernels and their
 * callers. A kernel's mechanism describes it: for `Content…`, that is Mechanisms/ContentWeighting.swift.
 *
 * A kernel reads `const` operands. It writes or adds to the others, as the mechanism says. Letters are those of model.md. */
#ifndef DNC_KERNELS_H
#define DNC_KERNELS_H

#include <stdbool.h>
#if defined(DNC_LEVEL) && defined(__x86_64__)
#include <cpuid.h>
#endif

#pragma clang assume_nonnull begin

/* Of the operations that all mechanisms use: see `dot` and its neighbours in Basics/Real.swift. All arrays have `count` numbers. */
typedef struct {
    long count;
    const float *x, *y;
} DotProductOperands;

typedef struct {
    long count;
    const float *x;
} ModerateOperands;

typedef struct {
    long count;
    float a;
    const float *x;
    float *y;
} ScaledOperands;

typedef struct {
    long count;
    const float *x, *y;
    float *z; /* z += x y */
} AddProductsOperands;

/* Outputs of one or two panels of a weight, whatever the level. */
#define DNC_WHOLE_PANELS 48

/* Numbers in the panels of a weight: whole panels of 24 or 48 outputs. */
static inline long dnc_panels(long outputs, long inputs) {
    return (outputs + DNC_WHOLE_PANELS - 1) / DNC_WHOLE_PANELS * DNC_WHOLE_PANELS * inputs;
}

/* Rows that need not follow each other closely have a stride. */
typedef struct {
    long outputs, inputs;
    const float *weight; /* W [outputs, inputs] */
    float *panels;       /* out [dnc_panels]: the same weights, in the order in which a level's `linearForward` reads them */
} PackWeightOperands;

typedef struct {
    long rows, outputs, inputs;
    const float *panels; /* of the whole weight */
    long columns, first; /* the whole weight's columns, and the first of those that x meets */
    const float *x;      /* [rows, inputs] */
    long xStride;
    float *y; /* [rows, outputs] */
    long yStride;
} LinearForwardOperands;

typedef struct {
    long rows, outputs, inputs;
    const float *weight;
    long weightStride;
    const float *yGradient;
    long yStride;
    float *xGradient;
    long xStride;
} LinearBackwardOperands;

/* Rows of all sequences in some steps. `together` sequences of a step follow each other in each of some blocks. */
typedef struct {
    const float *start;
    long stride; /* from a sequence to the next in its block */
    long first;  /* rows that come before these */
    long together, blocks;
    long blockStride, stepStride;
} StepRowsOperands;

typedef struct {
    long rows, outputs, inputs;
    StepRowsOperands x, yGradient;
    float *weightGradient;
    long weightStride;
    float *scratch; /* see Linear.scratchCount */
} LinearWeightOperands;

typedef struct {
    long batch, hiddenSize;
    float clip;
    float *gates;                           /* [B, 4H] */
    const float *previousCell;              /* [B, H] */
    float *cell, *cellTanh;                 /* [B, H] */
    float *hidden;                          /* [B, H] */
    long hiddenStride;
} LSTMForwardOperands;

typedef struct {
    long batch, hiddenSize;
    float clip;
    float *gates;                             /* [B, 4H] */
    const float *previousCell, *cellTanh;     /* [B, H] */
    const float *hiddenGradient;              /* [B, H] */
    long hiddenStride;
    float *cellGradient; /* [B, H] */
} LSTMBackwardOperands;

/* With tanh. */
typedef struct {
    long batch, hiddenSize;
    float clip;
    float *activations; /* [B, H] */
    float *hidden;      /* [B, H] */
    long hiddenStride;
} TanhForwardOperands;

/* Of one row. */
typedef struct {
    long count;
    const float *sums, *scale, *bias; /* s, gamma, b [count] */
    float *kept;                      /* LN(s), and 1 / sqrt(variance + epsilon) [count + 1] */
    float *output;                    /* y [count]; may be `sums` */
} LayerNormForwardOperands;

typedef struct {
    long count;
    const float *scale, *kept, *outputGradient;
    float *sumsGradient; /* [count] */
} LayerNormBackwardOperands;

/* With one write head. */
typedef struct {
    long slots, readHeads;
    const float *freeGates;             /* f [R] */
    const float *previousReadWeights;   /* [R, N] */
    const float *previousWriteWeights;  /* [N] */
    const float *previousUsage;         /* [N] */
    float *usage;                       /* [N] */
    float *_Nullable retention;         /* psi [N] */
} UsageForwardOperands;

typedef struct {
    long slots, readHeads;
    bool stopped;
    const float *freeGates, *previousReadWeights, *previousWriteWeights, *previousUsage;
    const float *_Nullable retentionGradient; /* [N] */
    float *usageGradient;        /* [N] */
    float *freeGatesGradient;    /* [R] */
    float *readWeightsGradient;  /* [R, N] */
    float *writeWeightsGradient; /* [N] */
} UsageBackwardOperands;

typedef struct {
    long slots, wordSize;
    const float *memory; /* M [N, W] */
    float *rowNorms;     /* [N] */
} RowNormsOperands;

/* Of all heads. */
typedef struct {
    long slots, wordSize, heads;
    const float *memory;    /* M [N, W] */
    const float *rowNorms;  /* [N] */
    const float *keys;      /* k [heads, W] */
    const float *strengths; /* beta [heads] */
    float *similarity;      /* D [heads, N] */
    float *weighting;       /* C [heads, N] */
} ContentForwardOperands;

typedef struct {
    long slots, wordSize, heads;
    const float *memory, *rowNorms, *keys, *strengths;
    const float *similarity, *weighting;
    float *weightingGradient; /* [heads, N] */
    float *rowFactors;        /* scratch [N] */
    float *memoryGradient;    /* [N, W] */
    float *keysGradient;      /* [heads, W] */
    float *strengthsGradient; /* [heads] */
} ContentBackwardOperands;

typedef struct {
    long slots, wordSize, heads;
    const float *memory;       /* M [N, W] */
    const float *keys, *masks; /* k, m [heads, W] */
    const float *strengths;    /* beta [heads] */
    float *scratch;            /* see MaskedContentWeighting.scratchCount */
    float *rowNorms;           /* of M and m [heads, N] */
    float *similarity;         /* D [heads, N] */
    float *weighting;          /* C [heads, N] */
} MaskedContentForwardOperands;

typedef struct {
    long slots, wordSize, heads;
    const float *memory, *keys, *masks, *strengths, *rowNorms, *similarity, *weighting;
    float *scratch;
    float *weightingGradient;           /* [heads, N] */
    float *memoryGradient;              /* [N, W] */
    float *keysGradient, *masksGradient; /* [heads, W] */
    float *strengthsGradient;           /* [heads] */
} MaskedContentBackwardOperands;

typedef struct {
    long slots;
    const float *weighting; /* d [N] */
    float sharpness;
    float *sharpened; /* S(d, s) [N] */
} SharpeningForwardOperands;

typedef struct {
    long slots;
    const float *weighting;
    float sharpness;
    const float *sharpened;
    float *gradient;          /* [N] */
    float *sharpnessGradient; /* [1] */
} SharpeningBackwardOperands;

typedef struct {
    long slots;
    const float *allocation, *content; /* a, c [N] */
    float allocationGate, writeGate;
    float *weighting; /* w^w [N] */
} WriteWeightingForwardOperands;

typedef struct {
    long slots;
    const float *allocation, *content;
    float allocationGate, writeGate;
    const float *weightingGradient;                    /* [N] */
    float *allocationGradient, *contentGradient;       /* [N] */
    float *allocationGateGradient, *writeGateGradient; /* [1] */
} WriteWeightingBackwardOperands;

/* With one write head. */
typedef struct {
    long slots, wordSize;
    const float *previousMemory; /* [N, W] */
    const float *weights;        /* w^w [N] */
    const float *erase, *write;  /* e, v [W] */
    const float *_Nullable retention; /* psi [N] */
    float *memory;               /* [N, W] */
    float *rowNorms;             /* [N] */
} MemoryWriteForwardOperands;

typedef struct {
    long slots, wordSize;
    const float *previousMemory, *weights, *erase, *write;
    const float *_Nullable retention;           /* psi [N] */
    float *_Nullable retentionGradient;         /* [N], with retention */
    float *memoryGradient;                /* [N, W] */
    float *weightsGradient;               /* [N] */
    float *eraseGradient, *writeGradient; /* [W] */
} MemoryWriteBackwardOperands;

/* Numbers in the scratch of the two kernels of the links: for each 32 columns, for the rows of a block, and two blocks.
 * `steps` counts those of the history and the current one. */
static inline long dnc_links_scratch(long slots, long readHeads, long steps) {
    const long rows = 4, lanes = 16, width = 2 * lanes, columns = (slots + width - 1) / width * width;
    return columns * (2 * steps + 3 * readHeads + 2) + (readHeads + 1) * rows * lanes +
           (steps + 2 * readHeads) * lanes + 2 * rows * width;
}

/* Rows first to end, without it. `first` is a multiple of 8. */
typedef struct {
    long first, end, slots, readHeads;
    const float *writeWeighting, *previousPrecedence; /* [N] */
    const float *previousReadWeights;                 /* [R, N] */
    const float *previousLink;                        /* [N, N] */
    float *link;                                      /* [N, N] */
    float *forwardWeights;                            /* [R, N] */
    long forwardStride;
    float *backwardWeights; /* [R, N] */
    long backwardStride;
    float *scratch; /* for one step */
} LinksForwardOperands;

typedef struct {
    long first, end, slots, readHeads;
    long steps, stepStride;                     /* of the history */
    const float *link;                          /* [N, N], before it */
    const float *writeWeightings, *precedences; /* [steps + 1, N] */
    float *_Nullable kept;                      /* [N, N], the links after keptSteps < steps; but for the diagonal */
    long keptSteps;
    const float *previousReadWeights;           /* [R, N] */
    float *scratch;                             /* for steps + 1 */
    const float *forwardGradient;               /* [R, N] */
    long forwardStride;
    const float *backwardGradient; /* [R, N] */
    long backwardStride;
    float *linkGradient;                                /* [N, N] */
    float *writeWeightingGradient, *precedenceGradient; /* [N] */
    float *readWeightsGradient;                         /* [R, N] */
} LinksBackwardOperands;

typedef struct {
    long slots;
    const float *writeWeighting, *previousPrecedence; /* [N] */
    float *precedence;                                /* [N] */
} PrecedenceForwardOperands;

typedef struct {
    long slots;
    const float *writeWeighting, *previousPrecedence;
    float *precedenceGradient, *writeWeightingGradient; /* [N] */
} PrecedenceBackwardOperands;

typedef struct {
    long slots, readHeads, writeHeads;
    const float *modes;                            /* pi [R, 2K+1] */
    const float *backwardWeights, *forwardWeights; /* b, f [R, K, N] */
    const float *content;                          /* c [R, N] */
    float *weighting;                              /* w^r [R, N] */
} ReadWeightingForwardOperands;

typedef struct {
    long slots, readHeads, writeHeads;
    const float *modes, *backwardWeights, *forwardWeights, *content;
    const float *weightingGradient;            /* [R, N] */
    float *modesGradient;                      /* [R, 2K+1] */
    float *backwardGradient, *forwardGradient; /* [R, K, N] */
    float *contentGradient;                    /* [R, N] */
} ReadWeightingBackwardOperands;

typedef struct {
    long slots, wordSize, heads;
    const float *memory;     /* [N, W] */
    const float *weightings; /* w^r [R, N] */
    float *vectors;          /* r [R, W] */
} ReadVectorsForwardOperands;

typedef struct {
    long slots, wordSize, heads;
    const float *memory, *weightings, *vectorsGradient;
    float *memoryGradient;     /* [N, W] */
    float *weightingsGradient; /* [R, N] */
} ReadVectorsBackwardOperands;

/* Updates of some parameters: see Learning/Update.swift. Gradients are left at 0; all arrays have `count` numbers. */
typedef struct {
    long count;
    float scale, rate, momentum;
    float *gradients, *first, *parameters;
} SGDOperands;

typedef struct {
    long count;
    float scale, rate, momentum, decay, forget, epsilon;
    float *gradients, *first, *second, *parameters;
} RMSPropOperands;

/* Also of AdamW. */
typedef struct {
    long count;
    float scale, rate, beta1, beta2, forget1, forget2, correction2, epsilon, kept;
    float *gradients, *first, *second, *parameters;
} AdamOperands;

typedef struct {
    long count;
    const float *gradients;
} SumOfSquaresOperands;

typedef struct {
    long count;
    const float *x;
    float *y; /* may be `x` */
} ActivationOperands;

/* How a part of the raw interface vector comes into its range: see `InterfaceTransform`. */
enum { DNC_PART_IDENTITY, DNC_PART_ONEPLUS, DNC_PART_SIGMOID, DNC_PART_SOFTMAX, DNC_PART_MASK };

typedef struct {
    int transform; /* kernels pass over masks */
    int width;     /* of the rows of a softmax */
    long first, count;
    double minimum; /* of a mask */
} TransformedPart;

typedef struct {
    long count;
    const TransformedPart *parts; /* [count] */
    const float *raw;
    float *interface;
} InterfaceForwardOperands;

typedef struct {
    long count;
    const TransformedPart *parts; /* [count] */
    float *raw;                   /* in the parts, becomes its gradient */
    const float *interface, *interfaceGradient;
} InterfaceBackwardOperands;

typedef struct {
    long rows, count;
    const float *logits;  /* [rows, count] */
    float *probabilities; /* [rows, count], may be `logits` */
} SoftmaxRowsOperands;

/* Σ bce(z, q), but for the logarithm of `product`, and share · (σ(z) − q): see `Loss`. */
typedef struct {
    long count; /* at most 960: the product may double with each */
    const float *z, *q;
    double share;
    float *_Nullable gradient; /* [count] */
    double *product;           /* out: of the (1 + e^-|z|) that are not in the sum */
} SigmoidLossOperands;

typedef struct {
    long count;
    const float *usage;
    unsigned *keys;
} UsageKeysOperands;

typedef struct {
    long count;      /* less than 2^14 */
    unsigned *keys;  /* below 2^18; with room for 16 and for the next power of two; overwritten */
    unsigned *order; /* [count] */
} SortKeysOperands;

/* The fast twins of the slowest mechanisms, for one CPU level. */
typedef struct {
    float (*dotProduct)(const DotProductOperands *);
    /* Whether the sum of the squares is finite. */
    bool (*areModerate)(const ModerateOperands *);
    void (*addScaled)(const ScaledOperands *);
    void (*scale)(const ScaledOperands *);
    void (*addProducts)(const AddProductsOperands *);
    double (*sumOfSquares)(const SumOfSquaresOperands *);
    double (*sigmoidLoss)(const SigmoidLossOperands *);
    void (*interfaceForward)(const InterfaceForwardOperands *);
    void (*interfaceBackward)(const InterfaceBackwardOperands *);
    void (*sigmoids)(const ActivationOperands *);
    void (*usageKeys)(const UsageKeysOperands *);
    void (*softmaxRows)(const SoftmaxRowsOperands *);
    void (*sortKeys)(const SortKeysOperands *);
    void (*packWeight)(const PackWeightOperands *);
    void (*linearForward)(const LinearForwardOperands *);
    void (*linearBackward)(const LinearBackwardOperands *);
    void (*linearBackwardWeight)(const LinearWeightOperands *);
    void (*lstmForward)(const LSTMForwardOperands *);
    void (*lstmBackward)(const LSTMBackwardOperands *);
    void (*tanhForward)(const TanhForwardOperands *);
    /* Returns false, and writes nothing, if the square of a sum overflows. */
    bool (*layerNormForward)(const LayerNormForwardOperands *);
    void (*layerNormBackward)(const LayerNormBackwardOperands *);
    void (*rowNorms)(const RowNormsOperands *);
    void (*usageForward)(const UsageForwardOperands *);
    void (*usageBackward)(const UsageBackwardOperands *);
    /* Return false for norms so large that only the mechanism's own code computes them correctly. By then, a forward kernel may
     * have written results, which that code writes anew; a backward one has changed no gradient. */
    bool (*contentForward)(const ContentForwardOperands *);
    bool (*contentBackward)(const ContentBackwardOperands *);
    bool (*maskedContentForward)(const MaskedContentForwardOperands *);
    bool (*maskedContentBackward)(const MaskedContentBackwardOperands *);
    void (*sharpeningForward)(const SharpeningForwardOperands *);
    void (*sharpeningBackward)(const SharpeningBackwardOperands *);
    void (*writeWeightingForward)(const WriteWeightingForwardOperands *);
    void (*writeWeightingBackward)(const WriteWeightingBackwardOperands *);
    /* Returns false if the square of a row's norm overflowed. */
    bool (*memoryWriteForward)(const MemoryWriteForwardOperands *);
    void (*memoryWriteBackward)(const MemoryWriteBackwardOperands *);
    void (*linksForward)(const LinksForwardOperands *);
    void (*linksBackward)(const LinksBackwardOperands *);
    void (*precedenceForward)(const PrecedenceForwardOperands *);
    void (*precedenceBackward)(const PrecedenceBackwardOperands *);
    void (*readWeightingForward)(const ReadWeightingForwardOperands *);
    void (*readWeightingBackward)(const ReadWeightingBackwardOperands *);
    void (*readVectorsForward)(const ReadVectorsForwardOperands *);
    void (*readVectorsBackward)(const ReadVectorsBackwardOperands *);
    void (*sgd)(const SGDOperands *);
    void (*rmsProp)(const RMSPropOperands *);
    void (*adam)(const AdamOperands *);
} Kernels;

#if defined(DNC_LEVEL)
/* What the module of a level says of it: its name, that DNC_CPU takes and dnc_build_info tells, and whether the CPU has it. Both run on
 * every CPU. */
static inline const char *dnc_level_name(void) { return DNC_LEVEL; }

#if defined(__x86_64__)
/* A level of the x86-64 psABI, 3 or 4: whether the CPU has its instructions, and the operating system keeps its registers. The
 * compiler's own function for this brings 4 KB of other features. */
static __attribute__((noinline, target("arch=x86-64"))) bool dnc_level_runs_here(void) {
    const bool isV4 = DNC_LEVEL[sizeof "x86-64-v" - 1] == '4';
    const unsigned first = bit_SSE3 | bit_SSSE3 | bit_FMA | bit_CMPXCHG16B | bit_SSE41 | bit_SSE42 | bit_MOVBE | bit_POPCNT |
                           bit_OSXSAVE | bit_AVX | bit_F16C;
    const unsigned v4 = bit_AVX512F | bit_AVX512DQ | bit_AVX512CD | bit_AVX512BW | bit_AVX512VL;
    const unsigned seventh = bit_AVX2 | bit_BMI | bit_BMI2 | (isV4 ? v4 : 0);
    const unsigned extended = bit_LAHF_LM | bit_LZCNT;
    /* SSE and AVX; the masks, the upper halves and the upper registers of AVX-512. */
    const unsigned kept = 0x6 | (isV4 ? 0xe0 : 0);
    unsigned a, b, c, d, registers;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & first) != first) return false;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (b & seventh) != seventh) return false;
    if (!__get_cpuid(0x80000001, &a, &b, &c, &d) || (c & extended) != extended) return false;
    __asm__("xgetbv" : "=a"(registers), "=d"(d) : "c"(0));
    return (registers & kept) == kept;
}
#else
static inline bool dnc_level_runs_here(void) { return true; }
#endif
#endif

#pragma clang assume_nonnull end

#endif
