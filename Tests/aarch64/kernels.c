/*
 * What a level's kernels compute, for whoever compares levels: kernels SLOTS WORD_SIZE READ_HEADS HIDDEN_SIZE
 *
 * It is linked to the objects of a level's module, whose table TABLE names. It prints a line for each array that a kernel has
 * written: the kernel's name, and its numbers. The operands are drawn, the same on every machine.
 */
#include <kernels.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

__attribute__((swiftcall)) Kernels level(void) __asm__(TABLE);

static struct {
    float *numbers;
    long count;
} written[16], scratch[64];
static int arrays, kept;

static float drawn(float low, float high) {
    static unsigned long long state = 1;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return low + (high - low) * (float)(state >> 40) / (float)(1 << 24);
}

/* An operand that is read. */
static float *given(long count, float low, float high) {
    float *numbers = calloc((size_t)count, sizeof *numbers);
    if (!numbers || kept == 64) exit(2);
    for (long i = 0; i < count; i++) numbers[i] = drawn(low, high);
    scratch[kept].numbers = numbers, scratch[kept++].count = count;
    return numbers;
}

/* One that is written or added to. */
static float *changed(long count) {
    written[arrays].numbers = given(count, -1, 1), written[arrays].count = count;
    return written[arrays++].numbers;
}

static void report(const char *kernel) {
    for (int array = 0; array < arrays; array++) {
        printf("%s", kernel);
        for (long i = 0; i < written[array].count; i++) printf(" %.9g", (double)written[array].numbers[i]);
        printf("\n");
    }
    while (kept > 0) free(scratch[--kept].numbers);
    arrays = 0;
}

