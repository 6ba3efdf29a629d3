/*
 * The copy task on many processes: each plays its share of the batch, and MPI adds up the gradients.
 *
 *     mpicc mpi_copy.c -o mpi_copy $(pkg-config --cflags --libs dnc)
 *     mpirun -n 4 ./mpi_copy 2000          # updates
 *
 * All processes begin with the same parameters, draw different episodes, and make the same update, so the parameters stay the
 * same everywhere without being sent. The gradient is that of one process with all episodes, but for the order of the sums.
 */
#include <dnc.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

enum { SHARE = 8 }; /* episodes of a process */

/* Ends all processes if one fails, with its name. */
static void check(dnc_status status, int rank) {
    if (status == DNC_OK) return;
    fprintf(stderr, "mpi_copy: process %d: %s\n", rank, dnc_last_error());
    MPI_Abort(MPI_COMM_WORLD, 1);
}

int main(int argc, char **argv) {
    int rank, ranks;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    int updates = argc > 1 ? atoi(argv[1]) : 2000;

    dnc_task *task = NULL;
    uint32_t x, y, loss;
    check(dnc_task_create("copy", "min_length=1,max_length=5", 1, &task), rank);
    check(dnc_task_sizes(task, &x, &y, &loss), rank);

    dnc *net = NULL;
    dnc_config config;
    check(dnc_config_init(&config, sizeof config), rank);
    config.input_size = x, config.output_size = y, config.batch_size = SHARE, config.seed = 1;
    check(dnc_create(&config, &net), rank);
    check(dnc_set_training(net, 1), rank);

    dnc_optimizer *optimizer = NULL;
    dnc_optimizer_config adam;
    check(dnc_optimizer_config_init(&adam, sizeof adam), rank);
    adam.learning_rate = 3e-3f, adam.max_gradient_norm = 10;
    check(dnc_optimizer_create(net, &adam, &optimizer), rank);
    int count = (int)dnc_parameter_count(net);

    double mean = 0;
    for (int update = 0; update < updates; update++) {
        size_t steps;
        /* A batch depends on its number alone: these are the next ones of a single stream. */
        check(dnc_task_seek(task, (uint64_t)update * (uint64_t)ranks + (uint64_t)rank), rank);
        check(dnc_task_sample(task, SHARE, &steps), rank);
        size_t rows = steps * SHARE;
        float *inputs = malloc(rows * x * sizeof *inputs), *mask = malloc(rows * sizeof *mask);
        float *outputs = malloc(rows * y * sizeof *outputs), *gradients = malloc(rows * y * sizeof *gradients);
        if (!inputs || !mask || !outputs || !gradients) MPI_Abort(MPI_COMM_WORLD, 1);
        check(dnc_task_read(task, inputs, NULL, mask), rank);

        double value, sums[2] = {0, 0}; /* of the loss, and of the rows that count */
        check(dnc_reset(net), rank);
        check(dnc_forward(net, steps, inputs, outputs), rank);
        check(dnc_task_loss(task, outputs, &value, gradients), rank);
        for (size_t i = 0; i < rows; i++) sums[1] += mask[i];
        double own = sums[1];
        sums[0] = own * value;
        MPI_Allreduce(MPI_IN_PLACE, sums, 2, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
        mean = sums[0] / sums[1];

        /* Of the mean over this share to that over all of them. */
        for (size_t i = 0; i < rows * y; i++) gradients[i] *= (float)(own / sums[1]);
        check(dnc_backward(net, gradients, NULL), rank);
        MPI_Allreduce(MPI_IN_PLACE, dnc_gradients(net), count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
        check(dnc_optimizer_step(optimizer, net, NULL), rank);
        if (rank == 0 && (update + 1) % 100 == 0) printf("update %d, loss %.4f\n", update + 1, mean);
        free(inputs), free(mask), free(outputs), free(gradients);
    }

    /* Equal everywhere, or the least and the greatest would differ. */
    double sum = 0, least, greatest;
    for (int i = 0; i < count; i++) sum += dnc_parameters(net)[i] * (i % 7 + 1);
    MPI_Reduce(&sum, &least, 1, MPI_DOUBLE, MPI_MIN, 0, MPI_COMM_WORLD);
    MPI_Reduce(&sum, &greatest, 1, MPI_DOUBLE, MPI_MAX, 0, MPI_COMM_WORLD);
    if (rank == 0) printf("%d processes, %s parameters, loss %.6f\n", ranks, least == greatest ? "equal" : "DIFFERENT", mean);
    dnc_optimizer_free(optimizer);
    dnc_free(net);
    dnc_task_free(task);
    MPI_Finalize();
    return rank == 0 && least != greatest;
}
