/*
 * One episode of a network, for whoever compares the numbers.
 *
 *     replay CHECKPOINT STEPS INPUTS OUTPUT_GRADIENTS RESULTS
 *
 * INPUTS and OUTPUT_GRADIENTS are files of floats [T, B, X] and [T, B, Y]. RESULTS takes outputs [T, B, Y], the rows of the
 * state after the episode, input gradients [T, B, X], and the gradients of all parameters.
 */
#include <dnc.h>

#include <stdio.h>
#include <stdlib.h>

static void need(int good, const char *what) {
    if (good) return;
    fprintf(stderr, "replay: %s: %s\n", what, dnc_last_error());
    exit(2);
}

static float *numbers(size_t count) {
    float *found = calloc(count + 1, sizeof *found);
    need(found != NULL, "memory");
    return found;
}

static float *read_file(const char *path, size_t count) {
    float *found = numbers(count);
    FILE *file = fopen(path, "rb");
    need(file != NULL && fread(found, sizeof *found, count, file) == count, path);
    fclose(file);
    return found;
}

int main(int count, char **words) {
    dnc *net = NULL;
    dnc_config config;
    size_t steps, state = 0;
    if (count != 6) return 2;
    config.struct_size = sizeof config;
    steps = (size_t)atol(words[2]);
    need(dnc_load(words[1], &net, NULL) == DNC_OK, words[1]);
    need(dnc_get_config(net, &config) == DNC_OK, "configuration");
    need(dnc_state_size(net, &state) == DNC_OK, "state");
    size_t B = config.batch_size, X = config.input_size, Y = config.output_size;
    float *inputs = read_file(words[3], steps * B * X), *gradients = read_file(words[4], steps * B * Y);
    float *outputs = numbers(steps * B * Y), *rows = numbers(B * state), *of_inputs = numbers(steps * B * X);
    need(dnc_set_training(net, 1) == DNC_OK && dnc_reset(net) == DNC_OK, "training");
    need(dnc_forward(net, steps, inputs, outputs) == DNC_OK, "forward");
    need(dnc_get_state_rows(net, 0, B, rows) == DNC_OK, "state");
    need(dnc_backward(net, gradients, of_inputs) == DNC_OK, "backward");
    FILE *file = fopen(words[5], "wb");
    need(file != NULL, words[5]);
    fwrite(outputs, sizeof(float), steps * B * Y, file);
    fwrite(rows, sizeof(float), B * state, file);
    fwrite(of_inputs, sizeof(float), steps * B * X, file);
    fwrite(dnc_gradients(net), sizeof(float), dnc_parameter_count(net), file);
    need(fclose(file) == 0, words[5]);
    free(inputs), free(gradients), free(outputs), free(rows), free(of_inputs);
    dnc_free(net);
    return 0;
}
