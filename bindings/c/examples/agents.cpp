// 1,000 agents at 60 Hz, which learn while they act: one network with a batch of 1,000, trained over truncated episodes.
//
// Every agent is shown a number now and then. When it is asked, it says whether the last number that it was shown was
// positive. Agents begin new episodes whenever theirs ends, one here, one there. Every 4 frames the network learns from
// these frames: gradients end there, states go on.
//
//     c++ agents.cpp -o agents $(pkg-config --cflags --libs dnc)
//     ./agents 1200 1              the number of frames, and of threads: 0, as without it, is one for each core
#include <dnc.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <stdexcept>
#include <vector>

namespace {

constexpr std::size_t agents = 1000, inputs = 3, outputs = 1, window = 4;

void check(dnc_status status) {
    if (status != DNC_OK) throw std::runtime_error(dnc_last_error());
}

struct Free {
    void operator()(dnc *net) const { dnc_free(net); }
    void operator()(dnc_optimizer *optimizer) const { dnc_optimizer_free(optimizer); }
};

// What one agent lives through.
struct Agent {
    float shown = 0;   // the last number of this episode
    unsigned left = 0; // frames until the episode ends
};

// The frames of a window, time first, as the library takes them.
struct Window {
    std::vector<float> given = std::vector<float>(window * agents * inputs);
    std::vector<float> answers = std::vector<float>(window * agents * outputs);
    std::vector<float> targets = std::vector<float>(window * agents * outputs);
    std::vector<float> asked = std::vector<float>(window * agents);
    std::vector<float> gradients = std::vector<float>(window * agents * outputs);
};

class World {
  public:
    // Writes what every agent sees in frame t of a window, and which agents begin a new episode.
    void observe(std::size_t t, Window &frames, std::vector<std::uint8_t> &begins) {
        for (std::size_t b = 0; b < agents; b++) {
            Agent &agent = all_[b];
            begins[b] = agent.left == 0;
            if (agent.left == 0) agent.left = 20 + static_cast<unsigned>(random_() % 40);
            agent.left--;
            const bool shows = begins[b] || random_() % 6 == 0, asks = !shows && random_() % 3 == 0;
            if (shows) agent.shown = number_(random_);
            float *given = &frames.given[(t * agents + b) * inputs];
            given[0] = shows ? agent.shown : 0.0f;
            given[1] = shows ? 1.0f : 0.0f;
            given[2] = asks ? 1.0f : 0.0f;
            frames.targets[t * agents + b] = agent.shown > 0 ? 1.0f : 0.0f;
            frames.asked[t * agents + b] = asks ? 1.0f : 0.0f;
        }
    }

  private:
    std::mt19937 random_{1};
    std::uniform_real_distribution<float> number_{-1, 1};
    std::vector<Agent> all_ = std::vector<Agent>(agents);
};

std::unique_ptr<dnc, Free> make_network(std::uint32_t threads) {
    dnc_config config;
    check(dnc_config_init(&config, sizeof config));
    config.input_size = inputs;
    config.output_size = outputs;
    config.hidden_size = 16;
    config.memory_slots = 8;
    config.word_size = 8;
    config.temporal_links = 0; // content is enough here, and faster
    config.batch_size = agents;
    config.num_threads = threads;
    dnc *net = nullptr;
    check(dnc_create(&config, &net));
    std::unique_ptr<dnc, Free> owner(net);
    check(dnc_set_training(net, 1));
    return owner;
}

std::unique_ptr<dnc_optimizer, Free> make_optimizer(const dnc *net) {
    dnc_optimizer_config config;
    check(dnc_optimizer_config_init(&config, sizeof config));
    config.learning_rate = 3e-3f;
    config.max_gradient_norm = 1;
    dnc_optimizer *optimizer = nullptr;
    check(dnc_optimizer_create(net, &config, &optimizer));
    return std::unique_ptr<dnc_optimizer, Free>(optimizer);
}

// How many of the answers that were asked for are right.
double share_right(const Window &frames) {
    std::size_t asked = 0, right = 0;
    for (std::size_t i = 0; i < frames.asked.size(); i++) {
        if (frames.asked[i] == 0) continue;
        asked++;
        right += (frames.answers[i] > 0) == (frames.targets[i] > 0.5f);
    }
    return asked == 0 ? 1 : static_cast<double>(right) / static_cast<double>(asked);
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

void run(std::size_t count, std::uint32_t threads) {
    using clock = std::chrono::steady_clock;
    const auto net = make_network(threads);
    const auto optimizer = make_optimizer(net.get());
    World world;
    Window frames;
    std::vector<std::uint8_t> begins(agents);
    std::vector<double> steps, updates; // milliseconds of frames without and with an update
    double right = 0, seconds = 0;
    for (std::size_t frame = 0; frame < count; frame++) {
        const std::size_t t = frame % window;
        world.observe(t, frames, begins);
        const auto began = clock::now();
        check(dnc_reset_sequences(net.get(), begins.data()));
        check(dnc_step(net.get(), &frames.given[t * agents * inputs], &frames.answers[t * agents * outputs]));
        if (t == window - 1) {
            double loss = 0;
            check(dnc_loss_evaluate(DNC_LOSS_SIGMOID_CROSS_ENTROPY, window, agents, outputs, frames.answers.data(),
                                    frames.targets.data(), frames.asked.data(), &loss, frames.gradients.data()));
            check(dnc_backward(net.get(), frames.gradients.data(), nullptr)); // the states go on
            check(dnc_optimizer_step(optimizer.get(), net.get(), nullptr));
            right = share_right(frames);
        }
        const double took = std::chrono::duration<double, std::milli>(clock::now() - began).count();
        seconds += took / 1000;
        (t == window - 1 ? updates : steps).push_back(took);
    }
    std::printf("%.1f %% of the last answers are right\n", 100 * right);
    std::printf("a frame of %zu agents takes %.1f ms, with an update %.1f ms (medians); 60 Hz leave 16.7 ms\n", agents,
                median(steps), median(updates));
    std::printf("%.0f frames a second altogether\n", static_cast<double>(count) / seconds);
}

} // namespace

int main(int count, char **arguments) {
    try {
        const long frames = count > 1 ? std::strtol(arguments[1], nullptr, 10) : 1200;
        if (frames < static_cast<long>(window)) throw std::runtime_error("the number of frames is at least 4");
        const unsigned long threads = count > 2 ? std::strtoul(arguments[2], nullptr, 10) : 0;
        run(static_cast<std::size_t>(frames), static_cast<std::uint32_t>(threads));
    } catch (const std::exception &error) {
        std::fprintf(stderr, "agents: %s\n", error.what());
        return 1;
    }
    return 0;
}
