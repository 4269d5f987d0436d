//! Fusion of several readings of a page. Pure: no I/O, no clock, no environment.

pub mod metrics;
