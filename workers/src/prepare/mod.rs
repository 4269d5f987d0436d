//! What makes a page easier to read: small pure functions from image to image or to a measurement.
//! Each file is one step and knows nothing of the others' order; the stage that composes them
//! decides which engine gets which variant. Every geometric step is a [`geometry::Homography`] or a
//! [`bend::Bend`], so that boxes can be mapped back to the page as it was given.
//! Limit: text runs left to right in near-horizontal lines once the page is upright.

mod banners;
pub mod bend;
pub mod binarise;
pub mod borders;
pub mod components;
pub mod cover;
pub mod denoise;
pub mod deskew;
pub mod flatten;
pub mod geometry;
pub mod holes;
pub mod ink;
pub mod lines;
mod median;
mod morphology;
pub mod page;
pub mod rules;
pub mod scale;
pub mod show_through;
pub mod variants;
