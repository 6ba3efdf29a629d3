/*
 * The smallest program: a network that nobody has trained takes five steps. Outputs are logits.
 *
 *     cc step.c -o step $(pkg-config --cflags --libs dnc)
 */
#include <dnc.h>
#include <stdio.h>

int main(void) {
    dnc_config config;
    dnc *net = NULL;
    int result = 0;

    dnc_config_init(&config, sizeof config);
    config.input_size = 3;
    config.output_size = 2;
    config.seed = 1;
    if (dnc_create(&config, &net) != DNC_OK) {
        fprintf(stderr, "step: %s\n", dnc_last_error());
        return 1;
    }

    for (int t = 0; t < 5 && result == 0; t++) {
        float input[3] = {(float)t, 1.0f, -1.0f}; /* [B, X] with B = 1 */
        float output[2];                          /* [B, Y] */
        if (dnc_step(net, input, output) == DNC_OK) {
            printf("step %d: %9.6f %9.6f\n", t, output[0], output[1]);
        } else {
            fprintf(stderr, "step: %s\n", dnc_last_error());
            result = 1;
        }
    }

    dnc_free(net);
    return result;
}
