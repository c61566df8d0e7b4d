//! Replicated registers and stores under test: ABD and primary-backup.

mod abd;
mod support;
