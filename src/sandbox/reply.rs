//! An answer as it is sent: late, whole, cut or never to its end. Knows neither who asked nor by which way it goes.

use std::io;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use http_body_util::StreamBody;
use hyper::body::{Body, Bytes, Frame};
use hyper::{Response, StatusCode};

use super::answer::{Answer, Ending};

/// What was sent of an answer that is cut has this long to go out before the connection is closed.
const BEFORE_CUT: Duration = Duration::from_millis(20);
/// Longer than any client waits.
const FOR_EVER: Duration = Duration::from_secs(24 * 60 * 60);

/// # Errors
///
/// If the connection is to be closed without an answer.
pub(super) async fn reply(
    answer: Answer,
    body: Vec<u8>,
    automatic: Vec<(String, String)>,
) -> io::Result<Response<impl Body<Data = Bytes, Error = io::Error> + use<>>> {
    // Even a sleep of no time at all may last until the timer's next millisecond.
    if !answer.delay.is_zero() {
        tokio::time::sleep(answer.delay).await;
    }
    if answer.ending == Ending::Nothing {
        return Err(io::ErrorKind::ConnectionAborted.into());
    }
    let mut response = Response::builder()
        .status(StatusCode::from_u16(answer.http_status).map_err(io::Error::other)?)
        .header("Content-Length", body.len());
    for (name, value) in answer.headers.iter().chain(&automatic) {
        response = response.header(name, value);
    }
    let body = Bytes::from(body);
    let half = body.slice(..body.len() / 2);
    // Without sockets the client sees this text: that which the HTTP library has for it.
    let cut = || Err(io::Error::new(io::ErrorKind::ConnectionAborted, "end of file before message length reached"));
    let (parts, pause) = match answer.ending {
        Ending::Whole | Ending::Nothing => (vec![Ok(body)], Duration::ZERO),
        Ending::Half => (vec![Ok(half), cut()], BEFORE_CUT),
        Ending::Stalled => (vec![Ok(half), cut()], FOR_EVER),
    };
    let frames = stream::iter(parts).then(move |part| async move {
        if part.is_err() {
            tokio::time::sleep(pause).await;
        }
        part.map(Frame::data)
    });
    response.body(StreamBody::new(frames)).map_err(io::Error::other)
}
