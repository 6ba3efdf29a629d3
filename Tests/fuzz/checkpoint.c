/*
 * A checkpoint that anybody may have written: dnc_load refuses it with a sentence, before it has allocated what the file
 * asks for, or gives a network that can be used, and saved and loaded again without a byte of difference.
 *
 * The input is the file. Its header's length is kept right by the mutator, mostly.
 */
#include "fuzz.h"

LARGEST_ALLOCATION(64)

enum { HEADER = 1 << 15, TENSORS = 1 << 15 };

/* The end of the last tensor, as the header says it. */
static size_t tensors_end(const uint8_t *header, size_t size) {
    size_t end = 0;
    for (size_t i = 0; i + 16 < size; i++) {
        if (memcmp(header + i, "\"data_offsets\":[", 16) != 0) continue;
        size_t numbers[2] = {0, 0}, which = 0;
        for (i += 16; i < size && (header[i] == ',' || (header[i] >= '0' && header[i] <= '9')); i++) {
            if (header[i] == ',') which = 1;
            else if (numbers[which] < TENSORS) numbers[which] = 10 * numbers[which] + (size_t)(header[i] - '0');
        }
        if (numbers[1] > end && numbers[1] <= TENSORS) end = numbers[1];
    }
    return end;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t largest, unsigned seed) {
    static uint8_t header[HEADER];
    uint64_t length = 0;
    if (size >= 8) memcpy(&length, data, 8);
    if (size < 10 || length > size - 8 || length > HEADER || seed % 16 == 0) return LLVMFuzzerMutate(data, size, largest);
    uint8_t *tensors = data + 8 + length;
    size_t rest = size - 8 - (size_t)length;
    if (seed % 16 == 1 && rest > 0) return (size_t)(tensors - data) + LLVMFuzzerMutate(tensors, rest, rest);
    memcpy(header, data + 8, length);
    size_t changed = seed % 16 > 10 ? mutate_number(header, (size_t)length, HEADER, seed / 16) : 0;
    if (changed == 0) changed = LLVMFuzzerMutate(header, (size_t)length, HEADER);
    size_t wanted = seed % 16 < 4 ? rest : tensors_end(header, changed);
    if (8 + changed + wanted > largest) return size;
    memmove(data + 8 + changed, tensors, rest < wanted ? rest : wanted);
    for (size_t i = rest; i < wanted; i++) data[8 + changed + i] = 0;
    memcpy(data + 8, header, changed);
    length = changed;
    memcpy(data, &length, 8);
    return 8 + changed + wanted;
}

/* Where a size of nothing but this file is meant. */
static void saved_is_loaded(dnc *net, dnc_optimizer *optimizer) {
    static char first[300], second[300];
    snprintf(first, sizeof first, "%s/first", scratch_folder());
    snprintf(second, sizeof second, "%s/second", scratch_folder());
    dnc *again = NULL;
    dnc_optimizer *its_optimizer = NULL;
    size_t size, other;
    CHECK(CALL(dnc_save(net, optimizer, first)) == DNC_OK);
    CHECK(CALL(dnc_load(first, &again, &its_optimizer)) == DNC_OK);
    CHECK((optimizer == NULL) == (its_optimizer == NULL));
    CHECK(dnc_optimizer_step_count(optimizer) == dnc_optimizer_step_count(its_optimizer));
    faults.interrupts = 1;
    CHECK(CALL(dnc_save(again, its_optimizer, second)) == DNC_OK);
    uint8_t *one = read_file(first, &size), *two = read_file(second, &other);
    CHECK(one && two && size == other && memcmp(one, two, size) == 0);
    free(one);
    free(two);
    /* In memory, with the state, whatever that of the file is. */
    uint8_t *bytes[2] = {NULL, NULL};
    size_t sizes[2] = {0, 0};
    dnc *copy = NULL;
    dnc_status status = CALL(dnc_checkpoint_encode(net, NULL, DNC_CHECKPOINT_STATE, &bytes[0], &sizes[0]));
    CHECK(status == DNC_OK);
    CHECK(CALL(dnc_checkpoint_decode(bytes[0], sizes[0], &copy, NULL)) == DNC_OK);
    CHECK(CALL(dnc_checkpoint_encode(copy, NULL, DNC_CHECKPOINT_STATE, &bytes[1], &sizes[1])) == DNC_OK);
    CHECK(sizes[0] == sizes[1] && memcmp(bytes[0], bytes[1], sizes[0]) == 0);
    dnc_buffer_free(bytes[0]);
    dnc_buffer_free(bytes[1]);
    dnc_free(copy);
    dnc_free(again);
    dnc_optimizer_free(its_optimizer);
}

