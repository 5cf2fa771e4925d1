//! When what happens in the demo on the screens, as numbers: the first bid at once, the others at a
//! pace that one can follow, everything within about a minute.

use std::time::Duration;

use crate::base::time::parse_duration;
use crate::rules::Terms;
use crate::runs::Workload;
use crate::runs::plan::{self, Line};
use crate::sharing::Scheme;

/// When the first bid comes, after the screens have opened.
const FIRST: Duration = Duration::from_millis(1_200);

/// Between two bids, where there are few.
const STEP: Duration = Duration::from_secs(4);

/// Part of the time within which all invented bidders come; the rest is the viewer's.
const WITHIN: f64 = 0.5;

/// Longest time that bidding goes on.
const LONGEST: Duration = Duration::from_secs(44);

/// Shortest time that bidding goes on, at any speed; sessions count in seconds.
const SHORTEST: Duration = Duration::from_secs(2);

/// How long computing should take, to be watched.
const RUN: Duration = Duration::from_secs(8);

/// What messages between nodes are held back by, at least and at most, for that.
const HELD_BACK: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(400));

/// When what happens, at the speed that was asked for.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Schedule {
    /// When the first bid comes.
    pub first: Duration,
    /// Between two bids.
    pub step: Duration,
    /// How long bidding goes on.
    pub window: Duration,
}

impl Schedule {
    /// For so many invented bidders, in a session file that says how long bidding goes on, played so
    /// many times as fast.
    pub fn of(bidders: usize, until: &str, speed: f64) -> Self {
        let said = parse_duration(until).map(|millis| Duration::from_millis(millis.unsigned_abs()));
        let window = said.unwrap_or(LONGEST).min(LONGEST);
        let others = u32::try_from(bidders.saturating_sub(1)).unwrap_or(u32::MAX).max(1);
        let spread = window.mul_f64(WITHIN).saturating_sub(FIRST) / others;
        Self {
            first: FIRST.div_f64(speed),
            step: STEP.min(spread).div_f64(speed),
            window: window.div_f64(speed).max(SHORTEST),
        }
    }

    /// When an invented bidder bids; the first is at position 0.
    pub fn turn(&self, position: usize) -> Duration {
        self.first + self.step * u32::try_from(position).unwrap_or(u32::MAX)
    }
}

/// What every message between nodes is held back by, as on a long line, so that computing can be
/// watched. The screens say so.
pub fn held_back(terms: &Terms, scheme: Scheme, bidders: usize, speed: f64) -> Duration {
    let (least, most) = HELD_BACK;
    let round_trip = u64::try_from(2 * most.as_micros()).unwrap_or(u64::MAX);
    let work = Workload::of(terms, bidders.max(1));
    let plan = plan::choose(scheme, scheme.all(), &work, Line::of_links(round_trip, None));
    (RUN / u32::try_from(plan.rounds.max(1)).unwrap_or(u32::MAX)).clamp(least, most).div_f64(speed)
}

#[cfg(test)]
mod tests {
    use crate::base::Timestamp;
    use crate::cli::demo::schedule::*;
    use crate::rules::SessionFile;

    const ART_SALE: &str = include_str!("../../../sessions/art-sale.toml");

    #[test]
    fn the_first_bid_comes_at_once_and_nobody_is_bored() {
        for bidders in [1, 2, 6, 7, 200, 100_000] {
            for until in ["2m", "45s", "6h", "2026-11-21T12:00:00Z"] {
                let schedule = Schedule::of(bidders, until, 1.0);
                assert!(schedule.turn(0) < Duration::from_secs(2), "{bidders} {schedule:?}");
                assert!(schedule.step <= Duration::from_secs(5));
                // The last one leaves the viewer time for a bid of his own.
                let last = schedule.turn(bidders - 1);
                assert!(last + Duration::from_secs(15) <= schedule.window, "{schedule:?}");
            }
        }
    }

    #[test]
    fn the_art_sale_is_over_within_a_minute_and_can_be_followed() {
        let file = SessionFile::parse(ART_SALE).unwrap();
        let bidders = file.fields.participants();
        let schedule = Schedule::of(bidders, &file.shared.bids_until, 1.0);
        assert!(schedule.step >= Duration::from_secs(2), "{schedule:?}");
        assert!(schedule.window + RUN < Duration::from_secs(60));
        // Twice as fast is twice as fast.
        let twice = Schedule::of(bidders, &file.shared.bids_until, 2.0);
        assert_eq!((twice.first * 2, twice.step * 2), (schedule.first, schedule.step));
        assert_eq!(twice.window * 2, schedule.window);
    }

    #[test]
    fn computing_takes_long_enough_to_be_seen() {
        let file = SessionFile::parse(ART_SALE).unwrap();
        let terms = file.terms(Timestamp::from_millis(0)).unwrap();
        for (nodes, threshold, bidders) in [(5, 2, 6), (3, 1, 6), (9, 4, 100)] {
            let scheme = Scheme::new(nodes, threshold).unwrap();
            let delay = held_back(&terms, scheme, bidders, 1.0);
            let line = Line::of_links(u64::try_from(2 * delay.as_micros()).unwrap(), None);
            let work = Workload::of(&terms, bidders);
            let rounds = plan::choose(scheme, scheme.all(), &work, line).rounds;
            let took = delay * u32::try_from(rounds).unwrap();
            assert!(took >= RUN / 2 && took <= RUN * 2, "{rounds} rounds, {took:?}");
        }
    }
}
