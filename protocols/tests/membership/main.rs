//! Membership under test: short stories, planted bugs caught, and sweeps over seeds and faults.

mod detector;
mod overlay;
mod support;
mod swim_bugs;
mod swim_numbers;
mod swim_stories;
mod swim_sweep;
