//! A crash campaign: documents go in while everything is killed, frozen and lied to, and afterwards
//! not one may be lost, doubled or stuck.
//!
//! The API is the real binary. Workers are the bench itself with synthetic stages, everything around
//! the stages being that of `medbot work`. What each document must come to is worked out by a calm
//! run of the same stages in one thread.

pub mod bulk;
pub mod calm;
pub mod campaign;
mod check;
mod client;
mod faults;
mod findings;
mod processes;
mod receiver;
mod result;
pub mod rig;
pub(crate) mod scans;
pub mod script;
mod services;
mod slip;
pub mod stages;
pub mod throughput;
mod trace;
mod upload;
pub mod worker;
