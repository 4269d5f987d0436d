//! The stages that look at bytes and pixels: decode, prepare, detect and recognise.

pub mod decode;
pub mod detect;
pub mod document;
pub mod engine;
pub mod page;
pub mod prepare;
pub mod sandbox;
pub mod upright;
