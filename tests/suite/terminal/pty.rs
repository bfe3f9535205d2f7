//! A terminal with the command in it: what it writes there, and what would be seen.

use std::io::{Read as _, Write as _};
use std::num::NonZero;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use dcs_wait::sandbox::Sandbox;
use pty_process::Size;
use pty_process::blocking::{Command, Pty};

use crate::support::environment;

/// How long is waited for something to be seen.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Terminal {
    pty: Arc<Pty>,
    seen: Arc<Mutex<Seen>>,
    reader: Option<thread::JoinHandle<()>>,
    child: Child,
}

struct Seen {
    screen: vt100::Parser,
    bytes: Vec<u8>,
}

/// How it ended.
pub(crate) struct Ended {
    pub(crate) status: i32,
    /// All that was ever written.
    pub(crate) written: String,
    /// The lines that can be seen, without those at the end that are empty.
    pub(crate) lines: Vec<String>,
    pub(crate) hides_cursor: bool,
    /// What was written to standard output, if that leads elsewhere.
    pub(crate) stdout: String,
}

/// The command in a terminal of 24 rows and 80 columns. `variables` come on top of the usual ones.
pub(crate) fn start(sandbox: &Sandbox, args: &str, variables: &[(&str, &str)]) -> Terminal {
    let command = Command::new(env!("CARGO_BIN_EXE_dcs-wait")).args(args.split_whitespace());
    Terminal::start(command, sandbox, variables)
}

impl Terminal {
    pub(crate) fn start(command: Command, sandbox: &Sandbox, variables: &[(&str, &str)]) -> Self {
        let (pty, pts) = pty_process::blocking::open().unwrap();
        pty.resize(Size::new(24, 80)).unwrap();
        let command = command.env_clear().envs(environment(sandbox)).env("TERM", "xterm-256color");
        let command = command.env("PATH", std::env::var("PATH").unwrap()).envs(variables.iter().copied());
        let child = command.spawn(pts).unwrap();
        let pty = Arc::new(pty);
        let seen =
            Arc::new(Mutex::new(Seen { screen: vt100::Parser::new(cells(24), cells(80), 1000), bytes: Vec::new() }));
        let reader = thread::spawn({
            let (pty, seen) = (Arc::clone(&pty), Arc::clone(&seen));
            move || {
                let mut chunk = [0; 4096];
                // When nobody writes any more, that is an error.
                while let Ok(count @ 1..) = (&*pty).read(&mut chunk) {
                    let mut seen = seen.lock().unwrap();
                    seen.screen.process(&chunk[..count]);
                    seen.bytes.extend(&chunk[..count]);
                }
            }
        });
        Self { pty, seen, reader: Some(reader), child }
    }

    /// Makes it smaller or larger.
    pub(crate) fn resize(&self, rows: u16, columns: u16) {
        self.seen.lock().unwrap().screen.screen_mut().set_size(cells(rows), cells(columns));
        self.pty.resize(Size::new(rows, columns)).unwrap();
    }

    /// Types something.
    pub(crate) fn press(&self, keys: &str) {
        (&*self.pty).write_all(keys.as_bytes()).unwrap();
    }

    /// The lines that can be seen now.
    pub(crate) fn lines(&self) -> Vec<String> {
        lines(&self.seen.lock().unwrap().screen)
    }

    /// Looks at all that can be seen now, with its colours.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&vt100::Screen) -> T) -> T {
        look(self.seen.lock().unwrap().screen.screen())
    }

    /// Waits until this is to be seen in one line, and returns that line.
    pub(crate) async fn line(&self, parts: &[&str]) -> String {
        let is_it = |line: &&String| parts.iter().all(|part| line.contains(part));
        self.until(&format!("line with {parts:?}"), |lines| lines.iter().find(is_it).cloned()).await
    }

    /// Waits until each of these is to be seen in some line, and returns all lines of that moment.
    pub(crate) async fn screen(&self, parts: &[&str]) -> Vec<String> {
        let is_there = |lines: &[String]| parts.iter().all(|part| lines.iter().any(|line| line.contains(part)));
        self.until(&format!("screen with {parts:?}"), |lines| is_there(lines).then(|| lines.to_vec())).await
    }

    async fn until<T>(&self, what: &str, find: impl Fn(&[String]) -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            let lines = self.lines();
            if let Some(found) = find(&lines) {
                return found;
            }
            assert!(start.elapsed() < PATIENCE, "no {what}: {lines:#?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// How much was written so far.
    pub(crate) fn written(&self) -> usize {
        self.seen.lock().unwrap().bytes.len()
    }

    /// Waits until the command ends.
    pub(crate) async fn end(mut self) -> Ended {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status.code().expect("it is not killed by a signal");
            }
            assert!(start.elapsed() < PATIENCE, "it does not end: {:#?}", self.lines());
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        let mut stdout = String::new();
        if let Some(mut pipe) = self.child.stdout.take() {
            pipe.read_to_string(&mut stdout).unwrap();
        }
        self.reader.take().unwrap().join().unwrap();
        let seen = self.seen.lock().unwrap();
        Ended {
            status,
            written: String::from_utf8(seen.bytes.clone()).expect("it is UTF-8"),
            lines: lines(&seen.screen),
            hides_cursor: seen.screen.screen().hide_cursor(),
            stdout,
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// Everything that was written is a text of lines that nothing was drawn over.
    pub(crate) fn is_plain(&self) -> bool {
        !self.written.contains('\u{1b}') && !self.written.replace("\r\n", "").contains('\r')
    }
}

pub(crate) fn cells(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap()
}

/// One for each row: a line that is too wide for the terminal takes several.
fn lines(screen: &vt100::Parser) -> Vec<String> {
    let (_, columns) = screen.screen().size();
    let mut lines: Vec<String> = screen.screen().rows(0, columns.get()).map(|row| row.trim_end().to_owned()).collect();
    lines.truncate(lines.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1));
    lines
}

/// The command with its standard output in a pipe of ours.
pub(crate) fn with_piped_stdout(args: &str) -> Command {
    Command::new(env!("CARGO_BIN_EXE_dcs-wait")).args(args.split_whitespace()).stdout(Stdio::piped())
}
