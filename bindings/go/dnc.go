// Package dnc is libdnc in Go: networks, optimizers and tasks, with errors of Go. What a function does stands in dnc.h.
//
// cgo finds header and library by CGO_CFLAGS and CGO_LDFLAGS, or where the compiler looks. Slices have the shapes of
// dnc.h: inputs [T, B, X], outputs [T, B, Y]. A slice of another size is refused. One goroutine at a time uses a value.
package dnc

/*
#cgo LDFLAGS: -ldnc
#include <dnc.h>
#include <stdlib.h>
*/
import "C"

import (
	"fmt"
	"runtime"
	"unsafe"
)

// Error is a status other than DNC_OK, with what dnc_last_error says.
type Error struct {
	Status  int
	Message string
}

func (e *Error) Error() string { return e.Message }

// call runs a function of the library and asks on the same thread why it failed.
func call(function func() C.dnc_status) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	status := function()
	if status == C.DNC_OK {
		return nil
	}
	return &Error{int(status), C.GoString(C.dnc_last_error())}
}

func sized(name string, length, needed int) error {
	if length == needed && length > 0 {
		return nil
	}
	return &Error{C.DNC_INVALID_ARGUMENT, fmt.Sprintf("%s has %d numbers, needed are %d", name, length, needed)}
}

func floats(values []float32) *C.float { return (*C.float)(unsafe.Pointer(&values[0])) }

// Config has the settings of a network that most need; the others keep their defaults.
type Config struct {
	InputSize, OutputSize, HiddenSize, MemorySlots, WordSize, ReadHeads, BatchSize int
	Seed                                                                           uint64
}

// Network is a network. Close frees it.
type Network struct {
	handle        *C.dnc
	input, output int
	batch         int
}

// NewNetwork makes a network; sizes of 0 keep their defaults.
func NewNetwork(config Config) (*Network, error) {
	var c C.dnc_config
	if err := call(func() C.dnc_status { return C.dnc_config_init(&c, C.sizeof_dnc_config) }); err != nil {
		return nil, err
	}
	set := func(field *C.uint32_t, value int) {
		if value != 0 {
			*field = C.uint32_t(value)
		}
	}
	set(&c.input_size, config.InputSize)
	set(&c.output_size, config.OutputSize)
	set(&c.hidden_size, config.HiddenSize)
	set(&c.memory_slots, config.MemorySlots)
	set(&c.word_size, config.WordSize)
	set(&c.read_heads, config.ReadHeads)
	set(&c.batch_size, config.BatchSize)
	c.seed = C.uint64_t(config.Seed)
	n := &Network{input: int(c.input_size), output: int(c.output_size), batch: int(c.batch_size)}
	if err := call(func() C.dnc_status { return C.dnc_create(&c, &n.handle) }); err != nil {
		return nil, err
	}
	return n, nil
}

// Close frees the network; it must not be used afterwards.
func (n *Network) Close() {
	C.dnc_free(n.handle)
	n.handle = nil
}

// SetTraining tells whether steps are recorded for Backward.
func (n *Network) SetTraining(enabled bool) error {
	value := C.int(0)
	if enabled {
		value = 1
	}
	return call(func() C.dnc_status { return C.dnc_set_training(n.handle, value) })
}

// Reset begins a new episode.
func (n *Network) Reset() error { return call(func() C.dnc_status { return C.dnc_reset(n.handle) }) }

// Forward gives outputs [T, B, Y] for inputs [T, B, X].
func (n *Network) Forward(inputs []float32) ([]float32, error) {
	steps := len(inputs) / (n.batch * n.input)
	if err := sized("inputs", len(inputs), steps*n.batch*n.input); err != nil {
		return nil, err
	}
	outputs := make([]float32, steps*n.batch*n.output)
	err := call(func() C.dnc_status {
		return C.dnc_forward(n.handle, C.size_t(steps), floats(inputs), floats(outputs))
	})
	return outputs, err
}

