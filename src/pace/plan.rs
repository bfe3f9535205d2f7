//! When the last polls before one or several deadlines have to start, so that the rate allows all of them: worked out from
//! the latest backwards, in rounds. Pure.

use std::time::Duration;

use tokio::time::Instant;

/// A plan in the making: the latest deadlines are placed first.
#[derive(Debug)]
pub(super) struct Plan {
    /// So many starts in one `window`.
    burst: usize,
    window: Duration,
    /// The earliest start that is planned so far, and how many are planned in its round.
    earliest: Option<(Instant, usize)>,
}

impl Plan {
    pub(super) fn new(burst: usize, window: Duration) -> Self {
        Self { burst, window, earliest: None }
    }

    /// Places so many last polls, at `deadline` or as much earlier as those after them ask for. Returns when the first of
    /// them has to start, and how many start from `from` on within one window.
    pub(super) fn place(&mut self, deadline: Instant, count: usize, from: Instant) -> (Instant, usize) {
        if count == 0 {
            return (deadline, 0);
        }
        let (start, used) = match self.earliest {
            // In the round that is begun, or the one before it if that is full.
            Some((at, used)) if deadline + self.window > at => {
                if used < self.burst {
                    (deadline.min(at), used)
                } else {
                    (deadline.min(earlier(at, self.window)), 0)
                }
            }
            _ => (deadline, 0),
        };
        let first = count.min(self.burst - used);
        let rest = count - first;
        let rounds = rest.div_ceil(self.burst);
        let in_last = if rounds == 0 { used + first } else { rest - (rounds - 1) * self.burst };
        let rounds = u32::try_from(rounds).unwrap_or(u32::MAX);
        let earliest = earlier(start, self.window.saturating_mul(rounds));
        self.earliest = Some((earliest, in_last));

        let until = from + self.window;
        let in_window = |at: Instant| from <= at && at < until;
        let mut soon = if in_window(start) { first } else { 0 };
        // One or two of the full rounds may lie in the window: those whose number is next to this one.
        let window = self.window.as_nanos().max(1);
        let near = u32::try_from(start.saturating_duration_since(from).as_nanos() / window).unwrap_or(u32::MAX);
        for round in near.saturating_sub(1).max(1)..=near.saturating_add(1).min(rounds) {
            if in_window(earlier(start, self.window.saturating_mul(round))) {
                soon += if round == rounds { in_last } else { self.burst };
            }
        }
        (earliest, soon)
    }
}

/// A clock that began less than `by` before `at` cannot tell that time: then `at` itself.
fn earlier(at: Instant, by: Duration) -> Instant {
    at.checked_sub(by).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WINDOW: Duration = Duration::from_secs(1);

    fn start() -> Instant {
        Instant::now() + Duration::from_secs(100_000)
    }

    /// Where each poll goes if all are placed one by one, in milliseconds before `start`.
    fn one_by_one(burst: usize, deadlines: &[(u64, usize)], start: Instant) -> Vec<u64> {
        let mut plan = Plan::new(burst, WINDOW);
        let mut slots = Vec::new();
        for (before, count) in deadlines {
            for _ in 0..*count {
                let (slot, _) = plan.place(start - Duration::from_millis(*before), 1, start);
                slots.push(u64::try_from((start - slot).as_millis()).unwrap());
            }
        }
        slots
    }

    #[test]
    fn the_last_polls_with_one_deadline_start_together_or_in_rounds_before_it() {
        let start = start();
        assert_eq!(one_by_one(2, &[(0, 5)], start), [0, 0, 1000, 1000, 2000]);
        let mut plan = Plan::new(2, WINDOW);
        assert_eq!(plan.place(start, 5, start), (start - 2 * WINDOW, 2));
        assert_eq!(plan.place(start, 2, start).0, start - 3 * WINDOW, "one fills the round, the other begins another");
    }

    #[test]
    fn an_earlier_deadline_that_is_far_enough_is_not_moved() {
        assert_eq!(one_by_one(1, &[(0, 1), (500, 1), (10_000, 1)], start()), [0, 1000, 10_000]);
    }

    proptest! {
        #[test]
        fn no_window_has_more_than_the_burst_and_no_poll_is_after_its_deadline(
            burst in 1_usize..5, mut groups in prop::collection::vec((0_u64..20_000, 1_usize..12), 1..12),
            from in 0_u64..40_000,
        ) {
            groups.sort();
            let start = start();
            let slots = one_by_one(burst, &groups, start);
            let deadlines: Vec<u64> = groups.iter().flat_map(|(before, count)| vec![*before; *count]).collect();
            prop_assert!(slots.iter().zip(deadlines).all(|(slot, deadline)| *slot >= deadline));
            let mut sorted = slots.clone();
            sorted.sort_unstable();
            prop_assert!(sorted.windows(burst + 1).all(|some| some[burst] - some[0] >= 1000));

            // Groups at once are placed as one by one, and counted right.
            let from = start - Duration::from_millis(from);
            let mut plan = Plan::new(burst, WINDOW);
            let (mut soon, mut placed) = (0, 0);
            for (before, count) in groups {
                let (first, within) = plan.place(start - Duration::from_millis(before), count, from);
                placed += count;
                prop_assert_eq!(u64::try_from((start - first).as_millis()).unwrap(), slots[placed - 1]);
                soon += within;
            }
            let at = |slot: u64| start - Duration::from_millis(slot);
            prop_assert_eq!(soon, slots.iter().filter(|slot| (from..from + WINDOW).contains(&at(**slot))).count());
        }
    }
}
