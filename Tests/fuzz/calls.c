/*
 * Sequences of calls of every function of the header, with right, borderline and wild arguments, on a few networks,
 * optimizers and tasks, while memory runs out and the disk fills now and then.
 *
 * After each call: what failed says why, has left its outputs and its instance as they were, to the last bit, and has
 * leaked nothing; what succeeded has written exactly what the header says, and knows what it did: counts, positions,
 * sizes. Networks whose parameters are finite give finite numbers. Files that were written can be read, and those that could
 * not be written are as they were before.
 *
 * The input is a program, a call a line: a letter says which, the bytes after it what with. Where there are none it is as if
 * they were 0, which is right and usual.
 */
#include "fuzz.h"

#include "../interface/pieces.h"

LARGEST_ALLOCATION(16)

enum { NETS = 3, OPTIMIZERS = 2, TASKS = 2, LARGEST_NET = 6 << 20, CALLS = 64, MOST_STEPS = 6 };

typedef struct {
    dnc *net;
    size_t recorded;
    /* The recorded steps have tokens. */
    int tokens;
    /* All that the present state has come from is finite. */
    int tame;
    /* The present state comes from one that was set, or read from a file. */
    int given;
    int training, backward;
    /* Whom it tells of its steps, if anybody; from which step on that one cancels. */
    int tells, cancels;
} network;

static network nets[NETS];
static dnc_optimizer *optimizers[OPTIMIZERS];
static uint64_t updates[OPTIMIZERS];
static dnc_task *tasks[TASKS];
/* Steps and number of the episodes that each has drawn last. */
static size_t drawn[TASKS], batches[TASKS];
static bytes input;
static char folder[256];

/* ------------------------------------------------------------------------------------ values -- */

static const float odd[] = {0, -0.0f, 1, -1, 0.5f, 1e-30f, 1e-45f, 1e30f, -3e38f, 100, NAN, INFINITY, -INFINITY, 1e10f, 2, 0.999f};

/* A number, mostly small. */
static float number(void) {
    uint8_t kind = byte(&input);
    return kind < 224 ? ((float)kind - 112) / 64 : odd[kind % 16];
}

/* `count` numbers from a few bytes: they repeat. */
static float *numbers(size_t count) {
    float *values = malloc(count * sizeof(float) + 1), some[5];
    for (int i = 0; i < 5; i++) some[i] = number();
    for (size_t i = 0; i < count; i++) values[i] = some[(i * 7 + i / 5) % 5];
    return values;
}

static int are_within(float bound, const float *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(values[i]) <= bound)) return 0;
    return 1;
}

static int is_small(const float *values, size_t count) { return are_within(2, values, count); }

static const uint32_t borders[] = {0, 1, 64, 65, 255, 257, 513, 65535, 65536, 65537, 1 << 20, INT32_MAX, 1u << 31, UINT32_MAX};
static const size_t wild[] = {0, SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / 2 + 1, (size_t)1 << 62, SIZE_MAX / 4, (size_t)1 << 40};

/* Mostly 1 to `usual`. */
static uint32_t size(uint32_t usual) {
    uint8_t kind = byte(&input);
    return kind < 240 ? 1 + kind % usual : borders[kind % (sizeof borders / sizeof *borders)];
}

static size_t some_size(size_t good) {
    uint8_t kind = byte(&input);
    return kind < 200 ? good : kind < 220 ? good + 1 : kind < 235 ? good - 1 : wild[kind % (sizeof wild / sizeof *wild)];
}

static int chance(int of) { return byte(&input) % of == of - 1; }

static const char *path(void) {
    static char paths[8][300];
    static const char *const names[] = {"a", "b", "c.png", "missing/d", "", ".", "a/b", "film.png"};
    uint8_t which = byte(&input) % 9;
    if (which == 8) return NULL;
    snprintf(paths[which], sizeof paths[which], "%s%s%s", folder, names[which][0] ? "/" : "", names[which]);
    return names[which][0] ? paths[which] : "";
}

/* Some allocation or system call of the next call fails, sometimes. */
static void maybe_break(void) {
    uint8_t kind = byte(&input);
    if (kind >= 224) faults.allocation = kind % 16;
    else if (kind >= 208) faults.system = kind % 16;
    else if (kind >= 192) faults.interrupts = 1;
}

/* ------------------------------------------------------------------------------------- state -- */

static dnc_config config_of(const dnc *net) {
    dnc_config config = {.struct_size = sizeof config};
    CHECK(dnc_get_config(net, &config) == DNC_OK);
    return config;
}

static float *scratch(void) {
    static float *room;
    if (room == NULL) room = malloc(4 * LARGEST_NET);
    return room;
}

/* All that can be asked of a network, as a hash. Asked often, so without CALL's checks. */
static uint64_t seen(dnc *net) {
    if (net == NULL) return 0;
    dnc_config c = config_of(net);
    size_t count = dnc_parameter_count(net), steps = dnc_recorded_steps(net);
    uint64_t hash = hash_bytes(steps, &c, sizeof c);
    hash = hash_bytes(hash, dnc_parameters(net), 4 * count);
    hash = hash_bytes(hash, dnc_gradients(net), 4 * count);
    for (uint32_t field = 0; field < FIELDS; field++) {
        size_t numbers = state_count(&c, field);
        if (!has_state(&c, field)) continue;
        CHECK(dnc_get_state(net, field, scratch(), numbers) == DNC_OK);
        hash = hash_bytes(hash, scratch(), 4 * numbers);
        dnc_status status = dnc_get_state_gradient(net, field, scratch(), numbers);
        CHECK(status == DNC_OK || status == DNC_INVALID_STATE);
        hash = status == DNC_OK ? hash_bytes(hash, scratch(), 4 * numbers) : hash + 1;
    }
    for (uint32_t field = 0; field < TRACES && steps > 0; field++) {
        size_t numbers = trace_count(&c, field, steps);
        if (!has_trace(&c, field)) continue;
        CHECK(dnc_get_trace(net, field, scratch(), numbers) == DNC_OK);
        hash = hash_bytes(hash, scratch(), 4 * numbers);
    }
    return hash;
}

static uint64_t seen_optimizer(const dnc_optimizer *optimizer) {
    dnc_optimizer_config config = {.struct_size = sizeof config};
    if (optimizer == NULL) return 0;
    CHECK(CALL(dnc_optimizer_get_config(optimizer, &config)) == DNC_OK);
    return hash_bytes(dnc_optimizer_step_count(optimizer), &config, sizeof config);
}

static int has_finite_parameters(const network *n) {
    return all_finite(dnc_parameters(n->net), dnc_parameter_count(n->net));
}

/* Where parameters are finite all numbers are, and usages are between 0 and 1. */
static void check_state(network *n) {
    dnc_config c = config_of(n->net);
    if (!has_finite_parameters(n)) n->tame = 0;
    if (!n->tame) return;
    for (uint32_t field = 0; field < FIELDS; field++) {
        size_t count = state_count(&c, field);
        if (!has_state(&c, field)) {
            CHECK(dnc_get_state(n->net, field, scratch(), count) == DNC_INVALID_ARGUMENT);
            continue;
        }
        CHECK(dnc_get_state(n->net, field, scratch(), count) == DNC_OK);
        CHECK(all_finite(scratch(), count));
        for (size_t i = 0; field == DNC_FIELD_USAGE && i < count; i++)
            CHECK(scratch()[i] >= 0 && scratch()[i] <= 1.00001f);
    }
}

