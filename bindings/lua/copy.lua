-- Teaches a network to copy up to three vectors: luajit copy.lua [UPDATES]. Prints the first losses' mean and the last ones'.
package.path = (arg[0]:match "^(.*/)" or "./") .. "?.lua;" .. package.path
local ffi, dnc = require "ffi", require "dnc"
local updates, batch, most_steps = tonumber(arg[1] or 300), 16, 9

local task = dnc.made("dnc_task", dnc.task_free, function(out)
  return dnc.task_create("copy", "min_length=1,max_length=3", 1, out)
end)
local config = dnc.new("dnc_config", dnc.config_init)
local sizes = ffi.new "uint32_t[2]"
dnc.check(dnc.task_sizes(task, sizes, sizes + 1, nil))
local X, Y = sizes[0], sizes[1]
config.input_size, config.output_size, config.batch_size, config.seed = X, Y, batch, 1
config.hidden_size, config.memory_slots, config.word_size = 32, 8, 8
local net = dnc.made("dnc", dnc.free, function(out) return dnc.create(config, out) end)
local adam = dnc.new("dnc_optimizer_config", dnc.optimizer_config_init)
adam.learning_rate = 0.01
local optimizer = dnc.made("dnc_optimizer", dnc.optimizer_free, function(out)
  return dnc.optimizer_create(net, adam, out)
end)
dnc.check(dnc.set_training(net, 1))

local function floats(channels) return ffi.new("float[?]", most_steps * batch * channels) end
local inputs, targets, mask, outputs, gradients = floats(X), floats(Y), floats(1), floats(Y), floats(Y)
local steps, loss, sums = ffi.new "size_t[1]", ffi.new "double[1]", { 0, 0 }
for update = 1, updates do
  dnc.check(dnc.task_sample(task, batch, steps))
  dnc.check(dnc.task_read(task, inputs, targets, mask))
  dnc.check(dnc.reset(net))
  dnc.check(dnc.forward(net, steps[0], inputs, outputs))
  dnc.check(dnc.loss_evaluate(dnc.library.DNC_LOSS_SIGMOID_CROSS_ENTROPY, steps[0], batch, Y, outputs, targets, mask,
    loss, gradients))
  dnc.check(dnc.backward(net, gradients, nil))
  dnc.check(dnc.optimizer_step(optimizer, net, nil))
  if update <= 10 then sums[1] = sums[1] + loss[0] / 10 end
  if update > updates - 10 then sums[2] = sums[2] + loss[0] / 10 end
end
print(string.format("%.4f %.4f", sums[1], sums[2]))
