//! The formats that are little more than a header and pixels.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| -> libfuzzer_sys::Corpus {
    workers_fuzz::document(bytes, "bitmap")
});