static void drop(network *n) {
    dnc_free(n->net);
    memset(n, 0, sizeof *n);
}

/* Takes over a new network, unless it is too large to be looked at after each call. */
static void adopt(network *n, dnc *net) {
    size_t bytes = 0;
    dnc_config c = config_of(net);
    c.max_record_bytes = 0;
    if (CALL(dnc_estimate_bytes(&c, MOST_STEPS, 1, &bytes)) != DNC_OK || bytes > LARGEST_NET) {
        dnc_free(net);
        return;
    }
    drop(n);
    n->net = net;
}

/* One of the networks, or NULL. */
static network *some_net(void) {
    static network none;
    uint8_t which = byte(&input);
    if (which >= 250) {
        memset(&none, 0, sizeof none);
        return &none;
    }
    return &nets[which % NETS];
}

/* ------------------------------------------------------------------------------------ calls -- */

/* The variants of what was drawn so far. Seldom some that do not go together. */
static void vary(dnc_config *c) {
    uint8_t kind = byte(&input);
    int wild = byte(&input) % 32 == 31;
    c->controller_norm = kind & 1;
    c->interface_norm = kind >> 1 & 1;
    if ((kind & 0xC0) == 0xC0) c->memory = DNC_MEMORY_NTM;
    if (c->memory != DNC_MEMORY_DNC && !wild) return;
    c->content_masks = kind >> 2 & 1;
    c->deallocation = kind >> 3 & 1;
    c->temporal_links = (kind & 0x30) != 0x30;
    c->link_sharpening = (kind >> 4 & 1) && (c->temporal_links || wild);
    if (c->content_masks && kind & 0x40) c->mask_minimum = wild ? number() : 0.25f;
}

static void create(void) {
    network *n = &nets[below(&input, NETS)];
    dnc_config c;
    dnc *net = (dnc *)&c;
    CHECK(CALL(dnc_config_init(&c, sizeof c)) == DNC_OK);
    c.input_size = size(5);
    c.output_size = size(4);
    c.hidden_size = size(9);
    c.memory_slots = chance(8) ? size(96) : size(9);
    c.word_size = size(chance(8) ? 40 : 5);
    c.batch_size = size(3);
    uint8_t kind = byte(&input);
    c.controller = kind == 255 ? 4 : kind & 1;
    c.activation = kind == 254 ? 2 : kind >> 1 & 1;
    c.usage_gradient = kind == 253 ? 2 : kind >> 2 & 1;
    c.initial_state = (kind >> 3 & 3);
    if (c.initial_state == 3 && kind != 252) c.initial_state = 0;
    uint8_t more = byte(&input);
    c.read_heads = more & 3 ? more & 3 : 1;
    c.write_heads = more >> 2 & 3 ? more >> 2 & 3 : 1;
    c.num_layers = more >> 4 & 3 ? more >> 4 & 3 : 1;
    c.num_threads = more >> 6;
    if (chance(8)) c.initial_value = number();
    if (chance(8)) c.clip_value = number();
    if (chance(16)) c.read_heads = size(256), c.write_heads = size(64), c.num_layers = size(64);
    if (chance(16)) c.max_record_bytes = (uint64_t)1 << below(&input, 64);
    if (chance(32)) c.struct_size = below(&input, 2) ? word(&input) : byte(&input);
    c.seed = byte(&input);
    c.check_finite = byte(&input) % 64 == 63 ? word(&input) : byte(&input) % 4 == 3;
    uint8_t scaled = byte(&input);
    if (scaled & 1) c.input_scale = number();
    if (scaled & 2) c.interface_scale = number();
    if (scaled & 4) c.controller += 2;
    if ((scaled & 24) == 24) c.memory = DNC_MEMORY_NONE;
    if (scaled & 32) vary(&c);

    size_t estimate = 0;
    dnc_status status = CALL(dnc_estimate_bytes(&c, 0, 0, &estimate));
    if (status != DNC_OK) CHECK(estimate == 0);
    maybe_break();
    dnc_status created = CALL(dnc_create(&c, &net));
    CHECK(status == DNC_OK || created == status);
    if (created != DNC_OK) {
        CHECK(net == (dnc *)&c);
        CHECK(created == DNC_INVALID_ARGUMENT || (created == DNC_OUT_OF_MEMORY && (faults.hit || faults.largest > largest_allocation)));
        return;
    }
    /* The names of the parameters, threads and handles come on top. */
    CHECK(faults.total <= estimate + (32 << 10) && faults.total + 4096 >= estimate);
    adopt(n, net);
    if (n->net == net) {
        n->tame = 1;
        check_state(n);
    }
}

static void clone_net(void) {
    network *from = some_net(), *to = &nets[below(&input, NETS)];
    uint32_t sharing = chance(16) ? word(&input) : below(&input, 2);
    dnc *copy = (dnc *)&input;
    uint64_t before = seen(from->net);
    maybe_break();
    dnc_status status = CALL(dnc_clone(from->net, sharing, chance(64) ? NULL : &copy));
    CHECK(seen(from->net) == before);
    if (status != DNC_OK) {
        CHECK(copy == (dnc *)&input);
        return;
    }
    CHECK(dnc_recorded_steps(copy) == 0 && dnc_parameter_count(copy) == dnc_parameter_count(from->net));
    CHECK((dnc_parameters(copy) == dnc_parameters(from->net)) == (sharing == DNC_CLONE_SHARE_PARAMETERS));
    network made = {.net = copy, .tame = from->tame, .given = from->given, .training = from->training};
    drop(to);
    *to = made;
}

static void get_config(void) {
    network *n = some_net();
    uint32_t room = chance(4) ? below(&input, 120) + 4 : sizeof(dnc_config);
    dnc_config *c = patterned(room);
    uint32_t said = chance(16) ? word(&input) : room;
    memcpy(c, &said, 4);
    if (said > room && said <= sizeof *c) said = room, memcpy(c, &said, 4);
    dnc_status status = CALL(dnc_get_config(n->net, c));
    CHECK((status == DNC_OK) == (n->net && said >= 4 && said <= sizeof *c));
    if (status != DNC_OK) CHECK(is_patterned((char *)c + 4, room - 4));
    free(c);
    size_t init = some_size(sizeof(dnc_config));
    if (init > sizeof(dnc_config) || chance(2)) {
        c = patterned(init > sizeof *c ? 1 : init + 1);
        status = CALL(dnc_config_init(c, init));
        CHECK((status == DNC_OK) == (init >= 4 && init <= sizeof *c));
        if (status == DNC_OK) CHECK(((uint8_t *)c)[init] == 0xa5);
        free(c);
    }
}

static void estimate(void) {
    network *n = some_net();
    if (n->net == NULL) return;
    dnc_config c = config_of(n->net);
    size_t steps = chance(2) ? wild[byte(&input) % 7] : byte(&input), bytes = 77;
    dnc_status status = CALL(dnc_estimate_bytes(&c, steps, below(&input, 2), chance(32) ? NULL : &bytes));
    if (status != DNC_OK) CHECK(bytes == 77);
}

