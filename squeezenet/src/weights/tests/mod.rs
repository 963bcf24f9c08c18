//! Tests of reading weights from end to end: what is accepted, what is refused and how, and what becomes of
//! files that were damaged at random.

mod accepted;
mod built_in;
mod damaged;
mod inspected;
mod parameters;
mod refused;
mod saved;
mod several_files;
