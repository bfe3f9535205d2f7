//! Answers that no proper server gives, and what each of them means to a wait.

use super::proxy::{Script, Way};

/// What an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Means {
    /// What is said there.
    Itself,
    /// Nothing; it is known at once.
    Nothing,
    /// Nothing; it does not come to an end in time.
    NothingInTime,
    /// Whether it is read depends on what comes first, answer or request.
    ItselfOrNothing,
    /// The job runs; what else is said there answers no question.
    Running,
}

/// Says this, and then nothing more.
fn says(text: impl Into<Vec<u8>>) -> Script {
    Script { is_early: false, parts: vec![text.into()], endless: None, way: Way::Silence }
}

fn fin(text: impl Into<Vec<u8>>) -> Script {
    Script { way: Way::Fin, ..says(text) }
}

fn endless(text: impl Into<Vec<u8>>, endless: &str) -> Script {
    // Large writes: it is the client that is tested.
    Script { endless: Some(endless.repeat(16 * 1024 / endless.len() + 1).into()), ..says(text) }
}

/// For what the HTTP library bears for ever: a flood would test how fast that is.
fn slowly_endless(text: impl Into<Vec<u8>>, endless: &str) -> Script {
    Script { endless: Some(endless.into()), ..says(text) }
}

/// An answer with these headers, each with its line end.
fn ok(headers: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{headers}\r\n{body}")
}

fn of_length(length: impl std::fmt::Display, body: &str) -> String {
    ok(&format!("Content-Length: {length}\r\n"), body)
}

fn chunked(body: &str) -> String {
    ok("Transfer-Encoding: chunked\r\n", body)
}