/* Some steps forwards and backwards, an update; the file's numbers are finite, but as large as they like. */
static void use(dnc *net, dnc_optimizer *optimizer, const dnc_config *config) {
    size_t x = (size_t)config->batch_size * config->input_size, y = (size_t)config->batch_size * config->output_size;
    float *inputs = calloc(2 * x, sizeof(float)), *outputs = calloc(2 * y, sizeof(float));
    for (size_t i = 0; i < 2 * x; i++) inputs[i] = (float)(i % 5) - 2;
    CHECK(CALL(dnc_set_training(net, 1)) == DNC_OK);
    dnc_status status = CALL(dnc_forward(net, 2, inputs, outputs));
    CHECK(status == DNC_OK || status == DNC_OUT_OF_MEMORY);
    if (status == DNC_OK) {
        for (size_t i = 0; i < 2 * y; i++) outputs[i] = (float)(i % 3) - 1;
        status = CALL(dnc_backward(net, outputs, inputs));
        CHECK(status == DNC_OK);
        if (optimizer) {
            status = CALL(dnc_optimizer_step(optimizer, net, NULL));
            CHECK(status == DNC_OK || status == DNC_NOT_FINITE);
        }
    }
    free(inputs);
    free(outputs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static memory_file file;
    const char *path = fill(&file, data, size);
    dnc *net = NULL, *alone = NULL;
    dnc_optimizer *optimizer = (dnc_optimizer *)&file;
    dnc_status status = CALL(dnc_load(path, &net, &optimizer));
    long allocations = faults.allocations, systems = faults.systems;
    if (status == DNC_BAD_FORMAT) CHECK(faults.largest <= size + (64 << 10));

    /* Without its optimizer the same, or good: the optimizer's own allocations and reads are not made. */
    faults.interrupts = 1;
    dnc_status without = CALL(dnc_load(path, &alone, NULL));
    CHECK(without == status || (status == DNC_OUT_OF_MEMORY && without == DNC_OK));
    if (status != DNC_OK) {
        CHECK(status == DNC_BAD_FORMAT || status == DNC_OUT_OF_MEMORY);
        CHECK(net == NULL && optimizer == (dnc_optimizer *)&file);
        dnc_free(alone);
        return 0;
    }
    CHECK(net && alone && dnc_parameter_count(net) == dnc_parameter_count(alone));
    dnc_free(alone);

    dnc_config config = {.struct_size = sizeof config};
    size_t needed = 0;
    CHECK(CALL(dnc_get_config(net, &config)) == DNC_OK);
    CHECK(config.num_threads == 1 && config.max_record_bytes == 0 && config.check_finite == 0);
    CHECK(CALL(dnc_estimate_bytes(&config, 2, 1, &needed)) == DNC_OK);
    if (needed < 1 << 20) {
        saved_is_loaded(net, optimizer);
        use(net, optimizer, &config);
    }
    dnc_free(net);
    dnc_optimizer_free(optimizer);

    /* The same file, while memory runs out or the disk breaks. */
    net = NULL;
    optimizer = (dnc_optimizer *)&file;
    if (data[size - 1] % 2) faults.allocation = data[size / 2] % allocations;
    else faults.system = data[size / 2] % systems;
    status = CALL(dnc_load(path, &net, &optimizer));
    CHECK(faults.hit && (status == DNC_OUT_OF_MEMORY || status == DNC_IO_ERROR));
    CHECK(net == NULL && optimizer == (dnc_optimizer *)&file);
    return 0;
}