/* A call that changes a network or fails. */
static void change(network *n, dnc_status status, uint64_t before) {
    if (status != DNC_OK) {
        CHECK(seen(n->net) == before);
        return;
    }
    CHECK(n->net);
    CHECK(dnc_recorded_steps(n->net) == n->recorded);
    check_state(n);
}

static void resize(void) {
    network *n = some_net();
    uint64_t before = seen(n->net);
    int slots = below(&input, 2);
    uint32_t count = slots ? size(40) : size(4);
    if (n->net == NULL && count > 1000) return;
    if (n->net) {
        dnc_config c = config_of(n->net);
        size_t bytes = 0;
        if (slots) c.memory_slots = count;
        else c.batch_size = count;
        c.max_record_bytes = 0;
        /* Smaller than the largest allocation but too large to look at: not now. */
        if (CALL(dnc_estimate_bytes(&c, MOST_STEPS, 1, &bytes)) == DNC_OK && bytes > LARGEST_NET) {
            c.struct_size = sizeof c;
            if (CALL(dnc_estimate_bytes(&c, 0, 0, &bytes)) != DNC_OK || bytes <= largest_allocation) return;
        }
    }
    maybe_break();
    dnc_status status = CALL(slots ? dnc_set_memory_slots(n->net, count) : dnc_set_batch_size(n->net, count));
    if (status == DNC_OK) n->recorded = 0, n->backward = 0, n->given = 0, n->tame = has_finite_parameters(n);
    change(n, status, before);
    if (status == DNC_OK) {
        dnc_config c = config_of(n->net);
        CHECK((slots ? c.memory_slots : c.batch_size) == count);
    }
}

static void simple(void) {
    network *n = some_net();
    uint64_t before = seen(n->net);
    dnc_status status;
    maybe_break();
    switch (below(&input, 5)) {
    case 0:
        status = CALL(dnc_set_training(n->net, 1));
        if (status == DNC_OK) n->training = 1;
        break;
    case 1:
        status = CALL(dnc_set_training(n->net, 0));
        if (status == DNC_OK) n->training = 0, n->recorded = 0;
        break;
    case 2:
        status = CALL(dnc_reset(n->net));
        if (status == DNC_OK) n->recorded = 0, n->given = 0, n->tame = has_finite_parameters(n);
        break;
    case 3:
        status = CALL(dnc_detach(n->net));
        if (status == DNC_OK) n->recorded = 0;
        break;
    default: status = CALL(dnc_parameters_changed(n->net)); break;
    }
    CHECK((status == DNC_OK) == (n->net != NULL));
    change(n, status, before);
}

static size_t told;

static int progress(void *context, size_t done, size_t total) {
    const network *n = context;
    CHECK(n >= nets && n < nets + NETS && n->tells);
    CHECK(done >= 1 && done <= total && done >= told);
    told = done;
    return n->cancels && done >= (size_t)n->cancels;
}

static void tell(void) {
    network *n = some_net();
    int tells = !chance(4);
    CHECK((CALL(dnc_set_progress(n->net, tells ? progress : NULL, n)) == DNC_OK) == (n->net != NULL));
    n->tells = tells;
    n->cancels = tells && chance(2) ? 1 + (int)below(&input, 8) : 0;
}

static void drop_out(void) {
    network *n = some_net();
    float rate = chance(4) ? number() : byte(&input) % 4 * 0.25f;
    uint64_t before = seen(n->net);
    maybe_break();
    dnc_status status = CALL(dnc_set_bypass_dropout(n->net, rate, byte(&input)));
    if (n->recorded > 0 || !(rate >= 0 && rate < 1)) CHECK(status != DNC_OK);
    if (n->net) change(n, status, before);
}

static void forward(void) {
    network *n = some_net();
    if (n->net == NULL) {
        float value = 0;
        CHECK(CALL(dnc_step(NULL, &value, &value)) == DNC_INVALID_ARGUMENT);
        CHECK(CALL(dnc_forward(NULL, 1, &value, &value)) == DNC_INVALID_ARGUMENT);
        CHECK(CALL(dnc_step_tokens(NULL, (const int32_t[]){0}, &value)) == DNC_INVALID_ARGUMENT);
        CHECK(CALL(dnc_forward_tokens(NULL, 1, (const int32_t[]){0}, NULL, &value)) == DNC_INVALID_ARGUMENT);
        return;
    }
    dnc_config c = config_of(n->net);
    int single = chance(2);
    size_t steps = single ? 1 : 1 + below(&input, MOST_STEPS), x = c.batch_size * c.input_size, y = c.batch_size * c.output_size;
    if (n->recorded + steps > 3 * MOST_STEPS) return;
    if (!has_finite_parameters(n)) n->tame = 0;
    uint64_t before = seen(n->net);
    float *inputs = numbers(steps * x), *outputs = patterned(4 * steps * y), *again = malloc(4 * steps * y);
    size_t said = steps;
    /* What no buffer can have, or no record. */
    if (!single && chance(8)) said = wild[below(&input, n->training ? 7 : 3)];
    dnc *twin = NULL;
    if (chance(2) && CALL(dnc_clone(n->net, DNC_CLONE_COPY, &twin)) != DNC_OK) twin = NULL;
    maybe_break();
    int broken = faults.allocation >= 0;
    told = 0;
    uint8_t *starts = !single && chance(3) ? calloc(steps, c.batch_size) : NULL;
    for (size_t i = 0; starts && i < steps * c.batch_size; i++) starts[i] = chance(4);
    size_t count = steps * c.batch_size;
    int32_t *tokens = chance(3) ? malloc(count * sizeof *tokens) : NULL;
    int wrong = 0, other = n->recorded > 0 && n->tokens != (tokens != NULL);
    for (size_t i = 0; tokens && i < count; i++) {
        tokens[i] = chance(64) ? (int32_t)word(&input) : (int32_t)below(&input, c.input_size + 1) - 1;
        int is_good = tokens[i] >= -1 && tokens[i] < (int64_t)c.input_size;
        wrong |= !is_good;
        for (size_t j = 0; j < c.input_size; j++) inputs[i * c.input_size + j] = (int64_t)j == tokens[i];
    }
    dnc_status status = CALL(tokens   ? single ? dnc_step_tokens(n->net, tokens, outputs)
                                               : dnc_forward_tokens(n->net, said, tokens, starts, outputs)
                             : single ? dnc_step(n->net, inputs, outputs)
                             : starts ? dnc_forward_packed(n->net, said, inputs, starts, outputs)
                                      : dnc_forward(n->net, said, inputs, outputs));
    if (status == DNC_OK) {
        CHECK(said == steps && all_finite(inputs, steps * x) && !wrong && !other);
        if (n->training) n->recorded += steps, n->tokens = tokens != NULL;
        if (n->tame || c.check_finite) CHECK(all_finite(outputs, steps * y));
    } else {
        CHECK(is_patterned(outputs, 4 * steps * y));
        CHECK(status != DNC_CANCELLED || n->cancels);
        if (said == steps && status != DNC_CANCELLED)
            CHECK(other ? status == DNC_INVALID_STATE
                        : status == DNC_NOT_FINITE || (status == DNC_INVALID_ARGUMENT && wrong) ||
                              (status == DNC_OUT_OF_MEMORY && (broken || c.max_record_bytes)));
        if (status == DNC_NOT_FINITE && n->tame) CHECK(!all_finite(inputs, steps * x));
    }
    change(n, status, before);
    /* Step by step, and without a record, the same. */
    if (status == DNC_OK && twin && n->tame) {
        CHECK(CALL(dnc_set_training(twin, 0)) == DNC_OK);
        for (size_t t = 0; t < steps; t++) {
            if (starts) CHECK(CALL(dnc_reset_sequences(twin, starts + t * c.batch_size)) == DNC_OK);
            CHECK(CALL(dnc_step(twin, inputs + t * x, again + t * y)) == DNC_OK);
        }
        /* Where tokens skip products with zeros, a zero may have another sign. */
        for (size_t i = 0; tokens && i < steps * y; i++) again[i] = again[i] == outputs[i] ? outputs[i] : again[i];
        CHECK(memcmp(outputs, again, 4 * steps * y) == 0);
    }
    dnc_free(twin);
    free(inputs);
    free(outputs);
    free(again);
    free(starts);
    free(tokens);
}