fn job(status: &str) -> String {
    format!(r#"{{"job_id":"job","job_type":"t","status":"{status}"}}"#)
}

/// Each of them says that the job has this status.
pub(super) fn rows(status: &str) -> Vec<(&'static str, Means, Script)> {
    use Means::{Itself, ItselfOrNothing, Nothing, NothingInTime, Running};
    let (b, running) = (&*job(status), &*job("RUNNING"));
    let n = b.len();
    let (half, rest) = b.split_at(n / 2);
    let whole = &*of_length(n, b);
    let with_length = |start: &str| format!("{start}\r\nContent-Length: {n}\r\n\r\n{b}");
    let with_header = |header: &str| ok(&format!("Content-Length: {n}\r\n{header}\r\n"), b);
    let one_chunk = format!("{n:x}\r\n{b}\r\n");
    let trickled = Script { parts: whole.bytes().map(|byte| vec![byte]).collect(), ..says("") };
    vec![
        ("proper", Itself, says(whole)),
        ("a byte at a time", Itself, trickled),
        ("doubled", Itself, says(whole.repeat(2))),
        // In two writes, the second might come after the next request, and would be its answer.
        ("two in one write", Running, says(of_length(running.len(), running) + whole)),
        ("before the request", ItselfOrNothing, Script { is_early: true, ..says(whole) }),
        ("before the request, then closed", ItselfOrNothing, Script { is_early: true, ..fin(whole) }),
        ("before the request, in part", Nothing, Script { is_early: true, ..fin(&whole[..whole.len() - 1]) }),
        // Interim answers.
        ("100", Itself, says(format!("HTTP/1.1 100 Continue\r\n\r\n{whole}"))),
        ("102 with headers", Itself, says(format!("HTTP/1.1 102 Processing\r\nContent-Length: 3\r\n\r\n{whole}"))),
        ("103", Itself, says(format!("HTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\n{whole}"))),
        ("a thousand 1xx", Itself, says("HTTP/1.1 199 \r\n\r\n".repeat(1000) + whole)),
        ("only 100", Nothing, fin("HTTP/1.1 100 Continue\r\n\r\n")),
        ("100 and silence", NothingInTime, says("HTTP/1.1 100 Continue\r\n\r\n")),
        ("endless 1xx", NothingInTime, slowly_endless("", "HTTP/1.1 102 Processing\r\n\r\n")),
        ("101", Nothing, says(format!("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n{whole}"))),
        // Without an end.
        ("endless headers", Nothing, endless("HTTP/1.1 200 OK\r\n", "X-Header: something\r\n")),
        ("an endless header", Nothing, endless("HTTP/1.1 200 OK\r\nX-Header: ", "x")),
        ("an endless name of a header", Nothing, endless("HTTP/1.1 200 OK\r\n", "x")),
        ("an endless reason", Nothing, endless("HTTP/1.1 200 ", "x")),
        ("endless empty lines", Nothing, endless("", "\r\n")),
        ("an endless body", Nothing, endless(ok("", b), " ")),
        ("endless chunks", Nothing, endless(chunked(&one_chunk), &format!("100\r\n{}\r\n", " ".repeat(256)))),
        ("an endless extension of a chunk", Nothing, endless(chunked("1;"), "x")),
        ("endless trailers", Nothing, endless(chunked(&format!("{one_chunk}0\r\n")), "X: y\r\n")),
        ("an endless size of a chunk", NothingInTime, slowly_endless(chunked(""), "0")),
        ("200 headers", Nothing, says(ok(&"X: y\r\n".repeat(200), b))),
        // Lengths.
        ("too long a length", Nothing, fin(of_length(n + 1, b))),
        ("too long a length, and silence", NothingInTime, says(of_length(n + 1, b))),
        ("too long a length, and reset", Nothing, Script { way: Way::Reset, ..says(of_length(n + 1, b)) }),
        ("too short a length", Nothing, fin(of_length(n - 1, b))),
        ("a length without what follows", Itself, says(of_length(n, &format!("{b}garbage")))),
        ("no length left", Nothing, fin(of_length(0, b))),
        ("a length twice", Itself, says(with_header(&format!("Content-Length: {n}")))),
        ("a length twice in one header", Itself, says(of_length(format!("{n}, {n}"), b))),
        ("two lengths", Nothing, says(with_header("Content-Length: 1"))),
        ("two lengths in one header", Nothing, says(of_length(format!("{n}, 1"), b))),
        ("a negative length", Nothing, says(of_length(format!("-{n}"), b))),
        ("a signed length", Nothing, says(of_length(format!("+{n}"), b))),
        ("a length in hex", Nothing, says(of_length(format!("0x{n:x}"), b))),
        ("a length that is no number", Nothing, says(of_length("many", b))),
        ("a length beyond all", Nothing, says(of_length("99999999999999999999999999", b))),
        ("a length of 2^64 - 1", Nothing, fin(of_length(u64::MAX, b))),
        ("an empty length", Nothing, says(of_length("", b))),
        ("until closed", Itself, fin(ok("", b))),
        ("until closed, which never happens", NothingInTime, says(ok("", b))),
        ("until closed, half", Nothing, fin(ok("", half))),
        ("until reset", Nothing, Script { way: Way::Reset, ..says(ok("", b)) }),
        // Chunks.
        ("chunked", Itself, says(chunked(&format!("{one_chunk}0\r\n\r\n")))),
        ("two chunks", Itself, {
            let first = format!("{:x}\r\n{half}\r\n", half.len());
            says(chunked(&format!("{first}{:x};x=y\r\n{rest}\r\n0\r\nX: y\r\n\r\n", rest.len())))
        }),
        ("chunks and a length", Itself, {
            says(ok("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", &format!("{one_chunk}0\r\n\r\n")))
        }),
        ("no last chunk", Nothing, fin(chunked(&one_chunk))),
        ("no last chunk, and silence", NothingInTime, says(chunked(&one_chunk))),
        ("half of the last chunk", Nothing, fin(chunked(&format!("{one_chunk}0\r\n")))),
        ("too large a chunk", Nothing, fin(chunked(&format!("{:x}\r\n{b}\r\n0\r\n\r\n", n + 1)))),
        ("too small a chunk", Nothing, fin(chunked(&format!("{:x}\r\n{b}\r\n0\r\n\r\n", n - 1)))),
        ("a chunk of no number", Nothing, says(chunked(&format!("zz\r\n{b}\r\n0\r\n\r\n")))),
        ("a chunk of negative size", Nothing, says(chunked(&format!("-{one_chunk}0\r\n\r\n")))),
        ("a chunk beyond all", Nothing, says(chunked(&format!("fffffffffffffffff{one_chunk}0\r\n\r\n")))),
        ("a chunk of 2^64 - 1", Nothing, fin(chunked(&format!("ffffffffffffffff\r\n{b}\r\n")))),
        ("a chunk without its end", Nothing, says(chunked(&format!("{n:x}\r\n{b}0\r\n\r\n")))),
        ("an unknown transfer coding", Nothing, fin(ok("Transfer-Encoding: zip\r\n", "not what it says"))),
        // What is no HTTP/1.1.
        ("HTTP/1.0", Itself, says(with_length("HTTP/1.0 200 OK"))),
        ("HTTP/1.0 until closed", Itself, fin(format!("HTTP/1.0 200 OK\r\n\r\n{b}"))),
        ("HTTP/0.9", Nothing, fin(b)),
        ("HTTP/1.2", Nothing, says(with_length("HTTP/1.2 200 OK"))),
        ("HTTP/2.0", Nothing, says(with_length("HTTP/2.0 200 OK"))),
        ("HTTP/2", Nothing, says(*b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0d\0\x04\0\x10\0\0\0\x06\0\0@\0")),
        ("another protocol", Nothing, says(with_length("RTSP/1.0 200 OK"))),
        ("in lower case", Nothing, says(with_length("http/1.1 200 ok"))),
        ("SSH", Nothing, says("SSH-2.0-OpenSSH_9.6\r\n")),
        ("a TLS alert", Nothing, says(*b"\x15\x03\x01\0\x02\x02\x46")),
        ("zeros", Nothing, says([0; 512])),
        ("high bytes", Nothing, says([255; 512])),
        ("a request", Nothing, says("GET / HTTP/1.1\r\nHost: x\r\n\r\n")),
        // Status lines and headers.
        ("no reason", Itself, says(with_length("HTTP/1.1 200"))),
        ("line ends of one byte", Itself, says(whole.replace("\r\n", "\n"))),
        ("empty lines first", Itself, says(format!("\r\n\r\n{whole}"))),
        ("a status of four digits", Nothing, says(with_length("HTTP/1.1 2000 OK"))),
        ("a status of two digits", Nothing, says(with_length("HTTP/1.1 20 OK"))),
        ("a status of none", Nothing, says(with_length("HTTP/1.1 OK"))),
        ("status 099", Nothing, says(with_length("HTTP/1.1 099 OK"))),
        ("status 999", Nothing, fin(with_length("HTTP/1.1 999 OK"))),
        ("a header of two lines", Nothing, says(with_header("X: y\r\n z"))),
        ("a header without a colon", Nothing, says(with_header("X"))),
        ("a blank before the colon", Nothing, says(with_header("X : y"))),
        ("a zero in a header", Nothing, says(with_header("X: \0"))),
        ("a high byte in a header", Itself, says(with_header("X: é"))),
        // Bodies.
        ("said to be compressed", Itself, says(with_header("Content-Encoding: gzip"))),
        ("compressed", Nothing, fin([of_length(4, "").as_bytes(), b"\x1f\x8b\x08\0"].concat())),
        ("a second job behind it", Nothing, fin(of_length(n + n, &b.repeat(2)))),
        ("a mark of byte order", Nothing, fin(of_length(n + 3, &format!("\u{feff}{b}")))),
        ("white space around it", Itself, says(of_length(n + 4, &format!("\r\n{b}\r\n")))),
        ("a zero behind it", Nothing, fin(of_length(n + 1, &format!("{b}\0")))),
        ("very deep", Nothing, fin(of_length(100_000, &"[".repeat(100_000)))),
    ]
}
