//! Every shape that ids come in, and every reason why they cannot be read, with its line.

mod any;

use std::io::{self, Cursor as Bytes};

use super::*;

fn ids(text: &str) -> Vec<String> {
    parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

fn error(text: impl AsRef<[u8]>) -> String {
    parse(text.as_ref()).unwrap_err()
}

#[test]
fn ids_stand_alone_or_after_their_name() {
    for (text, expected) in [
        ("a", vec!["a"]),
        ("a b\tc\nd\r\ne\r\n\n f \n", vec!["a", "b", "c", "d", "e", "f"]),
        ("b a b", vec!["b", "a", "b"]),
        ("ff8080818822bbf70188235afc24141a -x __ 7", vec!["ff8080818822bbf70188235afc24141a", "-x", "__", "7"]),
        ("job_id:a", vec!["a"]),
        ("job_id: a\njob_id:\t b\r\nc job_id:d", vec!["a", "b", "c", "d"]),
        ("\u{feff}a\n\u{feff}b", vec!["a", "b"]),
        ("\u{feff}\"a\"\u{a0}b", vec!["a", "b"]),
    ] {
        assert_eq!(ids(text), expected, "{text:?}");
    }
}

#[test]
fn ids_stand_in_json_compact_or_pretty_in_arrays_or_one_after_another() {
    for (text, expected) in [
        (r#"{"job_id":"a"}"#, vec!["a"]),
        (
            "{\r\n  \"job_id\" : \"a\",\r\n  \"instance_id\" : \"x y\",\r\n  \"result\" : \"success\"\r\n}\r\n",
            vec!["a"],
        ),
        (r#"{"result":[{"job_id":"x"},null,1.5],"job_id":"a"}"#, vec!["a"]),
        (r#"{"job_id":"a"}{"job_id":"b"} {"job_id":"c"}"#, vec!["a", "b", "c"]),
        (r#"[{"job_id":"a"}, {"job_id":"b"},"c"]"#, vec!["a", "b", "c"]),
        ("[\n  \"a\"\n  ,\n  \"b\"\n]", vec!["a", "b"]),
        (r#"["a"]["b"]"c""d"{"job_id":"e"}"#, vec!["a", "b", "c", "d", "e"]),
        ("\"a\"\n\"b\"\n", vec!["a", "b"]),
        (r#""\u0061-\u0062""#, vec!["a-b"]),
        ("a\n{\"job_id\":\"b\"}\njob_id:c\n[\"d\"] e", vec!["a", "b", "c", "d", "e"]),
        ("[][ ]", vec![]),
    ] {
        assert_eq!(ids(text), expected, "{text:?}");
    }
}

#[test]
fn an_answer_with_a_job_is_none_of_an_error_whatever_stands_beside() {
    for text in [
        r#"{"job_id":"a","error_code":null,"error_msg":null}"#,
        r#"{"job_id":"a","error_code":"DCS.4063","code":7,"message":"m"}"#,
    ] {
        assert_eq!(ids(text), ["a"], "{text}");
    }
}

#[test]
fn an_answer_that_says_it_has_no_job_adds_none() {
    for text in [
        r#"{"job_id":null}"#,
        r#"{"job_id":"","instance_id":"x"}"#,
        r#"[{"job_id":null,"error_code":null,"error_msg":""}]"#,
        r#"{"job_id":null,"error":null}"#,
    ] {
        assert_eq!(ids(text), [""; 0], "{text}");
        assert_eq!(ids(&format!("a {text} b")), ["a", "b"], "{text}");
    }
}

#[test]
fn nothing_holds_no_ids() {
    for text in ["", " ", "\r\n\r\n", "\u{feff}", "\u{feff}\n"] {
        assert_eq!(ids(text), [""; 0], "{text:?}");
    }
}

#[test]
fn the_body_of_an_error_is_shown_in_each_of_its_shapes() {
    for (body, said) in [
        (
            r#"{"error_code":"DCS.4063","error_msg":"instance is busy","error_ext_msg":null}"#,
            "DCS.4063 instance is busy",
        ),
        (r#"{"error":{"code":"111404022","message":"no such instance"}}"#, "111404022 no such instance"),
        (r#"{"error":{"code":401,"message":"expired","title":"Unauthorized"}}"#, "401 expired"),
        (r#"{"code":"DCS.1","message":"m","ext_message":null}"#, "DCS.1 m"),
        (r#"{"errorCode":"DCS.2","errorMsg":"m","encoded_authorization_message":"x"}"#, "DCS.2 m"),
        (r#"{"error_code":"APIG.0301","error_msg":"m","request_id":"r"}"#, "APIG.0301 m (request id r)"),
        (r#"{"error":{"code":"1","message":"m"},"request_id":" r\u0007"}"#, "1 m (request id r)"),
        (r#"{"error":null,"error_code":"DCS.5","message":"m"}"#, "DCS.5 m"),
        (r#"{"error_code":111400063}"#, "111400063"),
        (r#"{"error_msg":"m {0}"}"#, "m {0}"),
        (r#"{"error":"Forbidden"}"#, "Forbidden"),
        (r#"{"job_id":null,"error_code":"DCS.4063"}"#, "DCS.4063"),
        (r#"{"job_id":"","message":"m"}"#, "m"),
        (r#"{"error_code":"DCS.3","error_msg":" two\nlines\u001b[31m\u202e"}"#, "DCS.3 two lines [31m"),
    ] {
        let expected = format!("standard input, line 3: the operation was refused: {said}");
        assert_eq!(error(format!("a\n\n  {body}\nb")), expected);
        assert_eq!(error(format!("[\"a\",\n\n{body}]")), expected);
    }
    let long = error(format!(r#"{{"error_msg":"{}"}}"#, "m".repeat(10_000)));
    assert_eq!(long.chars().count(), "standard input, line 1: the operation was refused: ".len() + 501);
}

#[test]
fn an_object_without_a_job_or_an_error_is_named_by_the_line_where_it_begins() {
    let long = format!(r#"{{"x":"{}","error_code":"DCS.4063"}}"#, "x".repeat(LONGEST_ANSWER));
    for object in
        ["{}", "{\n}", "{\"backup_id\":\n\"x\"}", r#"{"JOB_ID":"x"}"#, r#"{"error":{}}"#, r#"{"code":""}"#, &long]
    {
        assert_eq!(error(format!("a\n{object}\n!")), format!("standard input, line 2: {JOBLESS}"));
    }
}

#[test]
fn the_first_unreadable_word_is_named_with_its_line() {
    for (text, line, word) in [
        ("a\nb\n\nc d, e!\n", 4, r#""d,""#),
        ("<html>\n<body>", 1, r#""<html>""#),
        ("HTTP/1.1 200 OK\r\n\r\n{}", 1, r#""HTTP/1.1""#),
        ("\r\n\r\njob_id:a/b", 3, r#""a/b""#),
        ("job_id: {\"job_id\":\"a\"}", 1, r#""{\"job_id\":\"a\"}""#),
        ("a ../b", 1, r#""../b""#),
        ("é", 1, r#""é""#),
        ("a\n\"b\\n c\"", 2, r#""b\n c""#),
        ("\"\"", 1, r#""""#),
        ("[\"a\",\n\"b c\"]", 2, r#""b c""#),
        ("{\"job_id\":\n\"a b\"}", 1, r#""a b""#),
        ("\u{1b}[31m\u{202e}", 1, r#""\u{1b}[31m\u{202e}""#),
        ("a\n} {", 2, r#""}""#),
    ] {
        let expected = format!("standard input, line {line}: {word} is no job id (1 to 64 of A-Z a-z 0-9 _ -)");
        assert_eq!(error(text), expected, "{text:?}");
    }
}

#[test]
fn an_id_has_at_most_64_characters() {
    assert_eq!(ids(&"x".repeat(64)), ["x".repeat(64)]);
    let shown = format!("\"{}\"… is no job id (1 to 64 of A-Z a-z 0-9 _ -)", "x".repeat(40));
    assert_eq!(error("x".repeat(65)), format!("standard input, line 1: {shown}"));
    assert_eq!(error(format!("[\n\"{}\"]", "x".repeat(65))), format!("standard input, line 2: {shown}"));
    assert!(error("\u{1b}".repeat(41)).contains(&format!("\"{}\"… is", r"\u{1b}".repeat(40))), "cut and safe");
    assert!(error("é".repeat(40)).contains(&format!("\"{}\" is", "é".repeat(40))), "as long as is shown: not cut");
}

#[test]
fn words_that_mean_something_else_are_no_ids() {
    for text in ["null", "job_id:null", "job_id: null", "\"null\"", "[\"null\"]", r#"{"job_id":"null"}"#] {
        assert_eq!(
            error(format!("a\n{text}")),
            "standard input, line 2: null is not a job id: the answer that it was taken from has none",
            "{text}"
        );
    }
    for text in ["-", "- a", "\"-\"", r#"{"job_id":"-"}"#] {
        assert_eq!(error(text), "standard input, line 1: - is not a job id", "{text}");
    }
    assert_eq!(ids("nulls Null --"), ["nulls", "Null", "--"]);
}

#[test]
fn a_name_without_an_id_on_its_line_is_an_error() {
    for text in ["a\njob_id:", "a\njob_id: \t\r\nb", "a\njob_id:\n\"b\""] {
        assert_eq!(error(text), "standard input, line 2: job_id: without an id", "{text:?}");
    }
}

#[test]
fn json_that_cannot_be_read_is_named_with_its_line() {
    for (text, expected) in [
        ("a\n{", "line 2: JSON without an end"),
        ("a\n{\"job_id\":\"a\",\n", "line 2: JSON without an end"),
        ("\n\"abc", "line 2: JSON without an end"),
        ("a\n{\n\"job_id\":\n!}", "line 4: unreadable JSON: expected value"),
        ("{\"job_id\":\"a\"\n\"x\":1}", "line 2: unreadable JSON: expected `,` or `}`"),
        ("{a}", "line 1: unreadable JSON: key must be a string"),
        ("{\"job_id\":\"a\",\n\"job_id\":\"b\"}", "line 2: job_id: duplicate field `job_id`"),
        ("{\n\"job_id\":7}", "line 2: job_id: invalid type: integer `7`, expected a string"),
        ("{\"job_id\":{\"job_id\":\"a\"}}", "line 1: job_id: invalid type: map, expected a string"),
        ("\n[\n\n", "line 4: the end instead of a string or an object"),
        ("[\"a\",\n]", "line 2: \"]\" instead of a string or an object"),
        ("[\"a\",\nnull]", "line 2: \"null]\" instead of a string or an object"),
        ("[USE_ERROR]bad\nx", "line 1: \"USE_ERROR]bad\" instead of a string or an object"),
        ("[[\"a\"]]", "line 1: \"[\\\"a\\\"]]\" instead of a string or an object"),
        ("[\"a\"", "line 1: the end instead of a comma or ]"),
        ("[\"a\"\n\"b\"]", "line 2: \"\\\"b\\\"]\" instead of a comma or ]"),
        ("{\"job_id\":\"a\"},\n{\"job_id\":\"b\"}", "line 1: \",\" instead of white space after JSON"),
        ("a\n\"job_id\": \"x\"", "line 2: \":\" instead of white space after JSON"),
        ("[\"a\"]b", "line 1: \"b\" instead of white space after JSON"),
    ] {
        assert_eq!(error(text), format!("standard input, {expected}"), "{text:?}");
    }
}

#[test]
fn json_nested_without_end_is_an_error_and_no_overflow() {
    let deep = 1_000_000;
    let (open, close) = ("[".repeat(deep), "]".repeat(deep));
    assert_eq!(
        error(format!("a\n{open}{close}")),
        format!("standard input, line 2: \"{}\"… instead of a string or an object", "[".repeat(40))
    );
    let objects = r#"{"x":"#.repeat(deep);
    assert_eq!(error(format!("a\n{objects}")), "standard input, line 2: JSON without an end");
    assert_eq!(error(format!("a\n{{\"x\":{open}{close}}}")), format!("standard input, line 2: {JOBLESS}"));
    let within_an_answer = format!("{{\"x\":{}{}}}", "[".repeat(1000), "]".repeat(1000));
    assert_eq!(error(within_an_answer), format!("standard input, line 1: {JOBLESS}"));
    assert_eq!(ids(&format!("{{\"x\":{open}{close},\"job_id\":\"a\"}}")), ["a"]);
}

#[test]
fn bytes_that_are_not_utf8_are_named_with_their_line() {
    assert_eq!(error(b"a\n\nb\xff"), "standard input, line 3: not UTF-8");
    assert_eq!(error(b"a\n{\"x\":\"\xe9\"}"), "standard input, line 2: not UTF-8");
    assert_eq!(error(b"a\n\xe2\x82"), "standard input, line 2: not UTF-8");
    assert_eq!(error(b"\xff\xfea\0\n\0"), "standard input, line 1: not UTF-8");
}

#[test]
fn a_million_ids_are_taken_and_not_one_more() {
    let most = "a\n".repeat(MOST);
    assert_eq!(ids(&most).len(), MOST);
    assert_eq!(error(most + "b"), "standard input: more than 1,000,000 job ids");
    let most = format!("[{}\"b\"]", "\"a\",".repeat(MOST - 1));
    assert_eq!(ids(&most).len(), MOST);
    assert_eq!(error(most + r#"{"job_id":"c"}"#), "standard input: more than 1,000,000 job ids");
}

#[test]
fn up_to_64_mib_are_read_and_no_more() {
    // Read and refused at its first byte, which takes no time.
    let bytes = |length| io::repeat(0xff).take(length);
    assert_eq!(read(bytes(LONGEST)), Err("standard input, line 1: not UTF-8".to_owned()));
    assert_eq!(read(bytes(LONGEST + 1)), Err("standard input: longer than 64 MiB".to_owned()));
    assert_eq!(read(io::repeat(0xff)), Err("standard input: longer than 64 MiB".to_owned()), "it does not end");
}

#[test]
fn an_input_that_breaks_is_an_error_whatever_came_before() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the cable is out"))
        }
    }
    assert_eq!(read(Bytes::new("a b")), Ok(vec!["a".to_owned(), "b".to_owned()]));
    let broken = read(Bytes::new("a b").chain(Broken));
    assert_eq!(broken, Err("standard input: cannot read it: the cable is out".to_owned()));
}