static void backward(void) {
    network *n = some_net();
    float none = 0;
    if (n->net == NULL) {
        CHECK(CALL(dnc_backward(NULL, &none, NULL)) == DNC_INVALID_ARGUMENT);
        return;
    }
    dnc_config c = config_of(n->net);
    size_t x = n->recorded * c.batch_size * c.input_size, y = n->recorded * c.batch_size * c.output_size;
    float *gradients = numbers(y), *found = patterned(4 * x + 1);
    int wants = below(&input, 2);
    uint64_t before = seen(n->net);
    maybe_break();
    told = 0;
    dnc_status status = CALL(dnc_backward(n->net, chance(32) ? NULL : gradients, wants ? found : NULL));
    CHECK(((uint8_t *)found)[4 * x] == 0xa5);
    if (status == DNC_OK) {
        CHECK(n->recorded > 0 && all_finite(gradients, y));
        n->recorded = 0, n->backward = 1;
        /* Gradients have no bound of their own: not where inputs or a state have led to a memory of 10^35. */
        size_t memory = has_state(&c, DNC_FIELD_MEMORY) ? state_count(&c, DNC_FIELD_MEMORY) : 0;
        if (memory > 0) CHECK(CALL(dnc_get_state(n->net, DNC_FIELD_MEMORY, scratch(), memory)) == DNC_OK);
        if (wants && n->tame && is_small(dnc_parameters(n->net), dnc_parameter_count(n->net)) && is_small(gradients, y) &&
            are_within(1e6f, scratch(), memory))
            CHECK(all_finite(found, x));
    } else {
        CHECK(is_patterned(found, 4 * x));
        if (status == DNC_CANCELLED) CHECK(n->cancels);
        else if (status == DNC_OUT_OF_MEMORY) CHECK(faults.hit);
        else CHECK(status == DNC_INVALID_ARGUMENT || status == (n->recorded ? DNC_NOT_FINITE : DNC_INVALID_STATE));
    }
    change(n, status, before);
    free(gradients);
    free(found);
}

/* From now on, for all who may share them: else a network would go on with those that it has read, and its clone with these. */
static void tell_of_parameters(void) {
    for (int i = 0; i < NETS; i++)
        if (nets[i].net) CHECK(CALL(dnc_parameters_changed(nets[i].net)) == DNC_OK);
}

static void parameters(void) {
    network *n = some_net();
    size_t count = dnc_parameter_count(n->net);
    if (n->net == NULL) {
        CHECK(count == 0 && dnc_parameters(NULL) == NULL && dnc_gradients(NULL) == NULL && dnc_tensor_count(NULL) == 0);
        CHECK(dnc_recorded_steps(NULL) == 0);
        return;
    }
    dnc_tensor t = {.struct_size = chance(16) ? byte(&input) : sizeof t};
    size_t index = some_size(below(&input, (uint32_t)dnc_tensor_count(n->net)));
    dnc_status status = CALL(dnc_tensor_at(n->net, index, &t));
    if (t.struct_size == sizeof t) CHECK((status == DNC_OK) == (index < dnc_tensor_count(n->net)));
    if (status == DNC_OK && t.struct_size == sizeof t) {
        size_t numbers_in = t.shape[0] * t.shape[1] * t.shape[2] * t.shape[3];
        CHECK(t.values >= dnc_parameters(n->net) && t.values + numbers_in <= dnc_parameters(n->net) + count);
        CHECK(t.gradients - dnc_gradients(n->net) == t.values - dnc_parameters(n->net) && t.name[0]);
        if (chance(2)) {
            float *some = numbers(numbers_in);
            memcpy(chance(2) ? t.values : t.gradients, some, 4 * numbers_in);
            free(some);
        }
    }
    if (chance(8)) {
        float value = number();
        for (size_t i = 0; i < count; i++) dnc_parameters(n->net)[i] = value;
    }
    tell_of_parameters();
    if (chance(4)) {
        CHECK(CALL(dnc_zero_gradients(n->net)) == DNC_OK);
        CHECK(is_small(dnc_gradients(n->net), count));
    }
}

static void state(void) {
    network *n = some_net();
    uint32_t field = chance(16) ? word(&input) : below(&input, 10);
    dnc_config c = {0};
    if (n->net) c = config_of(n->net);
    uint64_t before = seen(n->net);
    int kind = (int)below(&input, 5), is_trace = kind >= 3;
    if (is_trace && field > DNC_TRACE_READ_MODES && field < TRACES) field += below(&input, TRACES - 6);
    size_t count = is_trace ? trace_count(&c, field, kind == 3 ? n->recorded : 1) : state_count(&c, field);
    size_t said = some_size(count);
    if (said > count && kind == 1 && said < 1 << 20) said = count; /* else the library may well read them */
    float *values = kind == 1 ? numbers(count) : patterned(4 * count);
    dnc_status status;
    if (kind == 0) status = CALL(dnc_get_state(n->net, field, values, said));
    else if (kind == 1) status = CALL(dnc_set_state(n->net, field, values, said));
    else if (kind == 2) status = CALL(dnc_get_state_gradient(n->net, field, values, said));
    else if (kind == 3) status = CALL(dnc_get_trace(n->net, field, values, said));
    else status = CALL(dnc_get_last_trace(n->net, field, values, said));
    if (status == DNC_OK) {
        CHECK(said == count && n->net && (is_trace ? has_trace(&c, field) : has_state(&c, field)));
        if (kind == 1) {
            CHECK(all_finite(values, count) && n->recorded == 0);
            n->given = 1;
            /* Weightings and links that are none may lead anywhere; the other pieces may be anything. */
            int is_any = field == DNC_FIELD_MEMORY || field >= DNC_FIELD_READ_VECTORS;
            for (size_t i = 0; i < count; i++)
                if (!is_any && !(values[i] >= 0 && values[i] <= 1)) n->tame = 0;
        }
        if (kind == 2) CHECK(n->backward);
        if (kind == 3) CHECK(n->recorded > 0);
    } else if (kind != 1) {
        CHECK(is_patterned(values, 4 * count));
    }
    if (kind != 1 || status != DNC_OK) CHECK(seen(n->net) == before);
    free(values);
}

