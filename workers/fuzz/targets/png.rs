//! PNG and APNG.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| -> libfuzzer_sys::Corpus {
    workers_fuzz::document(bytes, "png")
});
