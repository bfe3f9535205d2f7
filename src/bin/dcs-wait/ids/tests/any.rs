//! What holds for any text.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::parse;

fn is_good(id: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    (1..=64).contains(&id.len()) && id.chars().all(good) && id != "-" && id != "null"
}

fn id() -> impl Strategy<Value = String> {
    "[A-Za-z0-9_-]{1,64}".prop_filter("an id", |id| is_good(id))
}

/// A piece of text, the ids that it holds, and whether it is JSON.
type Piece = (String, Vec<String>, bool);

fn piece() -> impl Strategy<Value = Piece> {
    let plain = (id(), "|job_id:[ \t]{0,2}").prop_map(|(id, name)| (name + &id, vec![id], false));
    let element = prop_oneof![
        id().prop_map(|id| (json!(id), vec![id])),
        (id(), ".{0,9}")
            .prop_map(|(id, result)| (json!({"instance_id": "x", "job_id": id, "result": result}), vec![id])),
        Just((json!({"job_id": null, "result": [{"job_id": "x"}]}), vec![])),
    ];
    let array = vec(element.clone(), 0..5).prop_map(|elements| {
        let (values, ids): (Vec<Value>, Vec<Vec<String>>) = elements.into_iter().unzip();
        (Value::Array(values), ids.concat())
    });
    let json = (prop_oneof![element, array], any::<bool>()).prop_map(|((value, ids), is_pretty)| {
        let text = if is_pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        (text.unwrap(), ids, true)
    });
    prop_oneof![plain, json]
}

/// A text of such pieces, and its ids.
fn pieces() -> impl Strategy<Value = (String, Vec<String>)> {
    vec((piece(), "[ \t\n]{0,3}|\r\n"), 0..20).prop_map(|pieces| {
        let (mut text, mut all, mut was_json) = (String::new(), Vec::new(), false);
        for ((piece, ids, is_json), space) in pieces {
            let needs_space = space.is_empty() && !(was_json && is_json);
            text.push_str(if needs_space { "\n" } else { &space });
            text.push_str(&piece);
            all.extend(ids);
            was_json = is_json;
        }
        (text, all)
    })
}

/// Parts of good texts in any order: they lead further than bytes that are anything.
fn scraps() -> impl Strategy<Value = String> {
    let scrap = "[{}\\[\\]\",: \n-]|\"job_id\"|job_id:|null|\"a\"|b|\\{\"job_id\":|\\\\u00|\"error_code\":|\u{feff}|é";
    vec(scrap, 0..40).prop_map(|scraps| scraps.concat())
}

fn assert_good_or_one_safe_line(text: &[u8]) {
    match parse(text) {
        Ok(ids) => assert!(ids.iter().all(|id| is_good(id)), "{ids:?}"),
        Err(error) => {
            assert!(error.starts_with("standard input, line "), "{error}");
            let hidden = |c: char| c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            assert!(!error.contains(hidden) && error.len() < 700, "{error:?}");
        }
    }
}

proptest! {
    #[test]
    fn any_mix_of_pieces_gives_its_ids_in_order((text, all) in pieces()) {
        prop_assert_eq!(parse(text.as_bytes()), Ok(all));
    }

    #[test]
    fn what_is_unreadable_after_any_mix_is_named_by_its_line((text, _) in pieces(), rest in ".{0,20}") {
        let text = text + "\n";
        let line = text.split('\n').count();
        let error = parse((text + "!\n" + &rest).as_bytes()).unwrap_err();
        prop_assert_eq!(error, format!("standard input, line {line}: \"!\" is no job id (1 to 64 of A-Z a-z 0-9 _ -)"));
    }

    #[test]
    fn any_bytes_are_good_ids_or_an_error_of_one_safe_line(
        text in prop_oneof![vec(any::<u8>(), 0..200), scraps().prop_map(String::into_bytes)],
    ) {
        assert_good_or_one_safe_line(&text);
    }

    #[test]
    fn a_mix_that_is_cut_short_gives_no_wrong_id_but_the_last(
        (text, all) in pieces(),
        cut in any::<prop::sample::Index>(),
    ) {
        let cut = cut.index(text.len() + 1);
        let text = String::from_utf8_lossy(&text.as_bytes()[..cut]).into_owned();
        if let Ok(ids) = parse(text.as_bytes()) {
            let whole = ids.len().saturating_sub(1);
            prop_assert!(ids.len() <= all.len());
            prop_assert_eq!(&ids[..whole], &all[..whole]);
        }
    }
}

#[test]
fn what_a_fuzzer_has_kept_gives_ids_or_one_line() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzz/corpus/ids");
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(files.len() > 2);
    for file in files {
        // Shown if it fails.
        println!("{}", file.display());
        assert_good_or_one_safe_line(&std::fs::read(&file).unwrap());
    }
}