/* States as rows, and their gradients. */
static void state_rows(void) {
    network *n = some_net();
    size_t size = 0, batch = n->net ? config_of(n->net).batch_size : 0;
    CHECK(CALL(dnc_state_size(n->net, &size)) == (n->net ? DNC_OK : DNC_INVALID_ARGUMENT));
    size_t first = below(&input, 2), good = batch > first ? batch - first : 0, count = some_size(good);
    uint64_t before = seen(n->net);
    int kind = (int)below(&input, 5), writes = kind >= 2;
    if (kind == 4) {
        uint8_t which[256] = {0};
        for (size_t b = 0; b < batch && b < sizeof which; b++) which[b] = chance(2);
        maybe_break();
        dnc_status reset = batch > sizeof which ? DNC_OK : CALL(dnc_reset_sequences(n->net, which));
        if (reset != DNC_OK) CHECK(seen(n->net) == before && (n->net == NULL || reset == DNC_OUT_OF_MEMORY));
        return;
    }
    if (writes && count > good && count < 1 << 20) count = good; /* else the library may well read them */
    float *rows = writes ? numbers(good * size) : patterned(4 * good * size);
    dnc_status status;
    maybe_break();
    if (kind == 0) status = CALL(dnc_get_state_rows(n->net, first, count, rows));
    else if (kind == 1) status = CALL(dnc_get_state_gradient_rows(n->net, first, count, rows));
    else if (kind == 2) status = CALL(dnc_set_state_rows(n->net, first, count, rows));
    else status = CALL(dnc_set_final_state_gradient(n->net, first, count, rows));
    if (status == DNC_OK) {
        CHECK(n->net && count <= good);
        if (kind == 1) CHECK(n->backward);
        if (kind == 2) CHECK(n->recorded == 0);
        if (kind == 2) n->given = 1;
        if (kind == 3) CHECK(n->recorded > 0);
        /* Weightings that are none may lead anywhere. */
        for (size_t i = 0; kind == 2 && i < count * size; i++) n->tame = n->tame && rows[i] >= 0 && rows[i] <= 1;
        if (kind == 3) n->tame = 0;
    } else if (!writes) {
        CHECK(is_patterned(rows, 4 * good * size));
    }
    if (kind != 2 || status != DNC_OK) CHECK(seen(n->net) == before);
    free(rows);
}

static void loss(void) {
    size_t steps = 1 + below(&input, 4), batch = 1 + below(&input, 3), width = 1 + below(&input, 8), rows = steps * batch;
    uint32_t kind = chance(8) ? word(&input) : below(&input, 4);
    if (kind == 3) kind = DNC_LOSS_GROUPED(1 + below(&input, 9));
    float *outputs = numbers(rows * width), *targets = numbers(rows * width), *mask = numbers(rows);
    float *gradients = patterned(4 * rows * width);
    /* Half of the time what every loss takes: shares of one, and weights. */
    if (mask[0] > 0)
        for (size_t i = 0; i < rows * width; i++) {
            size_t group = kind >> 8 ? kind >> 8 : width;
            if (fabsf(targets[i]) <= 1e30f) targets[i] = 1 / (float)group;
            if (i < rows) mask[i] = fabsf(mask[i]);
        }
    double value = -77;
    size_t said = chance(8) ? wild[below(&input, 3)] : steps;
    int32_t classes[12];
    for (size_t r = 0; r < rows; r++) classes[r] = chance(32) ? (int32_t)word(&input) : (int32_t)below(&input, width + 1) - 1;
    float smoothing = chance(2) ? 0 : fabsf(targets[0]);
    const float *weights = chance(2) ? mask : NULL;
    dnc_status status =
        chance(3) ? CALL(dnc_loss_evaluate_classes(smoothing, said, batch, width, outputs, classes, weights, &value, gradients))
                  : CALL(dnc_loss_evaluate(kind, said, batch, width, outputs, targets, weights, &value, gradients));
    if (status == DNC_OK) {
        if (is_small(outputs, rows * width) && is_small(targets, rows * width) && is_small(mask, rows)) {
            CHECK(isfinite(value) && all_finite(gradients, rows * width));
        }
    } else {
        CHECK(value == -77 && is_patterned(gradients, 4 * rows * width));
    }
    free(outputs);
    free(targets);
    free(mask);
    free(gradients);
}

static void optimize(void) {
    network *n = some_net();
    uint32_t which = below(&input, OPTIMIZERS + 1);
    dnc_optimizer *optimizer = which < OPTIMIZERS ? optimizers[which] : NULL;
    uint64_t before = seen(n->net), before_optimizer = seen_optimizer(optimizer);
    float norm = -77;
    maybe_break();
    dnc_status status = CALL(dnc_optimizer_step(optimizer, n->net, chance(4) ? NULL : &norm));
    if (status == DNC_OK) {
        CHECK(optimizer && n->net && dnc_optimizer_step_count(optimizer) == ++updates[which]);
        CHECK(isfinite(norm) && all_finite(dnc_parameters(n->net), dnc_parameter_count(n->net)));
    } else {
        CHECK(norm == -77 && seen_optimizer(optimizer) == before_optimizer);
        CHECK(status == DNC_NOT_FINITE || status == DNC_INVALID_ARGUMENT);
        CHECK(seen(n->net) == before);
    }
}

static void optimizer_create(void) {
    network *n = some_net();
    uint32_t which = below(&input, OPTIMIZERS);
    dnc_optimizer_config c;
    dnc_optimizer *made = (dnc_optimizer *)&c;
    CHECK(CALL(dnc_optimizer_config_init(&c, sizeof c)) == DNC_OK);
    c.algorithm = below(&input, 5);
    for (int i = 0; i < 3; i++) {
        float *fields[] = {&c.learning_rate, &c.momentum, &c.decay, &c.beta1, &c.beta2, &c.epsilon, &c.weight_decay, &c.max_gradient_norm};
        uint8_t field = byte(&input);
        if (field < 128) *fields[field % 8] = number();
    }
    if (chance(32)) c.struct_size = byte(&input);
    if (chance(2)) {
        uint64_t before = seen_optimizer(optimizers[which]);
        dnc_status status = CALL(dnc_optimizer_set_config(optimizers[which], &c));
        if (status != DNC_OK) CHECK(seen_optimizer(optimizers[which]) == before);
        return;
    }
    uint64_t before = seen(n->net);
    maybe_break();
    dnc_status status = CALL(dnc_optimizer_create(n->net, &c, &made));
    CHECK(seen(n->net) == before);
    if (status != DNC_OK) {
        CHECK(made == (dnc_optimizer *)&c && (status == DNC_INVALID_ARGUMENT || faults.hit));
        return;
    }
    dnc_optimizer_free(optimizers[which]);
    optimizers[which] = made;
    updates[which] = 0;
    CHECK(dnc_optimizer_step_count(made) == 0 && dnc_optimizer_step_count(NULL) == 0);
}