#define RUN(kernel, Type, ...)                  \
    do {                                        \
        Type operands = {__VA_ARGS__};          \
        kernels.kernel(&operands);              \
        report(#kernel);                        \
    } while (0)

static Kernels kernels;

static void linear(long outputs, long inputs) {
    const long rows = 5;
    float *panels = given((outputs + 64) * inputs, 0, 0);
    kernels.packWeight(&(PackWeightOperands){outputs, inputs, given(outputs * inputs, -1, 1), panels});
    RUN(linearForward, LinearForwardOperands, rows, outputs, inputs, panels, inputs, 0, given(rows * inputs, -1, 1), inputs,
        changed(rows * outputs), outputs);
    RUN(linearBackward, LinearBackwardOperands, rows, outputs, inputs, given(outputs * inputs, -1, 1), inputs,
        given(rows * outputs, -1, 1), outputs, changed(rows * inputs), inputs);
    /* Of one block, and of two with one sequence each. */
    for (long blocks = 1; blocks <= 2; blocks++) {
        const long together = blocks == 1 ? LONG_MAX : 1, steps = 3;
        RUN(linearBackwardWeight, LinearWeightOperands, rows, outputs, inputs,
            {given(2 * steps * inputs, -1, 1), inputs, 0, together, blocks, steps * inputs, inputs},
            {given(2 * steps * outputs, -1, 1), outputs, 0, together, blocks, steps * outputs, outputs},
            changed(outputs * inputs), inputs, given(96 * (48 + 128), 0, 0));
    }
}

static void controller(long H) {
    const long B = 3;
    RUN(lstmForward, LSTMForwardOperands, B, H, 2, changed(4 * B * H), given(B * H, -1, 1), changed(B * H), changed(B * H),
        changed(B * H), H);
    RUN(lstmBackward, LSTMBackwardOperands, B, H, 2, changed(4 * B * H), given(B * H, -1, 1), given(B * H, -1, 1),
        given(B * H, -1, 1), H, changed(B * H));
    RUN(softmaxRows, SoftmaxRowsOperands, B, H, given(B * H, -9, 9), changed(B * H));
}

static void interface(long W, long R) {
    const long ends[] = {R * W, R * W + R, R * W + R + W, 4 * R + R * W + W};
    const TransformedPart parts[] = {
        {DNC_PART_IDENTITY, 1, 0, ends[0], 0},
        {DNC_PART_ONEPLUS, 1, ends[0], R, 0},
        {DNC_PART_SIGMOID, 1, ends[1], W, 0},
        {DNC_PART_SOFTMAX, 3, ends[2], 3 * R, 0},
    };
    RUN(interfaceForward, InterfaceForwardOperands, 4, parts, given(ends[3], -9, 9), changed(ends[3]));
    RUN(interfaceBackward, InterfaceBackwardOperands, 4, parts, changed(ends[3]), given(ends[3], 0, 1), given(ends[3], -1, 1));
}

static void memory(long N, long W, long R) {
    RUN(contentForward, ContentForwardOperands, N, W, R, given(N * W, -1, 1), given(N, 1, 2), given(R * W, -1, 1),
        given(R, 1, 9), changed(R * N), changed(R * N));
    RUN(contentBackward, ContentBackwardOperands, N, W, R, given(N * W, -1, 1), given(N, 1, 2), given(R * W, -1, 1),
        given(R, 1, 9), given(R * N, -1, 1), given(R * N, 0, 1), changed(R * N), given(N, 0, 0), changed(N * W), changed(R * W),
        changed(R));
    RUN(usageForward, UsageForwardOperands, N, R, given(R, 0, 1), given(R * N, 0, 1), given(N, 0, 1), given(N, 0, 1), changed(N),
        changed(N));
    RUN(memoryWriteForward, MemoryWriteForwardOperands, N, W, given(N * W, -1, 1), given(N, 0, 1), given(W, 0, 1),
        given(W, -1, 1), given(N, 0, 1), changed(N * W), changed(N));
    RUN(memoryWriteBackward, MemoryWriteBackwardOperands, N, W, given(N * W, -1, 1), given(N, 0, 1), given(W, 0, 1),
        given(W, -1, 1), given(N, 0, 1), changed(N), changed(N * W), changed(N), changed(W), changed(W));
    RUN(readVectorsForward, ReadVectorsForwardOperands, N, W, R, given(N * W, -1, 1), given(R * N, 0, 1), changed(R * W));
    RUN(readVectorsBackward, ReadVectorsBackwardOperands, N, W, R, given(N * W, -1, 1), given(R * N, 0, 1), given(R * W, -1, 1),
        changed(N * W), changed(R * N));
}

static void links(long N, long R) {
    RUN(linksForward, LinksForwardOperands, 0, N, N, R, given(N, 0, 0.1f), given(N, 0, 0.1f), given(R * N, 0, 0.1f),
        given(N * N, 0, 0.1f), changed(N * N), changed(R * N), N, changed(R * N), N, given(dnc_links_scratch(N, R, 1), 0, 0));
    RUN(linksBackward, LinksBackwardOperands, 0, N, N, R, 2, N, given(N * N, 0, 0.1f), given(3 * N, 0, 0.1f),
        given(3 * N, 0, 0.1f), NULL, 0, given(R * N, 0, 0.1f), given(dnc_links_scratch(N, R, 3), 0, 0), given(R * N, -1, 1), N,
        given(R * N, -1, 1), N, changed(N * N), changed(N), changed(N), changed(R * N));
}

/* What is returned, too. Of every number of elements that a vector can lack. */
static void learning(long count) {
    for (long n = count; n < count + 9; n++) {
        double product, sum = kernels.sigmoidLoss(&(SigmoidLossOperands){n, given(n, -20, 20), given(n, 0, 1), 0.1, changed(n), &product});
        report("sigmoidLoss");
        printf("sum %.17g product %.17g\n", sum, product);
        printf("sumOfSquares %.17g\n", kernels.sumOfSquares(&(SumOfSquaresOperands){n, given(n, -1, 1)}));
        report("");
    }
}

int main(int count, char **words) {
    long sizes[4];
    if (count != 5) return 2;
    for (int i = 0; i < 4; i++) sizes[i] = atol(words[i + 1]);
    kernels = level();
    linear(sizes[3], sizes[1] + sizes[3]);
    controller(sizes[3]);
    interface(sizes[1], sizes[2]);
    memory(sizes[0], sizes[1], sizes[2]);
    links(sizes[0], sizes[2]);
    learning(sizes[3]);
    const long P = sizes[0] * sizes[1];
    RUN(adam, AdamOperands, P, 1, 0.01f, 0.9f, 0.999f, 0.1f, 0.001f, 0.9f, 1e-8f, 1, changed(P), changed(P), given(P, 0, 1),
        changed(P));
    return 0;
}
