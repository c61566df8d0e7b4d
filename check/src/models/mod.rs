//! Ready-made models.

pub mod bag;
pub mod container;
pub mod counter;
pub mod keyed;
pub mod kv;
pub mod multi_register;
pub mod power_set;
pub mod register;
pub mod semaphore;
pub mod set;
pub mod token;
