/*
 * A stream that is parked and taken up again: two streams share a network of batch size 1. Each stream's state is a row of
 * floats, which goes to a file and comes back from it. The outputs are those of a network for each stream, bit for bit.
 *
 *     cc stream.c -o stream $(pkg-config --cflags --libs dnc)
 */
#include <dnc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STREAMS = 2, STEPS = 12, TURN = 3, INPUTS = 2, OUTPUTS = 2 }; /* a turn: steps before the other stream's turn */

static int failed(const char *what) {
    fprintf(stderr, "stream: %s: %s\n", what, dnc_last_error());
    return 1;
}

/* What a stream sees in step t. */
static void observe(int stream, int t, float *input) {
    input[0] = sinf(0.5f * (float)(t + 1) * (float)(stream + 1));
    input[1] = stream == 0 ? 1.0f : -1.0f;
}

/* All steps of a stream in one go, for comparison. */
static int run_alone(dnc *net, int stream, float *outputs) {
    if (dnc_reset(net) != DNC_OK) return failed("reset");
    for (int t = 0; t < STEPS; t++) {
        float input[INPUTS];
        observe(stream, t, input);
        if (dnc_step(net, input, outputs + t * OUTPUTS) != DNC_OK) return failed("step");
    }
    return 0;
}

/* Writes the state to a file, so that any process with the same parameters can go on. */
static int park(const dnc *net, float *row, size_t size, const char *path) {
    FILE *file;
    size_t written;
    if (dnc_get_state_rows(net, 0, 1, row) != DNC_OK) return failed("park");
    file = fopen(path, "wb");
    if (file == NULL) return perror(path), 1;
    written = fwrite(row, sizeof *row, size, file);
    if (fclose(file) != 0 || written != size) return perror(path), 1;
    return 0;
}

static int resume(dnc *net, float *row, size_t size, const char *path) {
    FILE *file = fopen(path, "rb");
    size_t got;
    if (file == NULL) return perror(path), 1;
    got = fread(row, sizeof *row, size, file);
    fclose(file);
    if (got != size) return fprintf(stderr, "stream: %s is too short\n", path), 1;
    return dnc_set_state_rows(net, 0, 1, row) == DNC_OK ? 0 : failed("resume");
}

static int take_turns(dnc *net, float *row, size_t size, float outputs[STREAMS][STEPS * OUTPUTS]) {
    static const char *const paths[STREAMS] = {"stream-0.state", "stream-1.state"};
    for (int t = 0; t < STEPS; t += TURN) {
        for (int stream = 0; stream < STREAMS; stream++) {
            float inputs[TURN * INPUTS];
            for (int i = 0; i < TURN; i++) observe(stream, t + i, inputs + i * INPUTS);
            if (t == 0 ? dnc_reset(net) != DNC_OK : resume(net, row, size, paths[stream])) return 1;
            if (dnc_forward(net, TURN, inputs, outputs[stream] + t * OUTPUTS) != DNC_OK) return failed("forward");
            if (park(net, row, size, paths[stream])) return 1;
        }
    }
    for (int stream = 0; stream < STREAMS; stream++) remove(paths[stream]);
    return 0;
}

static int run(dnc *net) {
    static float alone[STREAMS][STEPS * OUTPUTS], parked[STREAMS][STEPS * OUTPUTS];
    size_t size = 0;
    float *row;
    int result = 0;
    if (dnc_state_size(net, &size) != DNC_OK) return failed("state size");
    row = malloc(size * sizeof *row);
    if (row == NULL) return fprintf(stderr, "stream: out of memory\n"), 1;
    for (int stream = 0; stream < STREAMS && result == 0; stream++) result = run_alone(net, stream, alone[stream]);
    if (result == 0) result = take_turns(net, row, size, parked);
    free(row);
    if (result != 0) return result;
    printf("a parked stream takes %zu bytes\n", size * sizeof *row);
    if (memcmp(alone, parked, sizeof alone) != 0) return fprintf(stderr, "stream: the outputs differ\n"), 1;
    printf("%d streams, parked after every %d steps: outputs as in one go, bit for bit\n", STREAMS, TURN);
    return 0;
}

int main(void) {
    dnc_config config;
    dnc *net = NULL;
    int result;
    dnc_config_init(&config, sizeof config);
    config.input_size = INPUTS;
    config.output_size = OUTPUTS;
    config.hidden_size = 32;
    config.memory_slots = 16;
    config.seed = 1;
    if (dnc_create(&config, &net) != DNC_OK) return failed("create");
    result = run(net);
    dnc_free(net);
    return result;
}
