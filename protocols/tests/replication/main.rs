//! Replicated registers and stores under test: ABD and primary-backup.

mod abd;
mod primary_backup;
mod support;
