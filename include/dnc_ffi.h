/* The declarations of dnc.h as plain text; tools/make_ffi.py writes it. dnc.h is the manual. */
enum { DNC_VERSION_MAJOR = 0 };
enum { DNC_VERSION_MINOR = 1 };
enum { DNC_VERSION_PATCH = 0 };
typedef enum dnc_status
{
  DNC_OK = 0,
  DNC_INVALID_ARGUMENT = 1,
  DNC_OUT_OF_MEMORY = 2,
  DNC_INVALID_STATE = 3,
  DNC_IO_ERROR = 4,
  DNC_BAD_FORMAT = 5,
  DNC_NOT_FINITE = 6,
  DNC_CANCELLED = 7,
  DNC_INTERNAL = 8
} dnc_status;
const char *dnc_version(void);
const char *dnc_build_info(void);
const char *dnc_status_string(dnc_status status);
const char *dnc_last_error(void);
dnc_status dnc_self_test(void);
typedef enum dnc_controller
{
  DNC_CONTROLLER_LSTM = 0,
  DNC_CONTROLLER_FEEDFORWARD = 1,
  DNC_CONTROLLER_GRU = 2,
  DNC_CONTROLLER_RNN = 3
} dnc_controller;
typedef enum dnc_activation
{
  DNC_ACTIVATION_TANH = 0,
  DNC_ACTIVATION_RELU = 1
} dnc_activation;
typedef enum dnc_memory
{
  DNC_MEMORY_DNC = 0,
  DNC_MEMORY_NTM = 1,
  DNC_MEMORY_NONE = 2
} dnc_memory;
typedef enum dnc_usage_gradient
{
  DNC_USAGE_GRADIENT_FULL = 0,
  DNC_USAGE_GRADIENT_STOPPED = 1
} dnc_usage_gradient;
typedef enum dnc_initial_state
{
  DNC_INITIAL_ZEROS = 0,
  DNC_INITIAL_CONSTANT = 1,
  DNC_INITIAL_LEARNED = 2
} dnc_initial_state;
typedef struct dnc_config
{
  uint32_t struct_size;
  uint32_t input_size;
  uint32_t output_size;
  uint32_t controller;
  uint32_t activation;
  uint32_t hidden_size;
  uint32_t num_layers;
  uint32_t memory_slots;
  uint32_t word_size;
  uint32_t read_heads;
  uint32_t write_heads;
  uint32_t batch_size;
  uint32_t usage_gradient;
  uint32_t initial_state;
  float initial_value;
  float clip_value;
  uint32_t num_threads;
  uint64_t seed;
  uint64_t max_record_bytes;
  uint32_t check_finite;
  uint32_t reserved;
  float input_scale;
  float interface_scale;
  uint32_t memory;
  uint32_t temporal_links;
  uint32_t content_masks;
  float mask_minimum;
  uint32_t deallocation;
  uint32_t link_sharpening;
  uint32_t controller_norm;
  uint32_t interface_norm;
} dnc_config;
dnc_status dnc_config_init(dnc_config *config, size_t size);
dnc_status dnc_estimate_bytes(const dnc_config *config, size_t steps, int training, size_t *bytes);
typedef struct dnc_network dnc;
dnc_status dnc_create(const dnc_config *config, dnc **instance);
enum 
{
  DNC_CLONE_COPY = 0,
  DNC_CLONE_SHARE_PARAMETERS = 1
};
dnc_status dnc_clone(const dnc *instance, uint32_t sharing, dnc **copy);
void dnc_free(dnc *instance);
dnc_status dnc_get_config(const dnc *instance, dnc_config *config);
dnc_status dnc_set_batch_size(dnc *instance, uint32_t batch_size);
dnc_status dnc_set_memory_slots(dnc *instance, uint32_t memory_slots);
dnc_status dnc_set_num_threads(dnc *instance, uint32_t num_threads);
dnc_status dnc_set_check_finite(dnc *instance, uint32_t check_finite);
dnc_status dnc_set_max_record_bytes(dnc *instance, uint64_t max_record_bytes);
dnc_status dnc_reset(dnc *instance);
dnc_status dnc_step(dnc *instance, const float *input, float *output);
dnc_status dnc_forward(dnc *instance, size_t steps, const float *inputs, float *outputs);
dnc_status dnc_forward_packed(dnc *instance, size_t steps, const float *inputs, const uint8_t *starts, float *outputs);
dnc_status dnc_step_tokens(dnc *instance, const int32_t *tokens, float *output);
dnc_status dnc_forward_tokens(dnc *instance, size_t steps, const int32_t *tokens, const uint8_t *starts, float *outputs);
dnc_status dnc_reset_sequences(dnc *instance, const uint8_t *which);
typedef int (*dnc_progress)(void *context, size_t done, size_t total);
dnc_status dnc_set_progress(dnc *instance, dnc_progress progress, void *context);
dnc_status dnc_set_bypass_dropout(dnc *instance, float rate, uint64_t seed);
typedef struct dnc_optimizer dnc_optimizer;
dnc_status dnc_save(const dnc *instance, const dnc_optimizer *optimizer, const char *path);
enum 
{
  DNC_CHECKPOINT_STATE = 1
};
dnc_status dnc_checkpoint_write(const char *path, const dnc *instance, const dnc_optimizer *optimizer, uint32_t flags);
dnc_status dnc_checkpoint_encode(const dnc *instance, const dnc_optimizer *optimizer, uint32_t flags, uint8_t **bytes, size_t *size);
dnc_status dnc_load(const char *path, dnc **instance, dnc_optimizer **optimizer);
dnc_status dnc_checkpoint_decode(const uint8_t *bytes, size_t size, dnc **instance, dnc_optimizer **optimizer);
dnc_status dnc_set_training(dnc *instance, int enabled);
int dnc_is_training(const dnc *instance);
dnc_status dnc_backward(dnc *instance, const float *output_gradients, float *input_gradients);
dnc_status dnc_detach(dnc *instance);
size_t dnc_recorded_steps(const dnc *instance);
size_t dnc_parameter_count(const dnc *instance);
float *dnc_parameters(dnc *instance);
dnc_status dnc_parameters_changed(dnc *instance);
float *dnc_gradients(dnc *instance);
dnc_status dnc_zero_gradients(dnc *instance);
typedef struct dnc_tensor
{
  uint32_t struct_size;
  const char *name;
  float *values;
  float *gradients;
  size_t rank;
  size_t shape[4];
} dnc_tensor;
size_t dnc_tensor_count(const dnc *instance);
dnc_status dnc_tensor_at(dnc *instance, size_t index, dnc_tensor *tensor);
dnc_status dnc_tensor_named(dnc *instance, const char *name, dnc_tensor *tensor);
dnc_status dnc_copy_parameters(dnc *instance, const dnc *other);
dnc_status dnc_add_gradients(dnc *instance, const dnc *other);
typedef enum dnc_loss
{
  DNC_LOSS_SIGMOID_CROSS_ENTROPY = 0,
  DNC_LOSS_SOFTMAX_CROSS_ENTROPY = 1,
  DNC_LOSS_MEAN_SQUARED_ERROR = 2,
  DNC_LOSS_GROUPED_SOFTMAX_CROSS_ENTROPY = 3
} dnc_loss;
dnc_status dnc_loss_evaluate(uint32_t loss, size_t steps, size_t batch, size_t width, const float *outputs, const float *targets, const float *mask, double *value, float *output_gradients);
dnc_status dnc_loss_evaluate_classes(float label_smoothing, size_t steps, size_t batch, size_t width, const float *outputs, const int32_t *classes, const float *mask, double *value, float *output_gradients);
typedef enum dnc_optimizer_algorithm
{
  DNC_OPTIMIZER_SGD = 0,
  DNC_OPTIMIZER_RMSPROP = 1,
  DNC_OPTIMIZER_ADAM = 2,
  DNC_OPTIMIZER_ADAMW = 3
} dnc_optimizer_algorithm;
typedef struct dnc_optimizer_config
{
  uint32_t struct_size;
  uint32_t algorithm;
  float learning_rate;
  float momentum;
  float decay;
  float beta1;
  float beta2;
  float epsilon;
  float weight_decay;
  float max_gradient_norm;
} dnc_optimizer_config;
dnc_status dnc_optimizer_config_init(dnc_optimizer_config *config, size_t size);
dnc_status dnc_optimizer_create(const dnc *instance, const dnc_optimizer_config *config, dnc_optimizer **optimizer);
dnc_status dnc_optimizer_step(dnc_optimizer *optimizer, dnc *instance, float *gradient_norm);
dnc_status dnc_optimizer_get_config(const dnc_optimizer *optimizer, dnc_optimizer_config *config);
dnc_status dnc_optimizer_set_config(dnc_optimizer *optimizer, const dnc_optimizer_config *config);
uint64_t dnc_optimizer_step_count(const dnc_optimizer *optimizer);
void dnc_optimizer_free(dnc_optimizer *optimizer);
typedef enum dnc_field
{
  DNC_FIELD_MEMORY = 0,
  DNC_FIELD_USAGE = 1,
  DNC_FIELD_LINK = 2,
  DNC_FIELD_PRECEDENCE = 3,
  DNC_FIELD_WRITE_WEIGHTS = 4,
  DNC_FIELD_READ_WEIGHTS = 5,
  DNC_FIELD_READ_VECTORS = 6,
  DNC_FIELD_HIDDEN = 7,
  DNC_FIELD_CELL = 8
} dnc_field;
dnc_status dnc_get_state(const dnc *instance, uint32_t field, float *values, size_t count);
dnc_status dnc_set_state(dnc *instance, uint32_t field, const float *values, size_t count);
dnc_status dnc_get_state_gradient(const dnc *instance, uint32_t field, float *values, size_t count);
dnc_status dnc_state_size(const dnc *instance, size_t *size);
dnc_status dnc_get_state_rows(const dnc *instance, size_t first, size_t count, float *rows);
dnc_status dnc_set_state_rows(dnc *instance, size_t first, size_t count, const float *rows);
dnc_status dnc_get_state_gradient_rows(const dnc *instance, size_t first, size_t count, float *rows);
dnc_status dnc_set_final_state_gradient(dnc *instance, size_t first, size_t count, const float *rows);
typedef enum dnc_trace
{
  DNC_TRACE_WRITE_WEIGHTS = 0,
  DNC_TRACE_READ_WEIGHTS = 1,
  DNC_TRACE_USAGE = 2,
  DNC_TRACE_ALLOCATION_GATES = 3,
  DNC_TRACE_WRITE_GATES = 4,
  DNC_TRACE_FREE_GATES = 5,
  DNC_TRACE_READ_MODES = 6,
  DNC_TRACE_READ_INTERPOLATION_GATES = 7,
  DNC_TRACE_READ_SHIFTS = 8,
  DNC_TRACE_READ_SHARPNESS = 9,
  DNC_TRACE_WRITE_INTERPOLATION_GATES = 10,
  DNC_TRACE_WRITE_SHIFTS = 11,
  DNC_TRACE_WRITE_SHARPNESS = 12,
  DNC_TRACE_READ_MASKS = 13,
  DNC_TRACE_WRITE_MASKS = 14,
  DNC_TRACE_BACKWARD_SHARPNESS = 15,
  DNC_TRACE_FORWARD_SHARPNESS = 16
} dnc_trace;
dnc_status dnc_get_trace(const dnc *instance, uint32_t field, float *values, size_t count);
dnc_status dnc_get_last_trace(const dnc *instance, uint32_t field, float *values, size_t count);
typedef struct dnc_task dnc_task;
const char *dnc_task_name(size_t index);
typedef struct dnc_task_option
{
  uint32_t struct_size;
  uint32_t is_path;
  const char *name;
  const char *default_value;
  const char *meaning;
  char allowed[128];
} dnc_task_option;
size_t dnc_task_option_count(const char *name);
dnc_status dnc_task_option_at(const char *name, size_t index, dnc_task_option *option);
dnc_status dnc_task_create(const char *name, const char *options, uint64_t seed, dnc_task **task);
dnc_status dnc_task_sizes(const dnc_task *task, uint32_t *input_size, uint32_t *output_size, uint32_t *loss);
dnc_status dnc_task_sample(dnc_task *task, size_t batch, size_t *steps);
dnc_status dnc_task_read(dnc_task *task, float *inputs, float *targets, float *mask);
dnc_status dnc_task_read_tokens(dnc_task *task, int32_t *tokens, uint8_t *starts);
dnc_status dnc_task_drawn(const dnc_task *task, size_t *steps, size_t *batch);
uint64_t dnc_task_position(const dnc_task *task);
dnc_status dnc_task_seek(dnc_task *task, uint64_t position);
int dnc_task_is_interactive(const dnc_task *task);
dnc_status dnc_task_next(dnc_task *task, const float *output, float *input);
dnc_status dnc_task_loss(dnc_task *task, const float *outputs, double *value, float *output_gradients);
typedef struct dnc_metric
{
  uint32_t struct_size;
  uint32_t is_error;
  const char *name;
} dnc_metric;
size_t dnc_task_metric_count(const dnc_task *task);
dnc_status dnc_task_metric_at(const dnc_task *task, size_t index, dnc_metric *metric);
typedef struct dnc_score
{
  double sum;
  double count;
  double chance;
} dnc_score;
dnc_status dnc_task_score(dnc_task *task, const float *outputs, dnc_score *scores);
dnc_status dnc_task_set_evaluating(dnc_task *task, int enabled);
int dnc_task_is_evaluating(const dnc_task *task);
dnc_status dnc_task_load(const char *path, uint64_t seed, dnc_task **task);
typedef struct dnc_lesson
{
  uint32_t struct_size;
  uint32_t metric;
  const char *options;
  double pass_score;
  double rehearsal;
  uint64_t test_every;
  uint64_t test_episodes;
} dnc_lesson;
size_t dnc_task_lesson_count(const dnc_task *task);
dnc_status dnc_task_lesson_at(const dnc_task *task, size_t index, dnc_lesson *lesson);
dnc_status dnc_task_set_lesson(dnc_task *task, size_t index);
size_t dnc_task_lesson(const dnc_task *task);
dnc_status dnc_task_episode_count(const dnc_task *task, uint64_t *count);
dnc_status dnc_task_word(const dnc_task *task, size_t channel, const char **word);
void dnc_task_free(dnc_task *task);
typedef enum dnc_colormap
{
  DNC_COLORMAP_VIRIDIS = 0,
  DNC_COLORMAP_MAGMA = 1,
  DNC_COLORMAP_GREY = 2,
  DNC_COLORMAP_DIVERGING = 3
} dnc_colormap;
typedef enum dnc_theme
{
  DNC_THEME_LIGHT = 0,
  DNC_THEME_DARK = 1
} dnc_theme;
typedef enum dnc_panel
{
  DNC_PANEL_PHASES = 1,
  DNC_PANEL_INPUT = 2,
  DNC_PANEL_TARGET = 4,
  DNC_PANEL_PREDICTION = 8,
  DNC_PANEL_LOGITS = 16,
  DNC_PANEL_ERROR = 32,
  DNC_PANEL_WRITES = 64,
  DNC_PANEL_READS = 128,
  DNC_PANEL_ORIGINS = 256,
  DNC_PANEL_USAGE = 512,
  DNC_PANEL_ALL = 1023
} dnc_panel;
enum 
{
  DNC_IMAGE_BARE = 1,
  DNC_IMAGE_SORT_SLOTS = 2,
  DNC_IMAGE_NUMBERED_FILES = 4,
  DNC_IMAGE_OVER_TIME = 8,
  DNC_IMAGE_USED_SLOTS = 16
};
typedef struct dnc_image_options
{
  uint32_t struct_size;
  uint32_t colormap;
  uint32_t cell_pixels;
  uint32_t flags;
  float minimum;
  float maximum;
  const char *title;
  const char *row_label;
  const char *column_label;
  const float *mask;
  uint32_t theme;
  uint32_t pixel_scale;
  uint32_t panels;
  uint32_t loss;
  const char *metric;
  uint32_t width;
  uint32_t height;
} dnc_image_options;
dnc_status dnc_image_options_init(dnc_image_options *options, size_t size);
void dnc_buffer_free(void *buffer);
dnc_status dnc_image_write(const char *path, size_t rows, size_t columns, const float *values, const dnc_image_options *options);
dnc_status dnc_image_encode(size_t rows, size_t columns, const float *values, const dnc_image_options *options, uint8_t **png, size_t *size);
dnc_status dnc_episode_image_write(const char *path, dnc *instance, size_t batch_index, size_t steps, const float *inputs, const float *targets, const float *outputs, const dnc_image_options *options);
dnc_status dnc_episode_image_encode(dnc *instance, size_t batch_index, size_t steps, const float *inputs, const float *targets, const float *outputs, const dnc_image_options *options, uint8_t **png, size_t *size);
dnc_status dnc_state_image_write(const char *path, const dnc *instance, size_t batch_index, size_t step, const dnc_image_options *options);
dnc_status dnc_state_image_encode(const dnc *instance, size_t batch_index, size_t step, const dnc_image_options *options, uint8_t **png, size_t *size);
dnc_status dnc_film_write(const char *path, const dnc *instance, size_t batch_index, size_t first_step, size_t steps, uint32_t delay_milliseconds, const dnc_image_options *options);
dnc_status dnc_film_encode(const dnc *instance, size_t batch_index, size_t first_step, size_t steps, uint32_t delay_milliseconds, const dnc_image_options *options, uint8_t **png, size_t *size);
dnc_status dnc_training_image_write(const char *path, size_t runs, const char * const *logs, const char * const *names, const dnc_image_options *options);
dnc_status dnc_training_image_encode(size_t runs, const char * const *logs, const char * const *names, const dnc_image_options *options, uint8_t **png, size_t *size);
dnc_status dnc_capacity_image_write(const char *path, size_t rows, size_t columns, const float *scores, const uint32_t *slots, const uint32_t *lengths, const dnc_image_options *options);
dnc_status dnc_capacity_image_encode(size_t rows, size_t columns, const float *scores, const uint32_t *slots, const uint32_t *lengths, const dnc_image_options *options, uint8_t **png, size_t *size);
