//! Standard error, written by a thread of its own: a reader that does not read must keep nothing from going on. What it
//! leaves no room for is lost, and that is no reason to stop. At a terminal the same thread draws.

use std::io::{self, Write as _};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::progress::Drawing;

/// So many lines may wait for their reader.
const QUEUE: usize = 1024;
/// How long the last words wait for a reader that is slow.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a drawing stands.
const FRAME: Duration = Duration::from_millis(100);
/// No more than about this many bytes are written at a time.
const CHUNK: usize = 16 * 1024;

enum Message {
    Text(Vec<u8>),
    /// There is a drawing now. What is over sooner than a frame is not drawn.
    Draw,
    /// What is drawn makes room for a moment.
    Aside,
    /// Nothing is drawn any more.
    Undraw,
    /// Everything before it is written.
    Done(SyncSender<()>),
}

/// What is drawn.
static DRAWING: Mutex<Option<Arc<Drawing>>> = Mutex::new(None);

fn drawing() -> Option<Arc<Drawing>> {
    DRAWING.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn queue() -> &'static SyncSender<Message> {
    static QUEUED: OnceLock<SyncSender<Message>> = OnceLock::new();
    QUEUED.get_or_init(|| {
        let (queue, messages) = sync_channel(QUEUE);
        // Without one, the queue has no other end: see `send`.
        let _ = thread::Builder::new().spawn(move || while write_next(&messages).is_some() {});
        queue
    })
}

/// Writes what comes next, or draws if nothing comes. `None` when nothing can come any more.
fn write_next(messages: &Receiver<Message>) -> Option<()> {
    let drawing = drawing();
    let message = match &drawing {
        None => messages.recv().ok()?,
        Some(drawing) => match messages.recv_timeout(FRAME) {
            Ok(message) => message,
            Err(RecvTimeoutError::Timeout) => {
                drawing.draw();
                return Some(());
            }
            Err(RecvTimeoutError::Disconnected) => return None,
        },
    };
    handle(message, messages, drawing.as_deref());
    Some(())
}

fn handle(message: Message, messages: &Receiver<Message>, drawing: Option<&Drawing>) {
    match message {
        Message::Text(mut text) => {
            let mut next = None;
            // What waits already goes out with it, and is drawn around once.
            while drawing.is_some() && next.is_none() && text.len() < CHUNK {
                match messages.try_recv() {
                    Ok(Message::Text(more)) => text.extend(more),
                    Ok(other) => next = Some(other),
                    Err(_) => break,
                }
            }
            let write = || io::stderr().write_all(&text);
            let _ = drawing.map_or_else(write, |drawing| drawing.around(write));
            if let Some(next) = next {
                handle(next, messages, drawing);
            }
        }
        Message::Draw => {}
        Message::Aside => drawing.into_iter().for_each(|drawing| drawing.around(|| thread::sleep(FRAME))),
        Message::Undraw => end_drawing(drawing),
        Message::Done(done) => {
            end_drawing(drawing);
            let _ = done.send(());
        }
    }
}

fn end_drawing(drawing: Option<&Drawing>) {
    *DRAWING.lock().unwrap_or_else(PoisonError::into_inner) = None;
    drawing.into_iter().for_each(Drawing::end);
}

/// Draws from now on whenever nothing is written.
pub(crate) fn draw(drawing: Drawing) {
    *DRAWING.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(drawing));
    send(Message::Draw);
}

/// Clears what is drawn, for good.
pub(crate) fn undraw() {
    send(Message::Undraw);
}

/// Writes to standard output, around what is drawn on the same terminal. For a pipe, which may lead there too, what is drawn
/// makes room for a moment.
pub(crate) fn around<T>(write: impl FnOnce() -> T) -> T {
    match (drawing(), stdout_leads()) {
        (Some(drawing), Leads::Here) => drawing.around(write),
        (Some(_), Leads::ToPipe) => {
            // Not waited for: who does not read standard error may read standard output.
            let _ = queue().try_send(Message::Aside);
            write()
        }
        _ => write(),
    }
}

/// Where standard output leads, as seen from standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leads {
    /// To the same terminal.
    Here,
    ToPipe,
    Elsewhere,
}

pub(crate) fn stdout_leads() -> Leads {
    static LEADS: OnceLock<Leads> = OnceLock::new();
    *LEADS.get_or_init(find_stdout)
}

#[cfg(unix)]
fn find_stdout() -> Leads {
    use std::fs::{File, Metadata};
    use std::io::IsTerminal as _;
    use std::os::fd::{AsFd, OwnedFd};
    use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
    fn metadata(stream: &impl AsFd) -> io::Result<Metadata> {
        stream.as_fd().try_clone_to_owned().map(|owned: OwnedFd| File::from(owned)).and_then(|file| file.metadata())
    }
    match (metadata(&io::stdout()), metadata(&io::stderr())) {
        (Ok(out), Ok(err)) if io::stdout().is_terminal() && out.rdev() == err.rdev() => Leads::Here,
        (Ok(out), _) if out.file_type().is_fifo() || out.file_type().is_socket() => Leads::ToPipe,
        _ => Leads::Elsewhere,
    }
}

#[cfg(not(unix))]
fn find_stdout() -> Leads {
    use std::io::IsTerminal as _;
    if io::stdout().is_terminal() { Leads::Here } else { Leads::ToPipe }
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
    loop {
        match queue().try_send(message) {
            Err(TrySendError::Full(back)) if start.elapsed() < PATIENCE => message = back,
            // The system has no thread to give.
            Err(TrySendError::Disconnected(Message::Text(text))) => return drop(io::stderr().write_all(&text)),
            _ => return,
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Where the library's log goes. It comes event by event, a line each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Log {
    /// Before each line.
    pub(crate) start: &'static str,
}

impl io::Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let _ = queue().try_send(Message::Text([self.start.as_bytes(), text].concat()));
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
