//! JPEG with its markers and EXIF.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| -> libfuzzer_sys::Corpus {
    workers_fuzz::document(bytes, "jpeg")
});
