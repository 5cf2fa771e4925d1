//! What a node took of its machine in the last hour, a value for every minute.

use std::collections::VecDeque;

use crate::base::Timestamp;
use crate::wire::node_api::Usage;

/// Minutes that are kept.
pub const MINUTES: usize = 60;

/// A minute: the worst of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Minute {
    /// Most memory.
    pub memory: Option<u64>,
    /// Most of the processor, in thousandths of one.
    pub processor: Option<u64>,
    /// Least free disk.
    pub disk: Option<u64>,
    /// Longest round trip in microseconds.
    pub round_trip: Option<u64>,
}

/// The last hour, the latest minute last. Minutes in which nothing was heard are empty.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Hour {
    minutes: VecDeque<Minute>,
    /// Which minute the latest is.
    latest: i64,
}

impl Hour {
    /// Take in what a node said.
    pub fn note(&mut self, now: Timestamp, usage: Option<&Usage>, round_trip: Option<u64>) {
        let minute = now.millis().div_euclid(60_000);
        if self.minutes.is_empty() {
            self.minutes.push_back(Minute::default());
            self.latest = minute;
        }
        let passed = usize::try_from(minute - self.latest).unwrap_or(0);
        for _ in 0..passed.min(MINUTES) {
            self.minutes.push_back(Minute::default());
        }
        self.latest = self.latest.max(minute);
        let spare = self.minutes.len().saturating_sub(MINUTES);
        self.minutes.drain(..spare);
        let Some(last) = self.minutes.back_mut() else { return };
        last.round_trip = last.round_trip.max(round_trip);
        if let Some(usage) = usage {
            last.memory = last.memory.max(usage.memory_bytes);
            last.processor = last.processor.max(usage.processor_permille.map(u64::from));
            last.disk = match (last.disk, usage.disk_free_bytes) {
                (Some(before), Some(now)) => Some(before.min(now)),
                (before, now) => before.or(now),
            };
        }
    }

    /// One figure, minute by minute, the latest last.
    pub fn of(&self, figure: impl Fn(&Minute) -> Option<u64>) -> Vec<Option<u64>> {
        self.minutes.iter().map(figure).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::tui::state::hour::*;

    fn usage(memory: u64, processor: u32, disk: u64) -> Usage {
        Usage {
            memory_bytes: Some(memory),
            processor_permille: Some(processor),
            disk_free_bytes: Some(disk),
        }
    }

    #[test]
    fn a_minute_keeps_its_worst_and_silence_is_empty() {
        let at = |second: i64| Timestamp::from_millis(second * 1000);
        let mut hour = Hour::default();
        hour.note(at(0), Some(&usage(10, 100, 50)), Some(7));
        hour.note(at(30), Some(&usage(8, 300, 40)), Some(3));
        hour.note(at(59), None, None);
        hour.note(at(185), Some(&usage(20, 1, 60)), None);
        assert_eq!(hour.of(|minute| minute.memory), [Some(10), None, None, Some(20)]);
        assert_eq!(hour.of(|minute| minute.processor), [Some(300), None, None, Some(1)]);
        assert_eq!(hour.of(|minute| minute.disk), [Some(40), None, None, Some(60)]);
        assert_eq!(hour.of(|minute| minute.round_trip), [Some(7), None, None, None]);
        // A clock that goes back adds to the latest minute.
        hour.note(at(10), Some(&usage(30, 1, 60)), None);
        assert_eq!(hour.of(|minute| minute.memory).last(), Some(&Some(30)));
    }

    #[test]
    fn an_hour_is_all_that_is_kept() {
        let mut hour = Hour::default();
        for minute in 0..100_u32 {
            let at = Timestamp::from_millis(i64::from(minute) * 60_000);
            hour.note(at, Some(&usage(minute.into(), minute, 1)), None);
        }
        let memory = hour.of(|minute| minute.memory);
        assert_eq!((memory.len(), memory[0], memory[59]), (60, Some(40), Some(99)));
        hour.note(Timestamp::from_millis(1 << 40), None, Some(1));
        assert!(hour.of(|minute| minute.memory).iter().all(Option::is_none));
    }
}
