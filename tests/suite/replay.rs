//! What the fuzzers have kept, once more: `tests/fuzz/corpus` through the checks of the fuzz targets. What is not
//! public is replayed beside its own tests: `ids` in `src/bin/dcs-wait/ids/tests/any.rs`, `canonical` in
//! `src/sandbox/verify/tests.rs`.

use std::path::Path;

#[path = "../fuzz/checks.rs"]
mod checks;

fn replay(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target);
    let mut files: Vec<_> = folder.read_dir().unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 2, "{target}");
    for file in files {
        // Shown if the check fails.
        println!("{}", file.display());
        check(&std::fs::read(file).unwrap());
    }
}

#[test]
fn a_job_is_taken_only_from_an_answer_that_describes_it() {
    replay("answer", checks::answer);
}

#[test]
fn an_error_is_of_the_kind_that_its_status_says_and_its_text_is_harmless() {
    replay("refusal", checks::refusal);
}

#[test]
fn a_retry_after_is_read_as_it_is_written() {
    replay("retry_after", checks::retry_after);
}

#[test]
fn files_of_credentials_are_read_or_refused_and_never_shown() {
    replay("credentials", checks::credentials);
}
