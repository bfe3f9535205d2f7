//! What a refusal of the credentials means: whether it was repaired, and since when they are refused for good.

use super::history::{Change, History, Keys};
use super::model::Reply;
use super::play::{Asked, Record, key_id};
use super::story::Means;

/// How far clocks and dates may be apart without being different: seconds.
const SAME_CLOCK: i64 = 45;

/// The key that a request was signed with, and the clock less ours.
pub(crate) fn signature(asked: &Asked, clock: i64) -> (String, i64) {
    let header = |name: &str| asked.headers.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str());
    let key = header("authorization").and_then(|text| text.split("Access=").nth(1)?.split(',').next());
    let date = header("x-sdk-date").and_then(|text| {
        // YYYYMMDDTHHMMSSZ
        let part = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
        let (mut year, mut month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
        if month < 3 {
            (year, month) = (year - 1, month + 12);
        }
        let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month - 457) / 5 + day - 719_469;
        Some(days * 86_400 + part(9, 11)? * 3600 + part(11, 13)? * 60 + part(13, 15)?)
    });
    (key.unwrap_or_default().to_owned(), date.map_or(0, |date| date - clock))
}

/// Goes through the refusals in the order of their arrival: which of them were repaired, and when the credentials were
/// refused for good. `None` if that depends on which of two was heard first that were on their way at the same time.
pub(crate) fn refusals(history: &History, record: &Record, replies: &mut [Reply]) -> Option<Vec<(f64, f64)>> {
    let way = record.way;
    let key_at = |at: f64| {
        let mut told =
            record.changes.iter().enumerate().filter(|(_, it)| matches!(it.2, Change::Key { is_told: true }));
        let number = told.clone().rfind(|(_, it)| it.1 <= at).map_or(0, |(count, _)| count + 1);
        let is_clear = told.all(|(_, it)| it.1 <= at || it.1 >= at + way);
        is_clear.then(|| if history.keys == Keys::Token { String::new() } else { key_id(number) })
    };
    let is_success = |reply: &Reply| reply.status.is_some_and(|status| (200..300).contains(&status));
    let mut order: Vec<usize> = (0..replies.len()).filter(|index| replies[*index].end.is_finite()).collect();
    // Of two at the same time, first the one that was asked first.
    order.sort_by_key(|index| ((replies[*index].end * 1e3).round() as u64, *index));
    let mut starts: Vec<f64> = history.waits.iter().map(|plan| plan.start).collect();
    starts.sort_by(f64::total_cmp);
    let mut starts = starts.into_iter().peekable();
    let mut closed: Vec<(f64, f64)> = Vec::new();
    let (mut is_closed, mut is_repaired, mut was_repaired, mut is_unsure) = (false, false, false, false);
    let mut current = (key_at(starts.peek().copied().unwrap_or(0.0))?, 0);
    for index in order {
        let reply = replies[index].clone();
        while let Some(start) = starts.next_if(|start| *start <= reply.end) {
            if is_closed && key_at(start)? != current.0 {
                // Who comes new asks the source again.
                (is_closed, is_repaired, current.0) = (false, true, key_at(start)?);
                closed.last_mut().unwrap().1 = start;
            }
        }
        let is_current = |it: &Reply| it.key == current.0 && (it.signed - current.1).abs() < SAME_CLOCK;
        match reply.means {
            Means::Unauthenticated if !is_current(&reply) => replies[index].is_repaired = true,
            Means::Unauthenticated if is_closed => {}
            Means::Unauthenticated => {
                let skew = reply.clock - reply.signed;
                let is_skewed = history.keys != Keys::Token && skew.abs() > 60;
                let key = key_at(reply.end)?;
                let mut close = replies.iter().filter(|it| (it.end - reply.end).abs() < way && is_current(it));
                if is_unsure
                    || close.any(|it| match it.means {
                        Means::Unauthenticated => it.clock != reply.clock,
                        _ => was_repaired && is_success(it),
                    })
                {
                    return None;
                }
                let is_now = !is_repaired && (is_skewed || key != current.0);
                if is_now {
                    (is_repaired, was_repaired) = (true, true);
                    replies[index].is_repaired = true;
                    if is_skewed { current.1 += skew } else { current.0 = key }
                } else {
                    is_closed = true;
                    closed.push((reply.end, f64::INFINITY));
                }
            }
            _ if is_current(&reply) && is_success(&reply) => {
                is_unsure = reply.is_doubtful && is_repaired;
                is_repaired &= is_unsure;
            }
            _ => {}
        }
    }
    for start in starts.filter(|_| is_closed) {
        if key_at(start)? != current.0 {
            closed.last_mut().unwrap().1 = start;
            break;
        }
    }
    Some(closed)
}
