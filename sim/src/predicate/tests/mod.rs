//! Tests of the language as a whole.

mod evaluation;
mod round_trip;
mod syntax;
