//! The escapes against small models of those who read them: the runner's log, the runner's file of outputs, a table.

use proptest::prelude::*;

use super::*;

/// Texts that try: what has a meaning to one of the readers, and anything.
fn hostile() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        prop::sample::select(vec![
            "\n",
            "\r",
            "\r\n",
            "\u{85}",
            "\u{2028}",
            "\u{b}",
            "\u{1b}[31m",
            "\u{202e}",
            "::",
            "##[",
            "]",
            "##",
            "#",
            "%0A",
            "%0D",
            "%250A",
            "%",
            "error",
            "add-mask",
            "set-output name=x",
            "stop-commands",
            "|",
            "\\|",
            "`",
            "```",
            "<b>",
            "</code>",
            "<script>",
            "&#124;",
            "&amp;",
            "[x](http://e)",
            "http://e.example",
            "www.e.example",
            "@me",
            "#1",
            ":tada:",
            "$x$",
            "**",
            "=",
            "<<",
            "EOF",
            ",",
            " ",
            "\0",
            "é",
            "…",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    prop::collection::vec(word, 0..12).prop_map(|words| words.concat())
}

/// A command as the runner understands it.
#[derive(Debug, PartialEq)]
struct Command {
    name: String,
    properties: Vec<(String, String)>,
    data: String,
}

/// What the runner takes for commands in a log, modelled on its own reader.
fn commands(log: &str) -> Vec<Command> {
    const NAMES: [&str; 8] =
        ["error", "warning", "notice", "debug", "add-mask", "set-output", "stop-commands", "add-path"];
    let newer = |line: &str| {
        let (info, data) = line.trim_start().strip_prefix("::")?.split_once("::")?;
        let (name, properties) = info.split_once(' ').unwrap_or((info, ""));
        let pair = |pair: &str| pair.split_once('=').map(|(key, value)| (key.to_owned(), unescape(value, true)));
        NAMES.contains(&name).then(|| Command {
            name: name.to_owned(),
            properties: properties.split(',').filter_map(pair).collect(),
            data: unescape(data, false),
        })
    };
    let older = |line: &str| {
        let (info, data) = line.split_once("##[")?.1.split_once(']')?;
        let name = info.split(' ').next().unwrap_or_default();
        NAMES.contains(&name).then(|| Command { name: name.to_owned(), properties: Vec::new(), data: data.to_owned() })
    };
    log.split(['\n', '\r']).filter_map(|line| newer(line).or_else(|| older(line))).collect()
}

fn unescape(text: &str, is_property: bool) -> String {
    let text = text.replace("%0D", "\r").replace("%0A", "\n");
    let text = if is_property { text.replace("%3A", ":").replace("%2C", ",") } else { text };
    text.replace("%25", "%")
}

/// The entries of a file of outputs; `None` if the runner refuses it.
fn entries(file: &str) -> Option<Vec<(String, String)>> {
    let mut lines = file.split(['\n', '\r']);
    let mut entries = Vec::new();
    while let Some(line) = lines.next() {
        if line.is_empty() {
            continue;
        }
        match (line.find('='), line.find("<<")) {
            (equals, Some(heredoc)) if equals.is_none_or(|equals| heredoc < equals) => {
                let delimiter = &line[heredoc + 2..];
                let value: Vec<&str> = lines.by_ref().take_while(|line| *line != delimiter).collect();
                entries.push((line[..heredoc].to_owned(), value.join("\n")));
            }
            (Some(equals), _) => entries.push((line[..equals].to_owned(), line[equals + 1..].to_owned())),
            (None, _) => return None,
        }
    }
    Some(entries)
}

/// The text that a cell shows; `None` if anything in it could be markup.
fn shown(cell: &str) -> Option<String> {
    if cell.is_empty() {
        return Some(String::new());
    }
    let mut rest = cell.strip_prefix("<code>")?.strip_suffix("</code>")?;
    let mut text = String::new();
    while let Some(c) = rest.chars().next() {
        if let Some(entity) = rest.strip_prefix("&#") {
            let (number, after) = entity.split_once(';')?;
            text.push(char::from_u32(number.parse().ok()?)?);
            rest = after;
        } else if c.is_ascii_punctuation() || c.is_control() {
            return None;
        } else {
            text.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    Some(text)
}

proptest! {
    #[test]
    fn an_annotation_is_one_command_and_says_the_text(title in hostile(), text in hostile()) {
        let line = annotation(Level::Error, &title, &text);
        prop_assert!(line.ends_with('\n') && !line.trim_end_matches('\n').contains(['\n', '\r']), "{line:?}");
        let found = commands(&line);
        prop_assert_eq!(found.len(), 1, "{:?}", line);
        prop_assert_eq!(&found[0].name, "error");
        let title = one_line(&title);
        let expected = [("title".to_owned(), title)];
        prop_assert_eq!(&found[0].properties[..], &expected[..]);
        prop_assert_eq!(&found[0].data, &one_line(&text));
    }

    #[test]
    fn a_text_that_is_shown_behind_a_word_is_no_command(text in hostile()) {
        prop_assert_eq!(commands(&format!("dcs-wait: {}\n", one_line(&text))), []);
    }

    #[test]
    fn an_output_is_one_entry_with_the_text_on_one_line(first in hostile(), second in hostile()) {
        let file = output("fail_reason", &first) + &output("outcome", &second);
        let expected = vec![("fail_reason".to_owned(), one_line(&first)), ("outcome".to_owned(), one_line(&second))];
        prop_assert_eq!(entries(&file), Some(expected), "{:?}", file);
    }

    #[test]
    fn a_cell_shows_the_text_and_nothing_in_it_is_markup(text in hostile()) {
        let cell = cell(&text, usize::MAX);
        prop_assert_eq!(shown(&cell), Some(one_line(&text)), "{:?}", cell);
        prop_assert_eq!(commands(&cell), []);
    }

    #[test]
    fn a_long_cell_is_cut(text in hostile()) {
        let all = one_line(&text);
        let cut: String = all.chars().take(5).collect();
        let expected = if all == cut { all } else { cut + "…" };
        prop_assert_eq!(shown(&cell(&text, 5)), Some(expected));
    }
}

#[test]
fn the_models_do_see_what_is_not_escaped() {
    let seen = |log: &str| commands(log).into_iter().map(|command| command.name).collect::<Vec<_>>();
    assert_eq!(seen("dcs-wait: no\n  ::add-mask::secret\n"), ["add-mask"]);
    assert_eq!(seen("dcs-wait: no ##[add-mask]secret\n"), ["add-mask"]);
    assert_eq!(entries("fail_reason=no\noutcome=succeeded\n").map(|entries| entries.len()), Some(2));
    assert_eq!(entries("fail_reason=no\nmemory\n"), None);
    assert_eq!(
        entries("a<<E\n1\n2\nE\nb=3<<E\n"),
        Some(vec![("a".into(), "1\n2".into()), ("b".into(), "3<<E".into())])
    );
    assert_eq!(shown("<code>a|b</code>"), None);
    assert_eq!(shown("a"), None);
}

#[test]
fn the_pieces_look_like_this() {
    assert_eq!(
        annotation(Level::Warning, "job a, failed: b", "100% sure\n::error::x"),
        "::warning title=job a%2C failed%3A b::100%25 sure ::error::x\n"
    );
    assert_eq!(output("fail_reason", "no\nmemory"), "fail_reason=no memory\n");
    assert_eq!(cell("a|b", 9), "<code>a&#124;b</code>");
}
