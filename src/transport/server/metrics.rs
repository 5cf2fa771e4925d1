//! Figures about a server in the text form of Prometheus (version 0.0.4).
//!
//! Labels are routes as they are written in the tables, methods and statuses: never an id, a name
//! or an address, so the number of series is bounded and nobody is named.

use crate::base::lock;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// The media type of [`Metrics::text`].
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Upper bounds of the time buckets, in seconds.
const BOUNDS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];

/// Requests counted and timed.
#[derive(Default)]
pub struct Metrics {
    requests: Mutex<BTreeMap<(String, String, u16), u64>>,
    times: Mutex<BTreeMap<String, Times>>,
    at_work: AtomicI64,
}

#[derive(Clone, Default)]
struct Times {
    buckets: [u64; BOUNDS.len()],
    count: u64,
    sum: f64,
}

/// A figure that is read when it is asked for.
#[derive(Clone, PartialEq, Debug)]
pub struct Figure {
    /// Its name, such as `gavel_link_bytes_total`.
    pub name: &'static str,
    /// What it is.
    pub help: &'static str,
    /// `counter` or `gauge`.
    pub kind: &'static str,
    /// Labels, none of which says who somebody is.
    pub labels: Vec<(&'static str, String)>,
    /// How much.
    pub value: f64,
}

/// Says that a request has ended, however it ended.
pub struct AtWork<'a>(&'a Metrics);

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.at_work.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Metrics {
    /// A request has begun.
    pub fn begin(&self) -> AtWork<'_> {
        self.at_work.fetch_add(1, Ordering::Relaxed);
        AtWork(self)
    }

    /// A request has been answered. `route` is as in the tables, or empty where none fits.
    pub fn answered(&self, method: &str, route: &str, status: u16, took: Duration) {
        let key = (method.to_owned(), route.to_owned(), status);
        *lock(&self.requests).entry(key).or_default() += 1;
        let mut times = lock(&self.times);
        let times = times.entry(route.to_owned()).or_default();
        let seconds = took.as_secs_f64();
        times.count += 1;
        times.sum += seconds;
        for (bucket, bound) in times.buckets.iter_mut().zip(BOUNDS) {
            *bucket += u64::from(seconds <= bound);
        }
    }

    /// Everything as text.
    pub fn text(&self, figures: &[Figure]) -> String {
        let mut text = String::new();
        head(&mut text, "gavel_requests_total", "Requests answered.", "counter");
        for ((method, route, status), count) in lock(&self.requests).iter() {
            let _ = writeln!(
                text,
                "gavel_requests_total{{method=\"{}\",route=\"{}\",status=\"{status}\"}} {count}",
                escaped(method),
                escaped(route),
            );
        }
        head(&mut text, "gavel_request_seconds", "Time until the answer began.", "histogram");
        for (route, times) in lock(&self.times).iter() {
            let route = escaped(route);
            for (bound, count) in BOUNDS.iter().zip(times.buckets) {
                let _ = writeln!(
                    text,
                    "gavel_request_seconds_bucket{{route=\"{route}\",le=\"{bound}\"}} {count}"
                );
            }
            let Times { count, sum, .. } = times;
            let _ = writeln!(
                text,
                "gavel_request_seconds_bucket{{route=\"{route}\",le=\"+Inf\"}} {count}\n\
                 gavel_request_seconds_sum{{route=\"{route}\"}} {sum}\n\
                 gavel_request_seconds_count{{route=\"{route}\"}} {count}"
            );
        }
        head(&mut text, "gavel_requests_at_work", "Requests being answered.", "gauge");
        let _ = writeln!(text, "gavel_requests_at_work {}", self.at_work.load(Ordering::Relaxed));
        let mut last = "";
        for figure in figures {
            if figure.name != last {
                head(&mut text, figure.name, figure.help, figure.kind);
                last = figure.name;
            }
            let labels: Vec<String> = figure
                .labels
                .iter()
                .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
                .collect();
            let labels = match labels.join(",") {
                none if none.is_empty() => none,
                some => format!("{{{some}}}"),
            };
            let _ = writeln!(text, "{}{labels} {}", figure.name, figure.value);
        }
        text
    }
}

fn head(text: &mut String, name: &str, help: &str, kind: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn escaped(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use crate::transport::server::metrics::*;

    #[test]
    fn requests_are_counted_and_timed() {
        let metrics = Metrics::default();
        let work = metrics.begin();
        metrics.answered("GET", "/v1/health", 200, Duration::from_millis(3));
        metrics.answered("GET", "/v1/health", 200, Duration::from_secs(2));
        let links = Figure {
            name: "gavel_links",
            help: "Links to other nodes.",
            kind: "gauge",
            labels: vec![("node", "2".to_owned())],
            value: 1.0,
        };
        let text = metrics.text(&[links]);
        for line in [
            "# TYPE gavel_requests_total counter",
            "gavel_requests_total{method=\"GET\",route=\"/v1/health\",status=\"200\"} 2",
            "gavel_request_seconds_bucket{route=\"/v1/health\",le=\"0.005\"} 1",
            "gavel_request_seconds_bucket{route=\"/v1/health\",le=\"+Inf\"} 2",
            "gavel_request_seconds_sum{route=\"/v1/health\"} 2.003",
            "gavel_requests_at_work 1",
            "gavel_links{node=\"2\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
        drop(work);
        assert!(metrics.text(&[]).contains("gavel_requests_at_work 0"));
    }
}
