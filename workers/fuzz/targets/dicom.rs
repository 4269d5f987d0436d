//! DICOM with every pixel codec, and the PDF that it may hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| -> libfuzzer_sys::Corpus {
    workers_fuzz::document(bytes, "dicom")
});
