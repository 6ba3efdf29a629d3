//! libdnc in Rust: networks, optimizers and tasks with the lifetimes of values, errors as `Result`. What a function does
//! stands in dnc.h; what has no wrapper here is in [`sys`].
//!
//! Slices have the shapes of dnc.h: inputs [T, B, X], outputs [T, B, Y]. A slice of another size is refused.

pub mod sys;

use std::ffi::{CStr, CString};
use std::{mem, ptr};

/// A status other than DNC_OK, with what dnc_last_error says.
#[derive(Debug, Clone)]
pub struct Error {
    pub status: sys::dnc_status,
    pub message: String,
}

impl std::fmt::Display for Error {
    fn fmt(&self, to: &mut std::fmt::Formatter) -> std::fmt::Result {
        to.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

pub type Result<T> = std::result::Result<T, Error>;

fn check(status: sys::dnc_status) -> Result<()> {
    if status == sys::DNC_OK {
        return Ok(());
    }
    let message = unsafe { CStr::from_ptr(sys::dnc_last_error()) }
        .to_string_lossy()
        .into_owned();
    Err(Error { status, message })
}

fn refused<T>(message: String) -> Result<T> {
    Err(Error {
        status: sys::DNC_INVALID_ARGUMENT,
        message,
    })
}

fn sized(name: &str, length: usize, needed: usize) -> Result<()> {
    if length == needed {
        Ok(())
    } else {
        refused(format!("{name} has {length} numbers, needed are {needed}"))
    }
}

/// The settings of a network, with their defaults.
pub fn config() -> Result<sys::dnc_config> {
    let mut config = unsafe { mem::zeroed() };
    check(unsafe { sys::dnc_config_init(&mut config, mem::size_of::<sys::dnc_config>()) })?;
    Ok(config)
}

/// The settings of an optimizer, with their defaults: Adam.
pub fn optimizer_config() -> Result<sys::dnc_optimizer_config> {
    let mut config = unsafe { mem::zeroed() };
    check(unsafe { sys::dnc_optimizer_config_init(&mut config, mem::size_of::<sys::dnc_optimizer_config>()) })?;
    Ok(config)
}

/// A network. It may move to another thread; one thread at a time uses it.
pub struct Network {
    handle: *mut sys::dnc,
    input_size: usize,
    output_size: usize,
    batch: usize,
}

unsafe impl Send for Network {}

impl Network {
    pub fn new(config: &sys::dnc_config) -> Result<Network> {
        let mut handle = ptr::null_mut();
        check(unsafe { sys::dnc_create(config, &mut handle) })?;
        let (input_size, output_size) = (config.input_size as usize, config.output_size as usize);
        Ok(Network {
            handle,
            input_size,
            output_size,
            batch: config.batch_size as usize,
        })
    }

    /// For the functions of [`sys`]. The batch size must stay as it is.
    pub fn handle(&mut self) -> *mut sys::dnc {
        self.handle
    }

    pub fn set_training(&mut self, enabled: bool) -> Result<()> {
        check(unsafe { sys::dnc_set_training(self.handle, enabled.into()) })
    }

    pub fn reset(&mut self) -> Result<()> {
        check(unsafe { sys::dnc_reset(self.handle) })
    }

    /// Inputs [T, B, X] to outputs [T, B, Y].
    pub fn forward(&mut self, inputs: &[f32]) -> Result<Vec<f32>> {
        let row = self.batch * self.input_size;
        let steps = inputs.len() / row;
        sized("inputs", inputs.len(), steps * row)?;
        let mut outputs = vec![0.0; steps * self.batch * self.output_size];
        check(unsafe { sys::dnc_forward(self.handle, steps, inputs.as_ptr(), outputs.as_mut_ptr()) })?;
        Ok(outputs)
    }

    /// Adds to the gradients of the parameters, from those of the outputs of all recorded steps, [T, B, Y].
    pub fn backward(&mut self, output_gradients: &[f32]) -> Result<()> {
        let steps = unsafe { sys::dnc_recorded_steps(self.handle) };
        sized(
            "output_gradients",
            output_gradients.len(),
            steps * self.batch * self.output_size,
        )?;
        check(unsafe { sys::dnc_backward(self.handle, output_gradients.as_ptr(), ptr::null_mut()) })
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        unsafe { sys::dnc_free(self.handle) }
    }
}

pub struct Optimizer {
    handle: *mut sys::dnc_optimizer,
}

unsafe impl Send for Optimizer {}

impl Optimizer {
    pub fn new(network: &Network, config: &sys::dnc_optimizer_config) -> Result<Optimizer> {
        let mut handle = ptr::null_mut();
        check(unsafe { sys::dnc_optimizer_create(network.handle, config, &mut handle) })?;
        Ok(Optimizer { handle })
    }

    /// Changes the parameters and clears their gradients; returns the gradients' norm.
    pub fn step(&mut self, network: &mut Network) -> Result<f32> {
        let mut norm = 0.0;
        check(unsafe { sys::dnc_optimizer_step(self.handle, network.handle, &mut norm) })?;
        Ok(norm)
    }
}

impl Drop for Optimizer {
    fn drop(&mut self) {
        unsafe { sys::dnc_optimizer_free(self.handle) }
    }
}

/// Episodes of a task.
pub struct Task {
    handle: *mut sys::dnc_task,
    pub input_size: usize,
    pub output_size: usize,
    pub loss: u32,
}

/// inputs [T, B, X], targets [T, B, Y], mask [T, B]
pub struct Episodes {
    pub steps: usize,
    pub batch: usize,
    pub inputs: Vec<f32>,
    pub targets: Vec<f32>,
    pub mask: Vec<f32>,
}

unsafe impl Send for Task {}

impl Task {
    pub fn new(name: &str, options: &str, seed: u64) -> Result<Task> {
        let (Ok(name), Ok(options)) = (CString::new(name), CString::new(options)) else {
            return refused("name and options must have no NUL".into());
        };
        let mut handle = ptr::null_mut();
        check(unsafe { sys::dnc_task_create(name.as_ptr(), options.as_ptr(), seed, &mut handle) })?;
        let mut task = Task {
            handle,
            input_size: 0,
            output_size: 0,
            loss: 0,
        };
        let (mut x, mut y) = (0, 0);
        check(unsafe { sys::dnc_task_sizes(handle, &mut x, &mut y, &mut task.loss) })?;
        (task.input_size, task.output_size) = (x as usize, y as usize);
        Ok(task)
    }

    pub fn sample(&mut self, batch: usize) -> Result<Episodes> {
        let mut steps = 0;
        check(unsafe { sys::dnc_task_sample(self.handle, batch, &mut steps) })?;
        let rows = steps * batch;
        let (mut inputs, mut targets) = (vec![0.0; rows * self.input_size], vec![0.0; rows * self.output_size]);
        let mut mask = vec![0.0; rows];
        let (x, y, m) = (inputs.as_mut_ptr(), targets.as_mut_ptr(), mask.as_mut_ptr());
        check(unsafe { sys::dnc_task_read(self.handle, x, y, m) })?;
        Ok(Episodes {
            steps,
            batch,
            inputs,
            targets,
            mask,
        })
    }

    /// The loss of outputs [T, B, Y], and its gradient.
    pub fn loss(&self, episodes: &Episodes, outputs: &[f32]) -> Result<(f64, Vec<f32>)> {
        sized("outputs", outputs.len(), episodes.targets.len())?;
        let (mut value, mut gradients) = (0.0, vec![0.0; outputs.len()]);
        let (wanted, mask) = (episodes.targets.as_ptr(), episodes.mask.as_ptr());
        check(unsafe {
            sys::dnc_loss_evaluate(
                self.loss,
                episodes.steps,
                episodes.batch,
                self.output_size,
                outputs.as_ptr(),
                wanted,
                mask,
                &mut value,
                gradients.as_mut_ptr(),
            )
        })?;
        Ok((value, gradients))
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        unsafe { sys::dnc_task_free(self.handle) }
    }
}
