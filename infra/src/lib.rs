//! The outside world: where model files come from and lie, and what this machine has and lacks.
//!
//! Everything here may touch the environment, the file system and other programs; the pure crates
//! may not. Store, queue and database get a folder each beside `models` when the service needs them.

pub mod doctor;
pub mod models;
