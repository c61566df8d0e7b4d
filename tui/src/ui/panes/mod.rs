//! The parts of the screen. Each is a function from the model to lines of text, or into a buffer.

pub mod event;
pub mod header;
pub mod help;
pub mod history;
pub mod lanes;
pub mod menu;
pub mod nodes;
pub mod pending;
pub mod scrubber;
pub mod space_time;
pub mod tree;
pub mod words;
