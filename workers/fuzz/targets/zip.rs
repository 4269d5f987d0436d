//! Archives of a batch, as far as their members' bytes: names, sizes and a directory that somebody else wrote.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| workers_fuzz::archive(bytes));
