//! Standard input of the command: ids, answers, anything.

#![no_main]

#[path = "../../src/bin/dcs-wait/refusal.rs"]
mod refusal;
#[path = "../../src/bin/dcs-wait/ids.rs"]
#[allow(dead_code, reason = "reading is not parsing")]
mod ids;

libfuzzer_sys::fuzz_target!(|data: &[u8]| match ids::parse(data) {
    Ok(ids) => {
        let fits = |id: &String| {
            let good = id.bytes().all(|it| it.is_ascii_alphanumeric() || b"_-".contains(&it));
            (1..=64).contains(&id.len()) && good && id != "-" && id != "null"
        };
        assert!(ids.iter().all(fits), "{ids:?}");
        assert!(ids.len() <= data.len());
    }
    Err(problem) => assert!(!problem.chars().any(char::is_control), "{problem:?}"),
});
