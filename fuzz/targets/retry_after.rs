//! `Retry-After` and `Date`.

#![no_main]

#[path = "../../tests/fuzz/checks.rs"]
#[allow(dead_code, reason = "each target needs one of them")]
mod checks;

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::retry_after(data));
