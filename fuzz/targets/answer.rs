//! The body of an answer that may describe a job.

#![no_main]

#[path = "../../tests/fuzz/checks.rs"]
#[allow(dead_code, reason = "each target needs one of them")]
mod checks;

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::answer(data));
