//! Teaches a network to copy up to three vectors: copy [UPDATES]. Prints the first losses' mean and the last ones'.
use dnc::{config, optimizer_config, Network, Optimizer, Result, Task};

fn main() -> Result<()> {
    let updates: usize = std::env::args()
        .nth(1)
        .map_or(300, |word| word.parse().expect("UPDATES is a number"));
    let mut task = Task::new("copy", "min_length=1,max_length=3", 1)?;
    let mut settings = config()?;
    (settings.input_size, settings.output_size) = (task.input_size as u32, task.output_size as u32);
    (settings.batch_size, settings.seed) = (16, 1);
    (settings.hidden_size, settings.memory_slots, settings.word_size) = (32, 8, 8);
    let mut network = Network::new(&settings)?;
    network.set_training(true)?;
    let mut adam = optimizer_config()?;
    adam.learning_rate = 0.01;
    let mut optimizer = Optimizer::new(&network, &adam)?;
    let mut losses = Vec::new();
    for _ in 0..updates {
        let episodes = task.sample(16)?;
        network.reset()?;
        let outputs = network.forward(&episodes.inputs)?;
        let (loss, gradients) = task.loss(&episodes, &outputs)?;
        network.backward(&gradients)?;
        optimizer.step(&mut network)?;
        losses.push(loss);
    }
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    let few = losses.len().min(10);
    println!("{:.4} {:.4}", mean(&losses[..few]), mean(&losses[losses.len() - few..]));
    Ok(())
}