/* ------------------------------------------------------------------------------------- files -- */

/* What lies in the folder, as a hash. */
static uint64_t files(void) {
    uint64_t hash = 0;
    DIR *open_folder = opendir(folder);
    for (struct dirent *entry; (entry = readdir(open_folder)) != NULL;) {
        char name[600];
        size_t length = 0;
        snprintf(name, sizeof name, "%s/%s", folder, entry->d_name);
        CHECK(strstr(entry->d_name, ".partial") == NULL);
        uint8_t *data = entry->d_name[0] == '.' ? NULL : read_file(name, &length);
        hash += hash_bytes(hash_bytes(1, entry->d_name, strlen(entry->d_name)), data, data ? length : 0);
        free(data);
    }
    closedir(open_folder);
    return hash;
}

static void save(void) {
    network *n = some_net();
    uint32_t which = below(&input, OPTIMIZERS + 1);
    dnc_optimizer *optimizer = which < OPTIMIZERS ? optimizers[which] : NULL;
    const char *place = path();
    uint32_t flags = below(&input, 2);
    int in_memory = chance(2);
    uint8_t *bytes = NULL;
    size_t count = 0;
    uint64_t before = seen(n->net), before_files = files();
    maybe_break();
    dnc_status status = in_memory ? CALL(dnc_checkpoint_encode(n->net, optimizer, flags, &bytes, &count))
                        : flags   ? CALL(dnc_checkpoint_write(place, n->net, optimizer, flags))
                                  : CALL(dnc_save(n->net, optimizer, place));
    CHECK(seen(n->net) == before);
    CHECK(has_finite_parameters(n) || status != DNC_OK);
    if (status != DNC_OK || in_memory) CHECK(files() == before_files);
    if (status != DNC_OK) {
        CHECK(bytes == NULL && count == 0);
        return;
    }
    dnc *again = (dnc *)&input;
    dnc_optimizer *its = (dnc_optimizer *)&input;
    maybe_break();
    dnc_optimizer **wanted = chance(4) ? NULL : &its;
    status = in_memory ? CALL(dnc_checkpoint_decode(bytes, count, &again, wanted)) : CALL(dnc_load(place, &again, wanted));
    dnc_buffer_free(bytes);
    if (status != DNC_OK) {
        /* A state may have been given that is a little outside of what is allowed. */
        CHECK((faults.hit || (flags && n->given)) && again == (dnc *)&input && its == (dnc_optimizer *)&input);
        return;
    }
    dnc_config one = config_of(n->net), two = config_of(again);
    one.num_threads = 1;
    one.max_record_bytes = one.check_finite = 0;
    CHECK(memcmp(&one, &two, sizeof one) == 0);
    CHECK(memcmp(dnc_parameters(n->net), dnc_parameters(again), 4 * dnc_parameter_count(again)) == 0);
    if (its != (dnc_optimizer *)&input) {
        CHECK((its == NULL) == (optimizer == NULL) && seen_optimizer(its) == seen_optimizer(optimizer));
        dnc_optimizer_free(its);
    }
    dnc_free(again);
}

/* What belongs to the process; parameters and gradients of two networks. */
static void two_networks(void) {
    network *n = some_net(), *m = some_net();
    uint64_t before = seen(n->net);
    int kind = (int)below(&input, 5);
    uint32_t number = chance(16) ? word(&input) : below(&input, 4);
    maybe_break();
    dnc_status status = kind == 0   ? CALL(dnc_copy_parameters(n->net, m->net))
                        : kind == 1 ? CALL(dnc_add_gradients(n->net, m->net))
                        : kind == 2 ? CALL(dnc_set_num_threads(n->net, number))
                        : kind == 3 ? CALL(dnc_set_check_finite(n->net, number))
                                    : CALL(dnc_set_max_record_bytes(n->net, (uint64_t)number << 18));
    if (status != DNC_OK) CHECK(seen(n->net) == before);
    if (status != DNC_OK || !n->net) return;
    if (kind <= 1) {
        CHECK(n->net != m->net && dnc_parameter_count(n->net) == dnc_parameter_count(m->net));
        n->tame = n->tame && m->tame;
        tell_of_parameters();
    }
    if (kind == 2 || kind == 4) {
        CHECK(n->recorded == 0);
        n->backward = 0;
    }
}

static void load(void) {
    const char *place = path();
    dnc *net = (dnc *)&input;
    dnc_optimizer *optimizer = (dnc_optimizer *)&input;
    maybe_break();
    dnc_status status = CALL(dnc_load(place, &net, &optimizer));
    if (status != DNC_OK) {
        CHECK(net == (dnc *)&input && optimizer == (dnc_optimizer *)&input);
        return;
    }
    network *n = &nets[below(&input, NETS)];
    adopt(n, net);
    n->given = 1;
    dnc_optimizer_free(optimizer);
}

/* ---------------------------------------------------------------------------------- pictures -- */

