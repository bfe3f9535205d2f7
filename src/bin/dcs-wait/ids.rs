//! Job ids from standard input: plain ones, and the answers of the operations that started the jobs. Knows neither what
//! is done with the ids nor whether there may be none.
//!
//! White space stands between pieces, and between JSON values it may be left out. A piece is an id, `job_id:<id>`, a
//! JSON string, an object with a `job_id`, or an array of such strings and objects. An answer whose `job_id` is null or
//! empty started no job, like one without a body, and adds no id. The word `null` is refused: `jq` prints it for such
//! an answer and for an error alike.

use std::io::Read;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_json::{Deserializer, Value};

use crate::refusal::refusal;

/// No more is read, in bytes.
const LONGEST: u64 = 64 * 1024 * 1024;
/// No more ids are taken.
const MOST: usize = 1_000_000;
/// A longer object without a job is not searched for what it says: no answer of the service is longer, in bytes.
const LONGEST_ANSWER: usize = 1024 * 1024;
/// What is said of an answer that has no job, nor an error.
const JOBLESS: &str = "an object without job_id; some operations (creating, deleting, restarting, resizing) give none";
/// So much of what is unreadable is shown, in characters.
const SHOWN: usize = 40;

/// Reads to the end and gives all ids in order, with their duplicates.
///
/// # Errors
///
/// What cannot be read, with its line; what the service said if it refused an operation; too much of anything.
pub(crate) fn read(input: impl Read) -> Result<Vec<String>, String> {
    let mut text = Vec::new();
    let read = input.take(LONGEST + 1).read_to_end(&mut text);
    read.map_err(|error| format!("standard input: cannot read it: {error}"))?;
    if text.len() as u64 > LONGEST {
        return Err("standard input: longer than 64 MiB".to_owned());
    }
    parse(&text)
}

/// All ids in order, with their duplicates.
///
/// # Errors
///
/// As [`read`].
pub(crate) fn parse(text: &[u8]) -> Result<Vec<String>, String> {
    let text =
        std::str::from_utf8(text).map_err(|error| at_line(line_after(&text[..error.valid_up_to()]), "not UTF-8"))?;
    let mut cursor = Cursor { text, at: 0, ids: Vec::new() };
    while let Some(first) = cursor.skip_space() {
        match first {
            b'{' => cursor.object()?,
            b'[' => cursor.array()?,
            b'"' => cursor.string()?,
            _ => {
                cursor.word()?;
                continue;
            }
        }
        match cursor.rest().chars().next() {
            None | Some('{' | '[' | '"') => {}
            Some(c) if is_space(c) => {}
            Some(_) => return Err(cursor.instead_of("white space after JSON")),
        }
    }
    Ok(cursor.ids)
}

/// An operation's answer, as far as it matters here.
#[derive(Deserialize)]
struct Answer {
    job_id: Option<String>,
}

