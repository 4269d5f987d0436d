//! The composition root: the command line, and the only place that opens what the stages need.

mod acceptance;
mod audit_log;
mod backup;
pub mod chat;
pub mod cli;
pub mod compose;
mod core_files;
mod drop;
mod erase;
pub mod export;
mod extract_text;
mod fhir_server;
pub mod http;
mod inputs;
mod keys;
mod knowledge;
pub mod language;
mod observe;
mod operations;
mod output;
mod process;
pub mod service;
pub mod settings;
mod stop;
mod system;
pub mod trim;
pub mod vocabularies;