static void picture(void) {
    uint32_t what = below(&input, 5);
    static const char *const titles[] = {NULL, "", "A title", "\xce\xb1\xce\xb2 \xe2\x88\x91 \xff\xc3", "\xf0\x9f\x98\x80\xe2\x82", "a\nb\tc\x7f"};
    static char longest[3000];
    memset(longest, 'w', sizeof longest - 1);
    network *n = some_net();
    dnc_config c = {.batch_size = 1, .input_size = 1, .output_size = 1};
    if (n->net) c = config_of(n->net);
    dnc_image_options *look = malloc(sizeof *look);
    CHECK(CALL(dnc_image_options_init(look, sizeof *look)) == DNC_OK);
    uint8_t kind = byte(&input), more = byte(&input);
    look->colormap = kind & 3;
    look->theme = kind >> 2 & 1;
    look->flags = kind >> 3;
    if (chance(4)) look->flags = chance(4) ? word(&input) : 0;
    look->cell_pixels = chance(2) ? 0 : size(12);
    look->pixel_scale = chance(8) ? below(&input, 10) : below(&input, 3);
    if (chance(8)) look->colormap = word(&input), look->theme = byte(&input), look->loss = word(&input);
    if (chance(4)) look->panels = word(&input) & 2047;
    if (chance(4)) look->loss = chance(2) ? below(&input, 5) : DNC_LOSS_GROUPED(1 + below(&input, 5));
    if (chance(4)) look->minimum = number();
    if (chance(4)) look->maximum = number();
    uint8_t title = more & 7;
    look->title = title < 6 ? titles[title] : longest;
    look->row_label = titles[(more >> 3) % 6];
    look->column_label = titles[(more >> 5) % 6];
    if (chance(16)) look->struct_size = below(&input, 130);
    size_t steps = chance(2) ? n->recorded : 1 + below(&input, 4), said = chance(8) ? some_size(steps) : steps;
    if (said > steps && said < 1 << 22) said = steps;
    size_t index = some_size(below(&input, c.batch_size)), room = steps * c.batch_size;
    float *in = numbers(room * c.input_size), *target = numbers(room * c.output_size), *out = numbers(room * c.output_size);
    float *mask = numbers(room);
    if (chance(2)) look->mask = mask;
    uint64_t before = seen(n->net), before_files = files();
    uint8_t *png = (uint8_t *)look;
    size_t length = 77;
    const char *place = NULL;
    int writes = chance(3);
    if (writes) place = path();
    const dnc_image_options *options = chance(8) ? NULL : look;
    dnc_status status;
    switch (what) {
    case 0: {
        size_t rows = 1 + below(&input, 20), columns = 1 + below(&input, 20);
        float *values = numbers(rows * columns);
        /* Sides and areas that are refused before a number is read. */
        if (chance(8)) rows = below(&input, 2) ? wild[byte(&input) % 7] : 1000001;
        if (chance(16)) columns = rows = 20000;
        maybe_break();
        status = CALL(writes ? dnc_image_write(place, rows, columns, values, options)
                             : dnc_image_encode(rows, columns, values, options, &png, &length));
        free(values);
        break;
    }
    case 1: {
        const float *a = chance(4) ? NULL : in, *b = chance(4) ? NULL : target, *d = chance(4) ? NULL : out;
        maybe_break();
        status = CALL(writes ? dnc_episode_image_write(place, n->net, index, said, a, b, d, options)
                             : dnc_episode_image_encode(n->net, index, said, a, b, d, options, &png, &length));
        break;
    }
    case 2: {
        size_t step = chance(2) ? DNC_STEP_NOW : some_size(below(&input, (uint32_t)n->recorded + 1));
        maybe_break();
        status = CALL(writes ? dnc_state_image_write(place, n->net, index, step, options)
                             : dnc_state_image_encode(n->net, index, step, options, &png, &length));
        break;
    }
    case 3: {
        size_t first = below(&input, (uint32_t)n->recorded + 1), count = some_size(n->recorded - first);
        uint32_t delay = chance(8) ? word(&input) : 1 + byte(&input);
        maybe_break();
        status = CALL(writes ? dnc_film_write(place, n->net, index, first, count, delay, options)
                             : dnc_film_encode(n->net, index, first, count, delay, options, &png, &length));
        break;
    }
    default: {
        size_t rows = 1 + below(&input, 6), columns = 1 + below(&input, 6);
        uint32_t *slots = malloc(4 * rows), *lengths = malloc(4 * columns);
        float *scores = numbers(rows * columns);
        for (size_t i = 0; i < rows; i++) slots[i] = (i ? slots[i - 1] : 0) + size(20);
        for (size_t i = 0; i < columns; i++) lengths[i] = (i ? lengths[i - 1] : 0) + size(20);
        for (size_t i = 0; i < rows * columns; i++) scores[i] = chance(8) ? scores[i] : fabsf(scores[i]) / 2;
        maybe_break();
        size_t said_rows = chance(16) ? wild[byte(&input) % 7] : rows;
        status = CALL(writes ? dnc_capacity_image_write(place, said_rows, columns, scores, slots, lengths, options)
                             : dnc_capacity_image_encode(said_rows, columns, scores, slots, lengths, options, &png, &length));
        free(slots);
        free(lengths);
        free(scores);
    }
    }
    CHECK(seen(n->net) == before);
    if (writes) CHECK(png == (uint8_t *)look);
    if (status == DNC_OK && !writes) {
        CHECK(length > 57 && memcmp(png, "\x89PNG\r\n\x1a\n", 8) == 0 && memcmp(png + length - 8, "IEND", 4) == 0);
        dnc_buffer_free(png);
    } else if (status != DNC_OK) {
        CHECK(png == (uint8_t *)look && length == 77);
        /* A film of several files has written over those that were there. */
        if (!(look->flags & DNC_IMAGE_NUMBERED_FILES)) CHECK(files() == before_files);
    }
    free(look);
    free(in);
    free(target);
    free(out);
    free(mask);
}

/* ------------------------------------------------------------------------------------- tasks -- */

static void task_create(void) {
    static const char *const names[] = {"copy", "repeat_copy", "associative_recall", "key_value", "graph_traversal",
                                        "shortest_path", "graph_inference", "mini_shrdlu", "babi", "", "paste"};
    static const char *const options[] = {
        "width=2,max_length=3", "mask=all,width=3", "width=3,max_length=2,max_repeats=2", "width=2,words=1,max_blocks=3",
        "width=3,max_pairs=3,query=both", "nodes=3-5,out_degree=2,path=1-2", "nodes=5,path=1-2,planning=1,beta=0.5",
        "nodes=6,relation=2,queries=2,planning=0", "goals=1,blocks=3,constraints=1,depth=1", "folder=.", "=", "width",
        "max_length=1000000", "nodes=100,out_degree=20", ""};
    uint32_t which = below(&input, TASKS);
    const char *name = names[below(&input, 11)], *text = chance(8) ? NULL : options[below(&input, 15)];
    dnc_task *made = (dnc_task *)&input;
    uint64_t seed = chance(4) ? UINT64_MAX : byte(&input);
    maybe_break();
    dnc_status status = CALL(dnc_task_create(chance(64) ? NULL : name, text, seed, chance(64) ? NULL : &made));
    if (status != DNC_OK || made == (dnc_task *)&input) {
        CHECK(made == (dnc_task *)&input);
        return;
    }
    dnc_task_free(tasks[which]);
    tasks[which] = made;
    drawn[which] = 0;
    CHECK(dnc_task_position(made) == 0 && dnc_task_lesson_count(made) == 1 && dnc_task_metric_count(made) > 0);
}

/* What can be asked of a task that is not interactive and of no great size, as a hash. */
static uint64_t seen_task(dnc_task *task, size_t *steps, size_t batch) {
    uint32_t x = 0, y = 0;
    if (task == NULL) return 0;
    uint64_t hash = dnc_task_position(task);
    CHECK(dnc_task_sizes(task, &x, &y, NULL) == DNC_OK);
    if (dnc_task_is_interactive(task) || *steps == 0 || *steps * batch * (x + y) > 1 << 16) return hash;
    size_t rows = *steps * batch;
    float *inputs = malloc(4 * rows * x), *targets = malloc(4 * rows * y), *mask = malloc(4 * rows);
    CHECK(dnc_task_read(task, inputs, targets, mask) == DNC_OK);
    hash = hash_bytes(hash_bytes(hash_bytes(hash, inputs, 4 * rows * x), targets, 4 * rows * y), mask, 4 * rows);
    free(inputs);
    free(targets);
    free(mask);
    return hash;
}

