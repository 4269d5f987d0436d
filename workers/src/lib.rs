//! The stages that look at pixels: decode, prepare, detect and recognise.

pub mod detect;
pub mod engine;
pub mod upright;
