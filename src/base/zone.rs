//! Times as people at this place read them: in their zone, which is named.

use jiff::tz::TimeZone;
use jiff::{Timestamp as Instant, Zoned};

use super::Timestamp;

/// A time zone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Zone(TimeZone);

impl Zone {
    /// Universal time.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// The zone that this machine is set to; universal time where that is not known.
    pub fn here() -> Self {
        Self(TimeZone::try_system().unwrap_or(TimeZone::UTC))
    }

    fn zoned(&self, at: Timestamp) -> Option<Zoned> {
        Some(Instant::from_millisecond(at.millis()).ok()?.to_zoned(self.0.clone()))
    }

    /// The time of day: "03:18:22".
    pub fn clock(&self, at: Timestamp) -> String {
        self.zoned(at)
            .map_or_else(|| "--:--:--".to_owned(), |at| at.strftime("%H:%M:%S").to_string())
    }

    /// What the zone is called at a time: "CEST", or its offset, such as "+03".
    pub fn name(&self, at: Timestamp) -> String {
        self.zoned(at).map_or_else(String::new, |at| at.strftime("%Z").to_string())
    }

    /// Date, time to the second, and zone: "2026-11-21 03:18:22 CET".
    pub fn date_time(&self, at: Timestamp) -> String {
        self.zoned(at)
            .map_or_else(|| at.to_string(), |at| at.strftime("%Y-%m-%d %H:%M:%S %Z").to_string())
    }
}

#[cfg(test)]
mod tests {
    use crate::base::zone::*;

    const AT: i64 = 1_000_000_000_123;

    #[test]
    fn times_bear_their_zone() {
        let at = Timestamp::from_millis(AT);
        assert_eq!(Zone::UTC.clock(at), "01:46:40");
        assert_eq!(Zone::UTC.date_time(at), "2001-09-09 01:46:40 UTC");
        let helsinki = Zone(TimeZone::posix("EET-2EEST,M3.5.0/3,M10.5.0/4").unwrap());
        assert_eq!(helsinki.date_time(at), "2001-09-09 04:46:40 EEST");
        // Half a year later the clocks have gone back.
        assert_eq!(helsinki.name(at.plus_millis(180 * 86_400_000)), "EET");
    }
}
