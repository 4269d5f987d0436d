//! JSON that crosses a border: what tasks are made of, and what a sandboxed child is asked and answers.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| workers_fuzz::messages(bytes));
