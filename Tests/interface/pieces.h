/* What states and traces a network of a configuration has, and how many numbers each. */
#ifndef TESTS_PIECES_H
#define TESTS_PIECES_H

#include <dnc.h>

#include <stddef.h>
#include <stdint.h>

/* Fields of the state, and traces. */
enum { FIELDS = 9, TRACES = 17 };

static size_t state_count(const dnc_config *c, uint32_t field) {
    size_t B = c->batch_size, N = c->memory_slots, W = c->word_size, R = c->read_heads, K = c->write_heads;
    size_t units = (size_t)c->num_layers * B * c->hidden_size;
    size_t counts[FIELDS] = {B * N * W, B * N, B * K * N * N, B * K * N, B * K * N, B * R * N, B * R * W, units, units};
    return field < FIELDS ? counts[field] : 1;
}

static size_t trace_count(const dnc_config *c, uint32_t field, size_t steps) {
    size_t B = steps * c->batch_size, N = c->memory_slots, W = c->word_size, R = c->read_heads, K = c->write_heads;
    size_t counts[TRACES] = {B * K * N, B * R * N, B * N, B * K, B * K, B * R, B * R * (2 * K + 1), B * R, B * R * 3,
                             B * R, B * K, B * K * 3, B * K, B * R * W, B * K * W, B * R * K, B * R * K};
    return field < TRACES ? counts[field] : 1;
}

static int has_links(const dnc_config *c) { return c->memory == DNC_MEMORY_DNC && c->temporal_links; }

static int has_state(const dnc_config *c, uint32_t field) {
    switch (field) {
    case DNC_FIELD_CELL: return c->controller == DNC_CONTROLLER_LSTM;
    case DNC_FIELD_HIDDEN: return 1;
    case DNC_FIELD_USAGE: return c->memory == DNC_MEMORY_DNC;
    case DNC_FIELD_LINK:
    case DNC_FIELD_PRECEDENCE: return has_links(c);
    default: return c->memory != DNC_MEMORY_NONE;
    }
}

static int has_trace(const dnc_config *c, uint32_t field) {
    if (field <= DNC_TRACE_READ_WEIGHTS) return c->memory != DNC_MEMORY_NONE;
    if (field < DNC_TRACE_READ_MODES) return c->memory == DNC_MEMORY_DNC;
    if (field == DNC_TRACE_READ_MODES) return has_links(c);
    if (field <= DNC_TRACE_WRITE_SHARPNESS) return c->memory == DNC_MEMORY_NTM;
    if (field <= DNC_TRACE_WRITE_MASKS) return c->content_masks != 0;
    return c->link_sharpening != 0;
}

#endif
