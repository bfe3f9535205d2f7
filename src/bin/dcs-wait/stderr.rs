//! Standard error, written by a thread of its own: a reader that does not read must keep nothing from going on. What it
//! leaves no room for is lost, and that is no reason to stop.

use std::io::{self, Write as _};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// So many lines may wait for their reader.
const QUEUE: usize = 1024;
/// How long the last words wait for a reader that is slow.
const PATIENCE: Duration = Duration::from_secs(1);

enum Message {
    Text(Vec<u8>),
    /// Everything before it is written.
    Done(SyncSender<()>),
}

fn queue() -> &'static SyncSender<Message> {
    static QUEUED: OnceLock<SyncSender<Message>> = OnceLock::new();
    QUEUED.get_or_init(|| {
        let (queue, messages) = sync_channel(QUEUE);
        thread::spawn(move || write_all(&messages));
        queue
    })
}

fn write_all(messages: &Receiver<Message>) {
    for message in messages {
        match message {
            Message::Text(text) => {
                let _ = io::stderr().write_all(&text);
            }
            Message::Done(done) => {
                let _ = done.send(());
            }
        }
    }
}

/// A line about what goes on; lost if there is no room for it.
pub(crate) fn note(text: &str) {
    let _ = queue().try_send(line(text));
}

/// A line that matters; waits a little for room.
pub(crate) fn say(text: &str) {
    send(line(text));
}

/// Waits a little until all is written; before the end.
pub(crate) fn finish() {
    let (done, written) = sync_channel(1);
    send(Message::Done(done));
    let _ = written.recv_timeout(PATIENCE);
}

fn line(text: &str) -> Message {
    Message::Text(format!("dcs-wait: {text}\n").into_bytes())
}

fn send(mut message: Message) {
    let start = Instant::now();
    while let Err(TrySendError::Full(back)) = queue().try_send(message) {
        if start.elapsed() > PATIENCE {
            return;
        }
        message = back;
        thread::sleep(Duration::from_millis(5));
    }
}

/// Where the library's log goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Log;

impl io::Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let _ = queue().try_send(Message::Text(text.to_vec()));
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
