//! Measuring what users get: the `medbot` binary as a child process over a folder with gold.
//! `accuracy` prints error rates and entity F1, `speed` prints time and memory. Every number is a
//! micro average and can be repeated from a printed seed.

pub mod calibrate;
pub mod chaos;
pub mod checkboxes;
pub mod child;
pub mod deidentify;
pub mod diagram;
pub mod entities;
pub mod forms;
pub mod gold;
pub mod load;
pub mod logistic;
pub mod pages;
pub mod proc;
pub mod questions;
pub mod ranking;
pub mod readings;
pub mod sentinel;
