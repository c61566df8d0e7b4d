//! Ready-made models.

pub mod kv;
pub mod register;
