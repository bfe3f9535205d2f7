//! What must hold of any bytes that come from outside: the fuzz targets in `fuzz/` feed these checks, and the tests replay
//! what the fuzzers have kept. Only the public API is used, and nothing goes over a socket.

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::Duration;

use dcs_wait::sandbox::{Answer, Sandbox};
use dcs_wait::{Client, Credentials, Environment, Error, Job, JobStatus, Lookup, SourceKind};
use serde_json::Value;
use tokio::runtime::Runtime;

const SECRET_KEY: &str = "fuzzSecretKey0000000000000000000000000000";
const PATH: &str = "/v2/project/jobs/job";

thread_local! {
    static WORLD: RefCell<World> = RefCell::new(World::new());
    static HOME: Home = Home::new();
}

struct World {
    runtime: Runtime,
    sandbox: Sandbox,
    client: Client,
    asked: u32,
}

impl World {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = runtime.expect("a runtime");
        let sandbox = runtime.block_on(async { Sandbox::without_sockets() });
        sandbox.accept_only(key());
        sandbox.record_headers(false);
        let client = client(&sandbox);
        Self { runtime, sandbox, client, asked: 0 }
    }

    fn ask(&mut self, answer: Answer) -> Result<Job, Error> {
        self.sandbox.answer_at(PATH, answer);
        let result = self.runtime.block_on(self.client.job("job"));
        self.asked += 1;
        if self.asked == 10_000 {
            // A sandbox remembers each request.
            *self = Self::new();
        } else if let Err(Error::Denied(_)) = result {
            // After a refusal a client asks no more.
            self.client = client(&self.sandbox);
        }
        result
    }
}

fn key() -> Credentials {
    Credentials::key("FUZZ0000000000000KEY", SECRET_KEY).expect("a key")
}

fn client(sandbox: &Sandbox) -> Client {
    sandbox.client_with(key()).project_id("project").max_rate(1e6).build().expect("a client")
}

fn ask(answer: Answer) -> Result<Job, Error> {
    WORLD.with_borrow_mut(|world| world.ask(answer))
}

/// Text that is shown: one line, without what a terminal would obey, of bounded length, and without the secret.
fn assert_showable(text: &str) {
    assert!(!text.chars().any(char::is_control), "{text:?}");
    assert!(text.len() < 8192, "{} bytes: {text:?}", text.len());
    assert!(!text.contains(SECRET_KEY), "{text:?}");
}

/// The body of an answer 200: a job is taken from it only if it is one, and the one that was asked for.
pub(crate) fn answer(body: &[u8]) {
    let result = ask(Answer::http(200).header("Date", "Tue, 16 May 2023 00:00:00 GMT").body(body));
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let said = value["status"].as_str().filter(|it| !it.trim().is_empty());
    let is_ours = matches!(&value["job_id"], Value::Null) || value["job_id"] == "job";
    match result {
        Ok(job) => {
            assert!(is_ours && said.is_some(), "a job out of {value}");
            let is = |word: &str| said.is_some_and(|said| said.eq_ignore_ascii_case(word));
            assert_eq!(job.status == JobStatus::Success, is("SUCCESS"), "{value}");
            assert_eq!(job.status == JobStatus::Fail, is("FAIL") || is("FAILED"), "{value}");
        }
        Err(error) => {
            assert!(!(is_ours && said.is_some()), "no job out of {value}: {error}");
            assert!(error.is_transient(), "{error}");
            assert_showable(&error.to_string());
        }
    }
}

/// A status and the body of an error: which kind it is depends on the status alone, but for 404.
pub(crate) fn refusal(data: &[u8]) {
    let [high, low, body @ ..] = data else { return };
    let status = 200 + u16::from_be_bytes([*high, *low]) % 400;
    if status == 200 {
        return;
    }
    // A service that echoes the key must not get it shown.
    let body = String::from_utf8_lossy(body).replace("KEY", SECRET_KEY);
    let Err(error) = ask(Answer::http(status).body(body)) else { panic!("a job out of a {status}") };
    let is_transient = matches!(status, 201..=399 | 408 | 425 | 429 | 500..=599);
    assert_eq!(error.is_transient(), is_transient, "{status}: {error}");
    assert_eq!(matches!(error, Error::Denied(_)), matches!(status, 401 | 403), "{status}: {error}");
    assert!(status == 404 || !matches!(error, Error::NotFound(_)), "{status}: {error}");
    assert_showable(&error.to_string());
    assert_showable(&format!("{error:?}").replace('\n', " "));
}

/// The two headers that say when to ask again, a line each.
pub(crate) fn retry_after(data: &[u8]) {
    let text: String = data.iter().map(|byte| char::from(byte & 0x7f)).collect();
    let (after, date) = text.split_once('\n').unwrap_or((&text, "Tue, 16 May 2023 00:00:00 GMT"));
    if [after, date].iter().any(|value| value.chars().any(|it| it.is_control())) {
        return;
    }
    let Err(error) = ask(Answer::http(503).header("Retry-After", after).header("Date", date)) else {
        panic!("a job out of a 503")
    };
    let at = |text: &str| httpdate::parse_http_date(text.trim()).ok();
    let expected = match after.trim().parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        // By the service's own clock; what is over by that sets no bound.
        Err(_) => at(after).zip(at(date)).and_then(|(then, now)| then.duration_since(now).ok()),
    };
    assert_eq!(error.retry_after(), expected, "{after:?} {date:?}");
}

/// The files that credentials are read from: nothing of them but names is ever shown.
pub(crate) fn credentials(data: &[u8]) {
    let home = HOME.with(|home| home.0.clone());
    // What stands elsewhere too may be a name.
    let text = String::from_utf8_lossy(data);
    let is_secret = !text.replace("sk = s3cr3t", "").replace("\"secretAccessKey\":\"s3cr3t\"", "").contains("s3cr3t");
    for (source, path) in
        [(SourceKind::Profile, ".huaweicloud/credentials"), (SourceKind::KooCli, ".hcloud/config.json")]
    {
        let path = home.join(path);
        std::fs::write(&path, data).expect("a file");
        let lookup = Lookup::new().environment(Environment::new::<&str, &str>([], Some(home.clone()))).only(source);
        let shown = match lookup.find() {
            Ok(found) => format!("{} {found:?}", found.origin()),
            Err(error) => error.to_string(),
        };
        assert!(!shown.chars().any(char::is_control), "{shown:?}");
        assert!(!(is_secret && shown.contains("s3cr3t")), "{shown:?}");
    }
}

struct Home(PathBuf);

impl Home {
    fn new() -> Self {
        let shared = PathBuf::from("/dev/shm");
        let base = if shared.is_dir() { shared } else { std::env::temp_dir() };
        let home = base.join(format!("dcs-wait-fuzz-{}", std::process::id()));
        for folder in [".huaweicloud", ".hcloud"] {
            std::fs::create_dir_all(home.join(folder)).expect("a folder");
        }
        Self(home)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
