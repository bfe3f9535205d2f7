//! Random answers, and what each of them is by the contract's table. Knows no wait.

use std::time::Duration;

use dcs_wait::sandbox::Answer;
use fastrand::Rng;

/// What an answer is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Means {
    Succeeded,
    Failed,
    Unfinished,
    Missing,
    /// Of no use; `is_throttled` if it is because of too many requests.
    Unusable {
        is_throttled: bool,
    },
    /// 401.
    Unauthenticated,
    /// It ends the wait, with an error of this kind.
    Ends(&'static str),
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub(crate) answer: Answer,
    pub(crate) status: Option<u16>,
    /// It comes to its end.
    pub(crate) is_whole: bool,
    pub(crate) means: Means,
    /// When it is there, after the request, in seconds; it never is, if that is infinite.
    pub(crate) takes: f64,
    /// How much of that is a delay of the sandbox.
    pub(crate) delay: f64,
    /// In seconds.
    pub(crate) retry_after: f64,
    /// The time that the service tells, if it is another one than usual, in seconds since the epoch.
    pub(crate) clock: Option<i64>,
}

/// How a service behaves: how often, of a hundred, an answer is of no use, is missing, or ends the wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mood {
    pub(crate) unusable: u32,
    pub(crate) missing: u32,
    pub(crate) ends: u32,
    /// Of a thousand.
    pub(crate) unauthenticated: u32,
    /// Of a hundred, those that take their time, and those with a `Retry-After`.
    pub(crate) slow: u32,
    pub(crate) retry_after: u32,
    pub(crate) has_429: bool,
    /// No delay is longer by much, in seconds.
    pub(crate) request_timeout: f64,
}

pub(crate) const UNUSABLE: Means = Means::Unusable { is_throttled: false };
const THROTTLED: Means = Means::Unusable { is_throttled: true };
const WRONG_DATE: (&str, i64) = ("Mon, 01 Jan 2035 00:00:00 GMT", 2_051_222_400);

impl Said {
    fn new(answer: Answer, status: u16, means: Means) -> Self {
        Self {
            answer,
            status: Some(status),
            is_whole: true,
            means,
            takes: 0.0,
            delay: 0.0,
            retry_after: 0.0,
            clock: None,
        }
    }

    fn http(status: u16, means: Means) -> Self {
        Self::new(Answer::http(status), status, means)
    }

    fn job(status: &str, means: Means) -> Self {
        Self::new(Answer::status(status), 200, means)
    }

    fn body(mut self, body: &str) -> Self {
        self.answer = self.answer.body(body);
        self
    }

    /// Only after this time.
    pub(crate) fn after(mut self, seconds: f64) -> Self {
        self.answer = self.answer.after(Duration::from_secs_f64(seconds));
        self.takes += seconds - self.delay;
        self.delay = seconds;
        self
    }

    fn asks_for(mut self, rng: &mut Rng) -> Self {
        let seconds = [1_u32, 2, 3, 20, 45, 100, 119, 3600][rng.usize(..8)];
        self.retry_after = f64::from(seconds.min(120));
        let text = match rng.u32(..8) {
            0 => {
                self.retry_after = 0.0;
                "soon".to_owned()
            }
            1 if seconds < 60 && self.means != Means::Unauthenticated => {
                self.answer = self.answer.header("Date", "Sun, 06 Nov 2022 08:49:00 GMT");
                format!("Sun, 06 Nov 2022 08:49:{seconds:02} GMT")
            }
            _ => seconds.to_string(),
        };
        self.answer = self.answer.header("Retry-After", text);
        self
    }
}

/// An answer after which a wait goes on, or may.
pub(crate) fn any(rng: &mut Rng, mood: &Mood) -> Said {
    let said = match rng.u32(..100) {
        _ if rng.u32(..1000) < mood.unauthenticated => unauthenticated(rng),
        _ if rng.u32(..100) < mood.ends => end(rng),
        _ if rng.u32(..100) < mood.missing => missing(rng),
        share if share < mood.unusable => unusable(rng, mood),
        _ => unfinished(rng),
    };
    dress(said, rng, mood)
}

/// The last answer, which is given for ever.
pub(crate) fn last(rng: &mut Rng, mood: &Mood) -> Said {
    let said = match rng.u32(..100) {
        0..50 => Said::job(pick(rng, &["SUCCESS", "success", "Success"]), Means::Succeeded),
        50..65 => Said::job(pick(rng, &["FAIL", "FAILED", "Failed", "fail"]), Means::Failed),
        65..85 => unfinished(rng),
        85..92 => unusable(rng, mood),
        92..96 => missing(rng),
        _ => end(rng),
    };
    dress(said, rng, mood)
}