// Backward adds to the gradients of the parameters, from those of the outputs of all recorded steps, [T, B, Y].
func (n *Network) Backward(outputGradients []float32) error {
	steps := int(C.dnc_recorded_steps(n.handle))
	if err := sized("outputGradients", len(outputGradients), steps*n.batch*n.output); err != nil {
		return err
	}
	return call(func() C.dnc_status { return C.dnc_backward(n.handle, floats(outputGradients), nil) })
}

// Optimizer is Adam. Close frees it.
type Optimizer struct{ handle *C.dnc_optimizer }

// NewOptimizer makes an optimizer for networks with the parameters of this one.
func NewOptimizer(n *Network, learningRate float32) (*Optimizer, error) {
	var c C.dnc_optimizer_config
	size := C.size_t(C.sizeof_dnc_optimizer_config)
	if err := call(func() C.dnc_status { return C.dnc_optimizer_config_init(&c, size) }); err != nil {
		return nil, err
	}
	c.learning_rate = C.float(learningRate)
	o := &Optimizer{}
	if err := call(func() C.dnc_status { return C.dnc_optimizer_create(n.handle, &c, &o.handle) }); err != nil {
		return nil, err
	}
	return o, nil
}

// Step changes the parameters and clears their gradients; it returns the gradients' norm.
func (o *Optimizer) Step(n *Network) (float32, error) {
	var norm C.float
	err := call(func() C.dnc_status { return C.dnc_optimizer_step(o.handle, n.handle, &norm) })
	return float32(norm), err
}

// Close frees the optimizer; it must not be used afterwards.
func (o *Optimizer) Close() {
	C.dnc_optimizer_free(o.handle)
	o.handle = nil
}

// Task draws episodes. Close frees it.
type Task struct {
	handle                *C.dnc_task
	InputSize, OutputSize int
	loss                  C.uint32_t
}

// Episodes are inputs [T, B, X], targets [T, B, Y] and a mask [T, B].
type Episodes struct {
	Steps, Batch          int
	Inputs, Targets, Mask []float32
}

// NewTask makes a task of this name.
func NewTask(name, options string, seed uint64) (*Task, error) {
	cName, cOptions := C.CString(name), C.CString(options)
	defer C.free(unsafe.Pointer(cName))
	defer C.free(unsafe.Pointer(cOptions))
	t := &Task{}
	err := call(func() C.dnc_status { return C.dnc_task_create(cName, cOptions, C.uint64_t(seed), &t.handle) })
	if err != nil {
		return nil, err
	}
	var x, y C.uint32_t
	err = call(func() C.dnc_status { return C.dnc_task_sizes(t.handle, &x, &y, &t.loss) })
	t.InputSize, t.OutputSize = int(x), int(y)
	return t, err
}

// Sample draws fresh episodes.
func (t *Task) Sample(batch int) (*Episodes, error) {
	var steps C.size_t
	err := call(func() C.dnc_status { return C.dnc_task_sample(t.handle, C.size_t(batch), &steps) })
	if err != nil {
		return nil, err
	}
	rows := int(steps) * batch
	e := &Episodes{int(steps), batch, make([]float32, rows*t.InputSize), make([]float32, rows*t.OutputSize), make([]float32, rows)}
	err = call(func() C.dnc_status {
		return C.dnc_task_read(t.handle, floats(e.Inputs), floats(e.Targets), floats(e.Mask))
	})
	return e, err
}

// Loss is that of outputs [T, B, Y], with its gradient.
func (t *Task) Loss(e *Episodes, outputs []float32) (float64, []float32, error) {
	if err := sized("outputs", len(outputs), len(e.Targets)); err != nil {
		return 0, nil, err
	}
	var value C.double
	gradients := make([]float32, len(outputs))
	err := call(func() C.dnc_status {
		return C.dnc_loss_evaluate(t.loss, C.size_t(e.Steps), C.size_t(e.Batch), C.size_t(t.OutputSize), floats(outputs),
			floats(e.Targets), floats(e.Mask), &value, floats(gradients))
	})
	return float64(value), gradients, err
}

// Close frees the task; it must not be used afterwards.
func (t *Task) Close() {
	C.dnc_task_free(t.handle)
	t.handle = nil
}
