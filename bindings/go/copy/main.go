// Copy teaches a network to copy up to three vectors: copy [UPDATES]. It prints the first losses' mean and the last ones'.
package main

import (
	"fmt"
	"log"
	"os"
	"strconv"

	"dnc"
)

func must[T any](value T, err error) T {
	need(err)
	return value
}

func need(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	updates := 300
	if len(os.Args) > 1 {
		updates = must(strconv.Atoi(os.Args[1]))
	}
	task := must(dnc.NewTask("copy", "min_length=1,max_length=3", 1))
	defer task.Close()
	net := must(dnc.NewNetwork(dnc.Config{InputSize: task.InputSize, OutputSize: task.OutputSize, BatchSize: 16, Seed: 1,
		HiddenSize: 32, MemorySlots: 8, WordSize: 8}))
	defer net.Close()
	need(net.SetTraining(true))
	optimizer := must(dnc.NewOptimizer(net, 0.01))
	defer optimizer.Close()
	first, last := 0.0, 0.0
	for update := 0; update < updates; update++ {
		episodes := must(task.Sample(16))
		need(net.Reset())
		outputs := must(net.Forward(episodes.Inputs))
		loss, gradients, err := task.Loss(episodes, outputs)
		need(err)
		need(net.Backward(gradients))
		must(optimizer.Step(net))
		if update < 10 {
			first += loss / 10
		}
		if update >= updates-10 {
			last += loss / 10
		}
	}
	fmt.Printf("%.4f %.4f\n", first, last)
}