static void task_use(void) {
    uint32_t which = below(&input, TASKS + 1) % (TASKS + 1), x = 0, y = 0;
    dnc_task *task = which < TASKS ? tasks[which] : NULL;
    size_t none = 0, *steps = which < TASKS ? &drawn[which] : &none, *batch = which < TASKS ? &batches[which] : &none;
    if (task) CHECK(CALL(dnc_task_sizes(task, &x, &y, NULL)) == DNC_OK && x > 0 && y > 0);
    uint8_t call = byte(&input) % 12;
    uint64_t before = seen_task(task, steps, *batch);
    dnc_status status = DNC_OK;
    int drops = 0;
    size_t rows = *steps * *batch;
    int small = rows * (x + y) <= 1 << 16;
    float *outputs = numbers(small ? rows * y + 1 : 1), *found = patterned(4 * (small ? rows * (x + y) + 1 : 1));
    switch (call) {
    case 0:
    case 1: {
        size_t count = chance(4) ? size(100) : 1 + below(&input, 4), got = 77;
        if (count > 300 && count <= 65536) count = 300;
        uint64_t position = dnc_task_position(task);
        maybe_break();
        status = CALL(dnc_task_sample(task, count, &got));
        if (status == DNC_OK) {
            *steps = got, *batch = count;
            CHECK(task && dnc_task_position(task) == position + 1);
            drops = 1;
        } else {
            CHECK(got == 77);
        }
        break;
    }
    case 2:
        if (!small) break;
        status = CALL(dnc_task_read(task, chance(2) ? found : NULL, chance(2) ? found + rows * x : NULL, NULL));
        CHECK((status == DNC_OK) == (task != NULL && *steps > 0) || *steps == 0);
        break;
    case 3:
        if (x + y < 1 << 14 && *batch * (x + y) <= 1 << 16) {
            float *out = numbers(*batch * y + 1), *in = patterned(4 * *batch * x + 1);
            status = CALL(dnc_task_next(task, chance(4) ? NULL : out, in));
            if (status == DNC_OK) CHECK(*steps > 0 && all_finite(in, *batch * x));
            else CHECK(is_patterned(in, 4 * *batch * x));
            free(out);
            free(in);
        }
        break;
    case 4:
        if (small) {
            double value = -77;
            status = CALL(dnc_task_loss(task, outputs, &value, chance(2) ? found : NULL));
            if (status == DNC_OK) CHECK(!isnan(value));
            else CHECK(value == -77 && is_patterned(found, 4));
        }
        break;
    case 5:
        if (small) {
            dnc_score scores[40];
            memset(scores, 0, sizeof scores);
            status = CALL(dnc_task_score(task, outputs, scores));
            for (int i = 0; i < 40; i++) CHECK(isfinite(scores[i].sum) && (status == DNC_OK || scores[i].count == 0));
        }
        break;
    case 6: {
        uint64_t position = chance(2) ? UINT64_MAX - below(&input, 3) : byte(&input);
        status = CALL(dnc_task_seek(task, position));
        if (status == DNC_OK) CHECK(dnc_task_position(task) == position);
        drops = 1;
        if (status == DNC_OK) *steps = 0;
        break;
    }
    case 7:
        status = CALL(dnc_task_set_evaluating(task, below(&input, 2)));
        drops = 1;
        if (status == DNC_OK) *steps = 0;
        break;
    case 8: {
        dnc_lesson lesson = {.struct_size = chance(4) ? below(&input, 60) : sizeof lesson};
        size_t index = some_size(0);
        status = CALL(dnc_task_lesson_at(task, index, &lesson));
        if (lesson.struct_size == sizeof lesson) CHECK((status == DNC_OK) == (task && index == 0));
        break;
    }
    case 9: {
        size_t index = some_size(0);
        status = CALL(dnc_task_set_lesson(task, index));
        CHECK((status == DNC_OK) == (task && index == 0));
        drops = 1;
        if (status == DNC_OK) *steps = 0;
        break;
    }
    case 10: {
        dnc_metric metric = {.struct_size = chance(4) ? below(&input, 40) : sizeof metric};
        size_t index = some_size(below(&input, 22));
        status = CALL(dnc_task_metric_at(task, index, &metric));
        if (metric.struct_size == sizeof metric) CHECK((status == DNC_OK) == (index < dnc_task_metric_count(task)));
        break;
    }
    default: {
        const char *word_found = NULL;
        uint64_t count = 77;
        size_t index = some_size(0);
        const char *name = dnc_task_name(index);
        dnc_task_option option = {.struct_size = sizeof option};
        CHECK((CALL(dnc_task_option_at("copy", index, &option)) == DNC_OK) == (index < dnc_task_option_count("copy")));
        CHECK(name == NULL || (index < 9 && dnc_task_option_count(name) > 0));
        status = CALL(dnc_task_word(task, index, &word_found));
        CHECK((status == DNC_OK) == (word_found != NULL));
        status = CALL(dnc_task_episode_count(task, &count));
        CHECK((status == DNC_OK) == (task != NULL) && (status == DNC_OK || count == 77));
    }
    }
    if (!(drops && status == DNC_OK)) CHECK(seen_task(task, steps, *batch) == before);
    free(outputs);
    free(found);
}

static void library(void) {
    CHECK(same(dnc_version(), DNC_VERSION_STRING) && dnc_build_info()[0] == '{');
    CHECK(dnc_status_string((dnc_status)word(&input))[0] != 0);
    /* All of it takes a second or, watched, many: only how it fails. */
    faults.allocation = below(&input, 3);
    CHECK(CALL(dnc_self_test()) == DNC_OUT_OF_MEMORY);
    switch (below(&input, 4)) {
    case 0: dnc_free(NULL); break;
    case 1: dnc_task_free(NULL); break;
    case 2: dnc_optimizer_free(NULL); break;
    default: dnc_buffer_free(NULL);
    }
    if (chance(2)) drop(&nets[below(&input, NETS)]);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    snprintf(folder, sizeof folder, "%s", scratch_folder());
    if (chdir(folder) != 0) abort();
    return 0;
}

static const struct {
    char letter;
    void (*call)(void);
} calls[] = {
    {'n', create}, {'c', clone_net}, {'g', get_config}, {'e', estimate}, {'r', resize}, {'.', simple}, {'f', forward},
    {'b', backward}, {'w', parameters}, {'s', state}, {'l', loss}, {'u', optimize}, {'o', optimizer_create}, {'S', save},
    {'L', load}, {'p', picture}, {'t', task_create}, {'T', task_use}, {'v', library}, {'P', tell}, {'R', state_rows}, {'2', two_networks},
    {'d', drop_out},
};

static void run_line(const uint8_t *start, size_t length) {
    enum { COUNT = sizeof calls / sizeof *calls };
    size_t which = start[0] % COUNT;
    for (size_t i = 0; i < COUNT; i++)
        if (calls[i].letter == (char)start[0]) which = i;
    input = (bytes){start + 1, length - 1};
    calls[which].call();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length) {
    const uint8_t *end = data + length;
    for (int i = 0; i < CALLS && data < end; i++) {
        const uint8_t *newline = memchr(data, '\n', (size_t)(end - data)), *stop = newline ? newline : end;
        if (stop > data) run_line(data, (size_t)(stop - data));
        data = stop + 1;
    }
    for (int i = 0; i < NETS; i++) drop(&nets[i]);
    for (int i = 0; i < OPTIMIZERS; i++) {
        dnc_optimizer_free(optimizers[i]);
        optimizers[i] = NULL;
        updates[i] = 0;
    }
    for (int i = 0; i < TASKS; i++) {
        dnc_task_free(tasks[i]);
        tasks[i] = NULL;
        drawn[i] = 0;
    }
    DIR *open_folder = opendir(folder);
    for (struct dirent *entry; (entry = readdir(open_folder)) != NULL;)
        if (entry->d_name[0] != '.') unlink(entry->d_name);
    closedir(open_folder);
    return 0;
}