/// Where in the text the reading is, and the ids before. It stands on the start of what an error is about.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
    ids: Vec<String>,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Goes to the next piece, and gives its first byte.
    fn skip_space(&mut self) -> Option<u8> {
        self.at = self.text.len() - self.rest().trim_start_matches(is_space).len();
        self.rest().bytes().next()
    }

    /// Plain, or `job_id:` with an id on the same line.
    fn word(&mut self) -> Result<(), String> {
        let mut word = up_to_space(self.rest());
        let mut end = self.at + word.len();
        if let Some(id) = word.strip_prefix("job_id:") {
            word = id;
            if word.is_empty() {
                let behind = self.text[end..].trim_start_matches(|c| c != '\n' && is_space(c));
                word = up_to_space(behind);
                end = self.text.len() - behind.len() + word.len();
            }
            if word.is_empty() {
                return Err(self.error("job_id: without an id"));
            }
        }
        self.add(word.to_owned())?;
        self.at = end;
        Ok(())
    }

    fn string(&mut self) -> Result<(), String> {
        let (id, end) = self.json()?;
        self.add(id)?;
        self.at = end;
        Ok(())
    }

    fn object(&mut self) -> Result<(), String> {
        let (answer, end) = self.json::<Answer>()?;
        match answer.job_id {
            Some(id) if !id.is_empty() => self.add(id)?,
            _ => self.jobless(&self.text[self.at..end])?,
        }
        self.at = end;
        Ok(())
    }

    /// # Errors
    ///
    /// Why there is no job, unless the answer itself says that there is none.
    fn jobless(&self, answer: &str) -> Result<(), String> {
        let body: Value = match answer.len() {
            ..=LONGEST_ANSWER => serde_json::from_str(answer).unwrap_or_default(),
            _ => Value::Null,
        };
        match refusal(&body) {
            Some(refusal) => Err(self.error(&format!("the operation was refused: {refusal}"))),
            None if body.get("job_id").is_some() => Ok(()),
            None => Err(self.error(JOBLESS)),
        }
    }

    /// Its elements one by one, so that each is known by its line and none is kept.
    fn array(&mut self) -> Result<(), String> {
        self.at += 1;
        if self.skip_space() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            match self.skip_space() {
                Some(b'{') => self.object()?,
                Some(b'"') => self.string()?,
                _ => return Err(self.instead_of("a string or an object")),
            }
            match self.skip_space() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.instead_of("a comma or ]")),
            }
        }
    }

    /// The JSON value that begins here, and where it ends.
    fn json<T: DeserializeOwned>(&self) -> Result<(T, usize), String> {
        let mut values = Deserializer::from_str(self.rest()).into_iter();
        let error = match values.next() {
            Some(Ok(value)) => return Ok((value, self.at + values.byte_offset())),
            Some(Err(error)) if error.classify() != Category::Eof => error,
            Some(Err(_)) | None => return Err(self.error("JSON without an end")),
        };
        let problem = error.to_string();
        // Its own line counts from here, and so does its column.
        let problem = problem.rsplit_once(" at line ").map_or(problem.as_str(), |(problem, _)| problem);
        let name = if error.is_data() { "job_id" } else { "unreadable JSON" };
        Err(at_line(self.line() + error.line().saturating_sub(1), &format!("{name}: {problem}")))
    }

    fn add(&mut self, id: String) -> Result<(), String> {
        match id.as_str() {
            "null" => return Err(self.error("null is not a job id: the answer that it was taken from has none")),
            // Wherever ids are arguments, it is standard input.
            "-" => return Err(self.error("- is not a job id")),
            _ => {}
        }
        let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if !(1..=64).contains(&id.len()) || !id.bytes().all(good) {
            return Err(self.error(&format!("{} is no job id (1 to 64 of A-Z a-z 0-9 _ -)", shown(&id))));
        }
        if self.ids.len() == MOST {
            return Err("standard input: more than 1,000,000 job ids".to_owned());
        }
        self.ids.push(id);
        Ok(())
    }

    fn instead_of(&self, expected: &str) -> String {
        let found = match up_to_space(self.rest()) {
            "" => "the end".to_owned(),
            word => shown(word),
        };
        self.error(&format!("{found} instead of {expected}"))
    }

    fn error(&self, problem: &str) -> String {
        at_line(self.line(), problem)
    }

    fn line(&self) -> usize {
        line_after(&self.text.as_bytes()[..self.at])
    }
}

/// Counted only for an error, of which there is at most one.
fn line_after(before: &[u8]) -> usize {
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}

fn at_line(line: usize, problem: &str) -> String {
    format!("standard input, line {line}: {problem}")
}

/// The mark that some programs write before UTF-8 is as good as space, wherever files were joined.
fn is_space(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

fn up_to_space(text: &str) -> &str {
    text.split(is_space).next().unwrap_or_default()
}

fn shown(word: &str) -> String {
    match word.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}…", &word[..end]),
        None => format!("{word:?}"),
    }
}

#[cfg(test)]
mod tests;
