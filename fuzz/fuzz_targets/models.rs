#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gavel::testkit::fuzz::models(data));
