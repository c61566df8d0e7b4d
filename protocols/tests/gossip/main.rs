//! Epidemics under test: a story per rule, the numbers of the paper, and every planted bug caught.

mod averaging;
mod database;
mod known_answers;
mod rumor;
mod support;
