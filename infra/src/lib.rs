//! The outside world: where model files come from and lie, and what this machine has and lacks.
//!
//! Everything here may touch the environment, the file system and other programs; the pure crates
//! may not. Each port (store, queue, database) is a trait with its adapters in a folder.

pub mod api_key;
pub mod audit;
pub mod backup;
pub mod db;
pub mod doctor;
pub mod erasure;
mod lines;
pub mod llm;
pub mod models;
pub mod queue;
pub mod search;
pub mod spool;
pub mod store;
pub mod telemetry;
pub mod tesseract;
pub mod tidy;
pub mod together;
pub mod webhook;