/// What everybody is told in an outage.
pub(crate) fn outage(rng: &mut Rng, mood: &Mood) -> Said {
    let said = loop {
        let said = unusable(rng, mood);
        if said.takes == 0.0 {
            break said;
        }
    };
    dress(said, rng, mood)
}

fn dress(mut said: Said, rng: &mut Rng, mood: &Mood) -> Said {
    let often = if said.means == THROTTLED { 50 } else { 0 };
    // Of an answer that is cut, nothing is known.
    if rng.u32(..100) < mood.retry_after.max(often) && said.is_whole {
        said = said.asks_for(rng);
    }
    if rng.u32(..100) < mood.slow {
        // Never at the very time that a limit is.
        let longest = if rng.bool() { 300.0 } else { mood.request_timeout * 1300.0 };
        said = said.after((rng.f64() * longest / 50.0).floor() * 0.05 + 0.017);
    }
    said
}

fn unfinished(rng: &mut Rng) -> Said {
    match rng.u32(..10) {
        0 => Said::http(200, Means::Unfinished).body(r#"{"status":"RUNNING"}"#),
        1 => Said::http(200, Means::Unfinished).body(r#"{"job_id":null,"status":"INIT","begin_time":"","end_time":7}"#),
        _ => Said::job(
            pick(rng, &["INIT", "RUNNING", "running", "PAUSED", "SUCCEEDED", "FAILING", " SUCCESS", "ok"]),
            Means::Unfinished,
        ),
    }
}

fn missing(rng: &mut Rng) -> Said {
    let body = ["", "<html>", r#"{"error_code":"DCS.3022","error_msg":"The job does not exist."}"#];
    Said::http(404, Means::Missing).body(pick(rng, &body))
}

fn unauthenticated(rng: &mut Rng) -> Said {
    let mut said = Said::http(401, Means::Unauthenticated);
    if rng.u32(..4) == 0 {
        said.answer = said.answer.header("Date", WRONG_DATE.0);
        said.clock = Some(WRONG_DATE.1);
    }
    said
}

fn end(rng: &mut Rng) -> Said {
    let rejected = Means::Ends("rejected");
    match rng.u32(..6) {
        0 => Said::http(403, Means::Ends("denied")),
        1 => Said::http(404, rejected).body(r#"{"error_code":"APIG.0101","error_msg":"no such API"}"#),
        2 => Said::http(404, rejected).body(r#"{"error":{"code":"DCS.4001","message":"wrong place"}}"#),
        3 => Said::http(407, Means::Ends("transport")),
        4 => Said::http(400, rejected).body(r#"{"error_code":"111400070","error_msg":"{0}"}"#),
        _ => {
            let status = [402, 405, 410, 418, 422, 451][rng.usize(..6)];
            Said::http(status, rejected)
        }
    }
}

fn unusable(rng: &mut Rng, mood: &Mood) -> Said {
    match rng.u32(..20) {
        0 => Said { status: None, is_whole: false, ..Said::new(Answer::hang_up(), 500, UNUSABLE) },
        1 => Said { takes: 0.02, is_whole: false, ..Said::new(Answer::status("SUCCESS").cut(), 200, UNUSABLE) },
        2 => Said {
            takes: f64::INFINITY,
            is_whole: false,
            ..Said::new(Answer::status("SUCCESS").stalled(), 200, UNUSABLE)
        },
        3 => Said::http(200, UNUSABLE).body(r#"{"job_id":"another","status":"SUCCESS"}"#),
        4 => {
            let bodies =
                ["", "SUCCESS", r#"{"state":"SUCCESS"}"#, r#"{"status":1}"#, r#"{"status":""}"#, r#"["SUCCESS"]"#];
            Said::http(200, UNUSABLE).body(pick(rng, &bodies))
        }
        5 => {
            let status = [201, 202, 204, 301, 302, 304, 307][rng.usize(..7)];
            Said::http(status, UNUSABLE).body(r#"{"status":"SUCCESS"}"#)
        }
        6..10 if mood.has_429 => throttled(rng),
        _ => {
            let status = [408, 425, 500, 501, 502, 503, 504, 599][rng.usize(..8)];
            Said::http(status, UNUSABLE)
        }
    }
}

fn throttled(rng: &mut Rng) -> Said {
    let said = Said::http(429, THROTTLED);
    let limit = [0, 1, 5, 60, 200][rng.usize(..5)];
    let time = pick(rng, &["1 minute", "1 second", "1 fortnight"]);
    if rng.bool() {
        return said;
    }
    let reached = "The throttling threshold has been reached: policy user over ratelimit";
    said.body(&format!(r#"{{"error_code":"APIG.0308","error_msg":"{reached},limit:{limit},time:{time}"}}"#))
}

fn pick(rng: &mut Rng, texts: &[&'static str]) -> &'static str {
    texts[rng.usize(..texts.len())]
}
