//! Whom a fleet asks, and what the answers say about the pace.

use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::engine::{Answer, Reply};
use crate::pace::{Admission, Signal};

/// Whom a fleet asks.
pub(crate) trait Service {
    type Pass;
    type Value: 'static;
    type Error: Clone + 'static;

    /// Gives the right to ask now; see [`Admission`].
    fn admit(&self, room: bool) -> Admission<Self::Pass>;

    /// Asks about one thing. `None` if nothing came of it but that it has to be asked again at once.
    fn ask(&self, id: &str, pass: Self::Pass) -> BoxFuture<'static, Option<Reply<Self::Value, Self::Error>>>;

    /// Resolves when whatever made [`admit`](Self::admit) say `Busy` is over.
    fn free(&self) -> impl Future<Output = ()> + Send;

    /// How long the machine has slept since this was last asked, if it has.
    fn slept(&self) -> Option<Duration> {
        None
    }

    /// Resolves once asking has become pointless; it ends pauses, but not requests.
    fn halted(&self) -> impl Future<Output = Self::Error> + Send;
}

/// What an answer says about the pace; a request that is refused says nothing, nor does one that fails here.
pub(super) fn signal<T, E>(answer: &Answer<T, E>, was_in_trouble: bool) -> Option<Signal> {
    Some(match answer {
        Answer::Ended(_) | Answer::Unfinished(..) | Answer::Missing(_) => Signal::Answered,
        Answer::Throttled(_, told) => Signal::Throttled { told: *told },
        Answer::Unusable(_) => Signal::Unusable { is_first: !was_in_trouble },
        Answer::Refused(_) => return None,
    })
}
