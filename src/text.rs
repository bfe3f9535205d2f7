//! Words for people: how errors show what the service wrote and how long things took. For programs that show jobs too.

use std::time::Duration;

/// A longer text is cut, in characters.
const LONGEST: usize = 500;

/// A text of the service as one line that is safe to show: line breaks and other control characters become blanks, `##`,
/// with which commands to a CI system begin wherever they stand in its log, becomes `# #`, and what is longer than 500
/// characters is cut.
#[must_use]
pub fn one_line(text: &str) -> String {
    let hidden = |c: char| c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let words = text.split(|c: char| c.is_whitespace() || hidden(c)).filter(|word| !word.is_empty());
    let mut line = String::new();
    for word in words {
        if !line.is_empty() {
            line.push(' ');
        }
        for c in word.chars() {
            if c == '#' && line.ends_with('#') {
                line.push(' ');
            }
            line.push(c);
        }
        // No character takes more than four bytes: this is more than is shown.
        if line.len() > 4 * LONGEST {
            break;
        }
    }
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// A duration in one word, as exact as matters, rounded to the nearest: `0.2s`, `42s`, `12m34s`, `1h02m`.
#[must_use]
pub fn duration(duration: Duration) -> String {
    let nearest = |unit: u128| (duration.as_millis() + unit / 2) / unit;
    let (tenths, seconds, minutes) = (nearest(100), nearest(1_000), nearest(60_000));
    match (tenths, seconds) {
        (0..100, _) => format!("{}.{}s", tenths / 10, tenths % 10),
        (_, 0..60) => format!("{seconds}s"),
        (_, 60..3600) if seconds.is_multiple_of(60) => format!("{}m", seconds / 60),
        (_, 60..3600) => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ if minutes.is_multiple_of(60) => format!("{}h", minutes / 60),
        _ => format!("{}h{:02}m", minutes / 60, minutes % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_becomes_one_line_without_anything_that_a_terminal_obeys() {
        assert_eq!(one_line("  out of\r\n\tmemory\u{1b}[31m\u{7} \u{202e}x\u{2028}y "), "out of memory [31m x y");
        assert_eq!(one_line("\n\0 "), "");
    }

    #[test]
    fn a_text_has_no_command_to_a_ci_system_in_it() {
        assert_eq!(one_line("no ##[add-mask]x #\u{0}# ####vso[ #1"), "no # #[add-mask]x # # # # # #vso[ #1");
    }

    #[test]
    fn a_long_text_is_cut() {
        assert_eq!(one_line(&"é".repeat(500)), "é".repeat(500));
        assert_eq!(one_line(&"é".repeat(501)), "é".repeat(500) + "…");
        assert_eq!(one_line(&"a b ".repeat(100_000)).chars().count(), 501);
    }

    #[test]
    fn a_duration_is_one_word() {
        let texts =
            [49, 9_940, 9_950, 24_999, 59_499, 59_500, 754_000, 3_599_499, 3_599_500, 3_749_999, 3_750_000, 90_000_000]
                .map(|millis| duration(Duration::from_millis(millis)));
        assert_eq!(
            texts,
            ["0.0s", "9.9s", "10s", "25s", "59s", "1m", "12m34s", "59m59s", "1h", "1h02m", "1h03m", "25h"]
        );
    }
}
