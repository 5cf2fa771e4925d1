//! Points in time and durations as people write them.

use std::fmt;

use jiff::{SignedDuration, Timestamp as Instant};
use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z. Text form: RFC 3339 in UTC with milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the epoch, moved into the years -9999..=9999.
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(Instant::MIN.as_millisecond(), Instant::MAX.as_millisecond()))
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// This many milliseconds later.
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        Self::from_millis(self.0.saturating_add(millis))
    }

    /// This long before.
    #[must_use]
    pub fn before(self, length: std::time::Duration) -> Self {
        let millis = i64::try_from(length.as_millis()).unwrap_or(i64::MAX);
        Self::from_millis(self.0.saturating_sub(millis))
    }

    /// Read an RFC 3339 time.
    ///
    /// # Errors
    /// When the text is not one.
    pub fn parse(text: &str) -> Result<Self, jiff::Error> {
        text.parse::<Instant>().map(|instant| Self(instant.as_millisecond()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Instant::from_millisecond(self.0) {
            Ok(instant) => write!(f, "{instant:.3}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            Self::parse(&text).map_err(serde::de::Error::custom)
        } else {
            i64::deserialize(deserializer).map(Self::from_millis)
        }
    }
}

/// Read a duration such as "90s", "2m" or "1h 30m" as milliseconds; only positive ones.
pub fn parse_duration(text: &str) -> Option<i64> {
    let duration: SignedDuration = text.parse().ok()?;
    let millis = i64::try_from(duration.as_millis()).ok()?;
    (millis > 0).then_some(millis)
}

#[cfg(test)]
mod tests {
    use crate::base::time::*;

    #[test]
    fn times_read_back_as_written() {
        let time = Timestamp::from_millis(1_000_000_000_123);
        assert_eq!(time.to_string(), "2001-09-09T01:46:40.123Z");
        assert_eq!(Timestamp::parse(&time.to_string()).unwrap(), time);
        assert!(Timestamp::parse("tomorrow").is_err());
    }

    #[test]
    fn durations_are_positive_and_have_units() {
        assert_eq!(parse_duration("2m"), Some(120_000));
        assert_eq!(parse_duration("1h 30m"), Some(5_400_000));
        assert_eq!(parse_duration("250ms"), Some(250));
        for bad in ["", "2", "-2m", "0s", "soon"] {
            assert_eq!(parse_duration(bad), None, "{bad}");
        }
    }
}
