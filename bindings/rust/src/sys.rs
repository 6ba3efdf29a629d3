//! The functions of dnc.h as they are; tools/make_ffi.py writes it. dnc.h is the manual.
#![allow(non_camel_case_types)]
use std::os::raw::{c_char, c_int, c_uint, c_void};

pub const DNC_VERSION_MAJOR: u32 = 0;
pub const DNC_VERSION_MINOR: u32 = 1;
pub const DNC_VERSION_PATCH: u32 = 0;
pub type dnc_status = c_uint;
pub const DNC_OK: dnc_status = 0;
pub const DNC_INVALID_ARGUMENT: dnc_status = 1;
pub const DNC_OUT_OF_MEMORY: dnc_status = 2;
pub const DNC_INVALID_STATE: dnc_status = 3;
pub const DNC_IO_ERROR: dnc_status = 4;
pub const DNC_BAD_FORMAT: dnc_status = 5;
pub const DNC_NOT_FINITE: dnc_status = 6;
pub const DNC_CANCELLED: dnc_status = 7;
pub const DNC_INTERNAL: dnc_status = 8;
pub type dnc_controller = c_uint;
pub const DNC_CONTROLLER_LSTM: dnc_controller = 0;
pub const DNC_CONTROLLER_FEEDFORWARD: dnc_controller = 1;
pub const DNC_CONTROLLER_GRU: dnc_controller = 2;
pub const DNC_CONTROLLER_RNN: dnc_controller = 3;
pub type dnc_activation = c_uint;
pub const DNC_ACTIVATION_TANH: dnc_activation = 0;
pub const DNC_ACTIVATION_RELU: dnc_activation = 1;
pub type dnc_memory = c_uint;
pub const DNC_MEMORY_DNC: dnc_memory = 0;
pub const DNC_MEMORY_NTM: dnc_memory = 1;
pub const DNC_MEMORY_NONE: dnc_memory = 2;
pub type dnc_usage_gradient = c_uint;
pub const DNC_USAGE_GRADIENT_FULL: dnc_usage_gradient = 0;
pub const DNC_USAGE_GRADIENT_STOPPED: dnc_usage_gradient = 1;
pub type dnc_initial_state = c_uint;
pub const DNC_INITIAL_ZEROS: dnc_initial_state = 0;
pub const DNC_INITIAL_CONSTANT: dnc_initial_state = 1;
pub const DNC_INITIAL_LEARNED: dnc_initial_state = 2;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dnc_config {
    pub struct_size: u32,
    pub input_size: u32,
    pub output_size: u32,
    pub controller: u32,
    pub activation: u32,
    pub hidden_size: u32,
    pub num_layers: u32,
    pub memory_slots: u32,
    pub word_size: u32,
    pub read_heads: u32,
    pub write_heads: u32,
    pub batch_size: u32,
    pub usage_gradient: u32,
    pub initial_state: u32,
    pub initial_value: f32,
    pub clip_value: f32,
    pub num_threads: u32,
    pub seed: u64,
    pub max_record_bytes: u64,
    pub check_finite: u32,
    pub reserved: u32,
    pub input_scale: f32,
    pub interface_scale: f32,
    pub memory: u32,
    pub temporal_links: u32,
    pub content_masks: u32,
    pub mask_minimum: f32,
    pub deallocation: u32,
    pub link_sharpening: u32,
    pub controller_norm: u32,
    pub interface_norm: u32,
}
#[repr(C)]
pub struct dnc {
    _private: [u8; 0],
}
pub const DNC_CLONE_COPY: u32 = 0;
pub const DNC_CLONE_SHARE_PARAMETERS: u32 = 1;
pub type dnc_progress = Option<unsafe extern "C" fn(context: *mut c_void, done: usize, total: usize) -> c_int>;
#[repr(C)]
pub struct dnc_optimizer {
    _private: [u8; 0],
}
pub const DNC_CHECKPOINT_STATE: u32 = 1;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dnc_tensor {
    pub struct_size: u32,
    pub name: *const c_char,
    pub values: *mut f32,
    pub gradients: *mut f32,
    pub rank: usize,
    pub shape: [usize; 4],
}
pub type dnc_loss = c_uint;
pub const DNC_LOSS_SIGMOID_CROSS_ENTROPY: dnc_loss = 0;
pub const DNC_LOSS_SOFTMAX_CROSS_ENTROPY: dnc_loss = 1;
pub const DNC_LOSS_MEAN_SQUARED_ERROR: dnc_loss = 2;
pub const DNC_LOSS_GROUPED_SOFTMAX_CROSS_ENTROPY: dnc_loss = 3;
pub type dnc_optimizer_algorithm = c_uint;
pub const DNC_OPTIMIZER_SGD: dnc_optimizer_algorithm = 0;
pub const DNC_OPTIMIZER_RMSPROP: dnc_optimizer_algorithm = 1;
pub const DNC_OPTIMIZER_ADAM: dnc_optimizer_algorithm = 2;
pub const DNC_OPTIMIZER_ADAMW: dnc_optimizer_algorithm = 3;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dnc_optimizer_config {
    pub struct_size: u32,
    pub algorithm: u32,
    pub learning_rate: f32,
    pub momentum: f32,
    pub decay: f32,
    pub beta1: f32,
    pub beta2: f32,
    pub epsilon: f32,
    pub weight_decay: f32,
    pub max_gradient_norm: f32,
}
pub type dnc_field = c_uint;
pub const DNC_FIELD_MEMORY: dnc_field = 0;
pub const DNC_FIELD_USAGE: dnc_field = 1;
pub const DNC_FIELD_LINK: dnc_field = 2;
pub const DNC_FIELD_PRECEDENCE: dnc_field = 3;
pub const DNC_FIELD_WRITE_WEIGHTS: dnc_field = 4;
pub const DNC_FIELD_READ_WEIGHTS: dnc_field = 5;
pub const DNC_FIELD_READ_VECTORS: dnc_field = 6;
pub const DNC_FIELD_HIDDEN: dnc_field = 7;
pub const DNC_FIELD_CELL: dnc_field = 8;
pub type dnc_trace = c_uint;
pub const DNC_TRACE_WRITE_WEIGHTS: dnc_trace = 0;
pub const DNC_TRACE_READ_WEIGHTS: dnc_trace = 1;
pub const DNC_TRACE_USAGE: dnc_trace = 2;
pub const DNC_TRACE_ALLOCATION_GATES: dnc_trace = 3;
pub const DNC_TRACE_WRITE_GATES: dnc_trace = 4;
pub const DNC_TRACE_FREE_GATES: dnc_trace = 5;
pub const DNC_TRACE_READ_MODES: dnc_trace = 6;
pub const DNC_TRACE_READ_INTERPOLATION_GATES: dnc_trace = 7;
pub const DNC_TRACE_READ_SHIFTS: dnc_trace = 8;
pub const DNC_TRACE_READ_SHARPNESS: dnc_trace = 9;
pub const DNC_TRACE_WRITE_INTERPOLATION_GATES: dnc_trace = 10;
pub const DNC_TRACE_WRITE_SHIFTS: dnc_trace = 11;
pub const DNC_TRACE_WRITE_SHARPNESS: dnc_trace = 12;
pub const DNC_TRACE_READ_MASKS: dnc_trace = 13;
pub const DNC_TRACE_WRITE_MASKS: dnc_trace = 14;
pub const DNC_TRACE_BACKWARD_SHARPNESS: dnc_trace = 15;
pub const DNC_TRACE_FORWARD_SHARPNESS: dnc_trace = 16;
#[repr(C)]
pub struct dnc_task {
    _private: [u8; 0],
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dnc_task_option {
    pub struct_size: u32,
    pub is_path: u32,
    pub name: *const c_char,
    pub default_value: *const c_char,
    pub meaning: *const c_char,
    pub allowed: [c_char; 128],
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dnc_metric {
    pub struct_size: u32,
    pub is_error: u32,
    pub name: *const c_char,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dnc_score {
    pub sum: f64,
    pub count: f64,
    pub chance: f64,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dnc_lesson {
    pub struct_size: u32,
    pub metric: u32,
    pub options: *const c_char,
    pub pass_score: f64,
    pub rehearsal: f64,
    pub test_every: u64,
    pub test_episodes: u64,
}
pub type dnc_colormap = c_uint;
pub const DNC_COLORMAP_VIRIDIS: dnc_colormap = 0;
pub const DNC_COLORMAP_MAGMA: dnc_colormap = 1;
pub const DNC_COLORMAP_GREY: dnc_colormap = 2;
pub const DNC_COLORMAP_DIVERGING: dnc_colormap = 3;
pub type dnc_theme = c_uint;
pub const DNC_THEME_LIGHT: dnc_theme = 0;
pub const DNC_THEME_DARK: dnc_theme = 1;
pub type dnc_panel = c_uint;
pub const DNC_PANEL_PHASES: dnc_panel = 1;
pub const DNC_PANEL_INPUT: dnc_panel = 2;
pub const DNC_PANEL_TARGET: dnc_panel = 4;
pub const DNC_PANEL_PREDICTION: dnc_panel = 8;
pub const DNC_PANEL_LOGITS: dnc_panel = 16;
pub const DNC_PANEL_ERROR: dnc_panel = 32;
pub const DNC_PANEL_WRITES: dnc_panel = 64;
pub const DNC_PANEL_READS: dnc_panel = 128;
pub const DNC_PANEL_ORIGINS: dnc_panel = 256;
pub const DNC_PANEL_USAGE: dnc_panel = 512;
pub const DNC_PANEL_ALL: dnc_panel = 1023;
pub const DNC_IMAGE_BARE: u32 = 1;
pub const DNC_IMAGE_SORT_SLOTS: u32 = 2;
pub const DNC_IMAGE_NUMBERED_FILES: u32 = 4;
pub const DNC_IMAGE_OVER_TIME: u32 = 8;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct dnc_image_options {
    pub struct_size: u32,
    pub colormap: u32,
    pub cell_pixels: u32,
    pub flags: u32,
    pub minimum: f32,
    pub maximum: f32,
    pub title: *const c_char,
    pub row_label: *const c_char,
    pub column_label: *const c_char,
    pub mask: *const f32,
    pub theme: u32,
    pub pixel_scale: u32,
    pub panels: u32,
    pub loss: u32,
    pub metric: *const c_char,
    pub width: u32,
    pub height: u32,
}

extern "C" {
    pub fn dnc_version() -> *const c_char;
    pub fn dnc_build_info() -> *const c_char;
    pub fn dnc_status_string(status: dnc_status) -> *const c_char;
    pub fn dnc_last_error() -> *const c_char;
    pub fn dnc_self_test() -> dnc_status;
    pub fn dnc_config_init(config: *mut dnc_config, size: usize) -> dnc_status;
    pub fn dnc_estimate_bytes(config: *const dnc_config, steps: usize, training: c_int, bytes: *mut usize) -> dnc_status;
    pub fn dnc_create(config: *const dnc_config, instance: *mut *mut dnc) -> dnc_status;
    pub fn dnc_clone(instance: *const dnc, sharing: u32, copy: *mut *mut dnc) -> dnc_status;
    pub fn dnc_free(instance: *mut dnc);
    pub fn dnc_get_config(instance: *const dnc, config: *mut dnc_config) -> dnc_status;
    pub fn dnc_set_batch_size(instance: *mut dnc, batch_size: u32) -> dnc_status;
    pub fn dnc_set_memory_slots(instance: *mut dnc, memory_slots: u32) -> dnc_status;
    pub fn dnc_set_num_threads(instance: *mut dnc, num_threads: u32) -> dnc_status;
    pub fn dnc_set_check_finite(instance: *mut dnc, check_finite: u32) -> dnc_status;
    pub fn dnc_set_max_record_bytes(instance: *mut dnc, max_record_bytes: u64) -> dnc_status;
    pub fn dnc_reset(instance: *mut dnc) -> dnc_status;
    pub fn dnc_step(instance: *mut dnc, input: *const f32, output: *mut f32) -> dnc_status;
    pub fn dnc_forward(instance: *mut dnc, steps: usize, inputs: *const f32, outputs: *mut f32) -> dnc_status;
    pub fn dnc_forward_packed(instance: *mut dnc, steps: usize, inputs: *const f32, starts: *const u8, outputs: *mut f32) -> dnc_status;
    pub fn dnc_step_tokens(instance: *mut dnc, tokens: *const i32, output: *mut f32) -> dnc_status;
    pub fn dnc_forward_tokens(instance: *mut dnc, steps: usize, tokens: *const i32, starts: *const u8, outputs: *mut f32) -> dnc_status;
    pub fn dnc_reset_sequences(instance: *mut dnc, which: *const u8) -> dnc_status;
    pub fn dnc_set_progress(instance: *mut dnc, progress: dnc_progress, context: *mut c_void) -> dnc_status;
    pub fn dnc_set_bypass_dropout(instance: *mut dnc, rate: f32, seed: u64) -> dnc_status;
    pub fn dnc_save(instance: *const dnc, optimizer: *const dnc_optimizer, path: *const c_char) -> dnc_status;
    pub fn dnc_checkpoint_write(path: *const c_char, instance: *const dnc, optimizer: *const dnc_optimizer, flags: u32) -> dnc_status;
    pub fn dnc_checkpoint_encode(instance: *const dnc, optimizer: *const dnc_optimizer, flags: u32, bytes: *mut *mut u8, size: *mut usize) -> dnc_status;
    pub fn dnc_load(path: *const c_char, instance: *mut *mut dnc, optimizer: *mut *mut dnc_optimizer) -> dnc_status;
    pub fn dnc_checkpoint_decode(bytes: *const u8, size: usize, instance: *mut *mut dnc, optimizer: *mut *mut dnc_optimizer) -> dnc_status;
    pub fn dnc_set_training(instance: *mut dnc, enabled: c_int) -> dnc_status;
    pub fn dnc_is_training(instance: *const dnc) -> c_int;
    pub fn dnc_backward(instance: *mut dnc, output_gradients: *const f32, input_gradients: *mut f32) -> dnc_status;
    pub fn dnc_detach(instance: *mut dnc) -> dnc_status;
    pub fn dnc_recorded_steps(instance: *const dnc) -> usize;
    pub fn dnc_parameter_count(instance: *const dnc) -> usize;
    pub fn dnc_parameters(instance: *mut dnc) -> *mut f32;
    pub fn dnc_parameters_changed(instance: *mut dnc) -> dnc_status;
    pub fn dnc_gradients(instance: *mut dnc) -> *mut f32;
    pub fn dnc_zero_gradients(instance: *mut dnc) -> dnc_status;
    pub fn dnc_tensor_count(instance: *const dnc) -> usize;
    pub fn dnc_tensor_at(instance: *mut dnc, index: usize, tensor: *mut dnc_tensor) -> dnc_status;
    pub fn dnc_tensor_named(instance: *mut dnc, name: *const c_char, tensor: *mut dnc_tensor) -> dnc_status;
    pub fn dnc_copy_parameters(instance: *mut dnc, other: *const dnc) -> dnc_status;
    pub fn dnc_add_gradients(instance: *mut dnc, other: *const dnc) -> dnc_status;
    pub fn dnc_loss_evaluate(loss: u32, steps: usize, batch: usize, width: usize, outputs: *const f32, targets: *const f32, mask: *const f32, value: *mut f64, output_gradients: *mut f32) -> dnc_status;
    pub fn dnc_loss_evaluate_classes(label_smoothing: f32, steps: usize, batch: usize, width: usize, outputs: *const f32, classes: *const i32, mask: *const f32, value: *mut f64, output_gradients: *mut f32) -> dnc_status;
    pub fn dnc_optimizer_config_init(config: *mut dnc_optimizer_config, size: usize) -> dnc_status;
    pub fn dnc_optimizer_create(instance: *const dnc, config: *const dnc_optimizer_config, optimizer: *mut *mut dnc_optimizer) -> dnc_status;
    pub fn dnc_optimizer_step(optimizer: *mut dnc_optimizer, instance: *mut dnc, gradient_norm: *mut f32) -> dnc_status;
    pub fn dnc_optimizer_get_config(optimizer: *const dnc_optimizer, config: *mut dnc_optimizer_config) -> dnc_status;
    pub fn dnc_optimizer_set_config(optimizer: *mut dnc_optimizer, config: *const dnc_optimizer_config) -> dnc_status;
    pub fn dnc_optimizer_step_count(optimizer: *const dnc_optimizer) -> u64;
    pub fn dnc_optimizer_free(optimizer: *mut dnc_optimizer);
    pub fn dnc_get_state(instance: *const dnc, field: u32, values: *mut f32, count: usize) -> dnc_status;
    pub fn dnc_set_state(instance: *mut dnc, field: u32, values: *const f32, count: usize) -> dnc_status;
    pub fn dnc_get_state_gradient(instance: *const dnc, field: u32, values: *mut f32, count: usize) -> dnc_status;
    pub fn dnc_state_size(instance: *const dnc, size: *mut usize) -> dnc_status;
    pub fn dnc_get_state_rows(instance: *const dnc, first: usize, count: usize, rows: *mut f32) -> dnc_status;
    pub fn dnc_set_state_rows(instance: *mut dnc, first: usize, count: usize, rows: *const f32) -> dnc_status;
    pub fn dnc_get_state_gradient_rows(instance: *const dnc, first: usize, count: usize, rows: *mut f32) -> dnc_status;
    pub fn dnc_set_final_state_gradient(instance: *mut dnc, first: usize, count: usize, rows: *const f32) -> dnc_status;
    pub fn dnc_get_trace(instance: *const dnc, field: u32, values: *mut f32, count: usize) -> dnc_status;
    pub fn dnc_get_last_trace(instance: *const dnc, field: u32, values: *mut f32, count: usize) -> dnc_status;
    pub fn dnc_task_name(index: usize) -> *const c_char;
    pub fn dnc_task_option_count(name: *const c_char) -> usize;
    pub fn dnc_task_option_at(name: *const c_char, index: usize, option: *mut dnc_task_option) -> dnc_status;
    pub fn dnc_task_create(name: *const c_char, options: *const c_char, seed: u64, task: *mut *mut dnc_task) -> dnc_status;
    pub fn dnc_task_sizes(task: *const dnc_task, input_size: *mut u32, output_size: *mut u32, loss: *mut u32) -> dnc_status;
    pub fn dnc_task_sample(task: *mut dnc_task, batch: usize, steps: *mut usize) -> dnc_status;
    pub fn dnc_task_read(task: *mut dnc_task, inputs: *mut f32, targets: *mut f32, mask: *mut f32) -> dnc_status;
    pub fn dnc_task_read_tokens(task: *mut dnc_task, tokens: *mut i32, starts: *mut u8) -> dnc_status;
    pub fn dnc_task_drawn(task: *const dnc_task, steps: *mut usize, batch: *mut usize) -> dnc_status;
    pub fn dnc_task_position(task: *const dnc_task) -> u64;
    pub fn dnc_task_seek(task: *mut dnc_task, position: u64) -> dnc_status;
    pub fn dnc_task_is_interactive(task: *const dnc_task) -> c_int;
    pub fn dnc_task_next(task: *mut dnc_task, output: *const f32, input: *mut f32) -> dnc_status;
    pub fn dnc_task_loss(task: *mut dnc_task, outputs: *const f32, value: *mut f64, output_gradients: *mut f32) -> dnc_status;
    pub fn dnc_task_metric_count(task: *const dnc_task) -> usize;
    pub fn dnc_task_metric_at(task: *const dnc_task, index: usize, metric: *mut dnc_metric) -> dnc_status;
    pub fn dnc_task_score(task: *mut dnc_task, outputs: *const f32, scores: *mut dnc_score) -> dnc_status;
    pub fn dnc_task_set_evaluating(task: *mut dnc_task, enabled: c_int) -> dnc_status;
    pub fn dnc_task_is_evaluating(task: *const dnc_task) -> c_int;
    pub fn dnc_task_load(path: *const c_char, seed: u64, task: *mut *mut dnc_task) -> dnc_status;
    pub fn dnc_task_lesson_count(task: *const dnc_task) -> usize;
    pub fn dnc_task_lesson_at(task: *const dnc_task, index: usize, lesson: *mut dnc_lesson) -> dnc_status;
    pub fn dnc_task_set_lesson(task: *mut dnc_task, index: usize) -> dnc_status;
    pub fn dnc_task_lesson(task: *const dnc_task) -> usize;
    pub fn dnc_task_episode_count(task: *const dnc_task, count: *mut u64) -> dnc_status;
    pub fn dnc_task_word(task: *const dnc_task, channel: usize, word: *mut *const c_char) -> dnc_status;
    pub fn dnc_task_free(task: *mut dnc_task);
    pub fn dnc_image_options_init(options: *mut dnc_image_options, size: usize) -> dnc_status;
    pub fn dnc_buffer_free(buffer: *mut c_void);
    pub fn dnc_image_write(path: *const c_char, rows: usize, columns: usize, values: *const f32, options: *const dnc_image_options) -> dnc_status;
    pub fn dnc_image_encode(rows: usize, columns: usize, values: *const f32, options: *const dnc_image_options, png: *mut *mut u8, size: *mut usize) -> dnc_status;
    pub fn dnc_episode_image_write(path: *const c_char, instance: *mut dnc, batch_index: usize, steps: usize, inputs: *const f32, targets: *const f32, outputs: *const f32, options: *const dnc_image_options) -> dnc_status;
    pub fn dnc_episode_image_encode(instance: *mut dnc, batch_index: usize, steps: usize, inputs: *const f32, targets: *const f32, outputs: *const f32, options: *const dnc_image_options, png: *mut *mut u8, size: *mut usize) -> dnc_status;
    pub fn dnc_state_image_write(path: *const c_char, instance: *const dnc, batch_index: usize, step: usize, options: *const dnc_image_options) -> dnc_status;
    pub fn dnc_state_image_encode(instance: *const dnc, batch_index: usize, step: usize, options: *const dnc_image_options, png: *mut *mut u8, size: *mut usize) -> dnc_status;
    pub fn dnc_film_write(path: *const c_char, instance: *const dnc, batch_index: usize, first_step: usize, steps: usize, delay_milliseconds: u32, options: *const dnc_image_options) -> dnc_status;
    pub fn dnc_film_encode(instance: *const dnc, batch_index: usize, first_step: usize, steps: usize, delay_milliseconds: u32, options: *const dnc_image_options, png: *mut *mut u8, size: *mut usize) -> dnc_status;
    pub fn dnc_training_image_write(path: *const c_char, runs: usize, logs: *const *const c_char, names: *const *const c_char, options: *const dnc_image_options) -> dnc_status;
    pub fn dnc_training_image_encode(runs: usize, logs: *const *const c_char, names: *const *const c_char, options: *const dnc_image_options, png: *mut *mut u8, size: *mut usize) -> dnc_status;
    pub fn dnc_capacity_image_write(path: *const c_char, rows: usize, columns: usize, scores: *const f32, slots: *const u32, lengths: *const u32, options: *const dnc_image_options) -> dnc_status;
    pub fn dnc_capacity_image_encode(rows: usize, columns: usize, scores: *const f32, slots: *const u32, lengths: *const u32, options: *const dnc_image_options, png: *mut *mut u8, size: *mut usize) -> dnc_status;
}
