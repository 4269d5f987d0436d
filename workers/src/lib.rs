//! The stages of a page: what turns an image into readings.

pub mod prepare;
