//! `/metrics` for Prometheus: plain HTTP at a place of its own, apart from the API, so that it can
//! be kept to this machine or an inner network. It names nobody and shows no secret, but how many
//! requests of each kind came.

use std::sync::Arc;
use std::time::Duration;

use super::failure::{Failure, another_place};
use crate::base::memory;
use crate::coordinator::Coordinator;
use crate::node::Node;
use crate::transport::server::metrics::{Figure, MEDIA_TYPE, Metrics};
use crate::transport::server::serve::{self, PortOptions, Serving, Usage};
use crate::transport::server::{files, listen};
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;

/// Longest wait for those who are reading figures when everything stops.
const GRACE: Duration = Duration::from_millis(200);

/// The running endpoint.
pub struct Endpoint(Serving);

impl Endpoint {
    /// Stop it.
    pub async fn stop(self) {
        self.0.stop(GRACE).await;
    }
}

/// Serve figures at `place`.
///
/// # Errors
/// When it cannot be listened on.
pub async fn open(
    place: &str,
    metrics: Arc<Metrics>,
    node: Option<Node>,
    coordinator: Option<Coordinator>,
    ports: Vec<Usage>,
) -> Result<Endpoint, Failure> {
    let unusable = |error: listen::ListenError| {
        Failure::new(
            "cannot-listen",
            format!(
                "cannot serve figures on {place}: {error}{}",
                another_place(&error, "--metrics")
            ),
        )
    };
    let answer = move || {
        let mut figures = process();
        figures.extend(serve::figures(&ports));
        figures.extend(node.iter().flat_map(Node::figures));
        figures.extend(coordinator.iter().flat_map(Coordinator::figures));
        let text = metrics.text(&figures);
        async move { ([(CONTENT_TYPE, MEDIA_TYPE)], text) }
    };
    let router = Router::new().route("/metrics", get(answer));
    let options = PortOptions { small: true, ..PortOptions::default() };
    listen::bind(place)
        .await
        .and_then(|listener| Serving::start(listener, None, router, options))
        .map(Endpoint)
        .map_err(unusable)
}

/// What the operating system says of this process; nothing where it does not tell.
fn process() -> Vec<Figure> {
    let figure =
        |name, help, value: f64| Figure { name, help, kind: "gauge", labels: Vec::new(), value };
    let resident = memory::resident()
        .map(|bytes| figure("process_resident_memory_bytes", "Memory in use.", bytes as f64));
    let files = figure("process_max_fds", "Files that may be open.", files::limit() as f64);
    resident.into_iter().chain([files]).collect()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use crate::cli::metrics::*;

    #[tokio::test]
    async fn figures_are_served() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let place = free.to_string();
        let endpoint = open(&place, Arc::default(), None, None, Vec::new()).await.unwrap();
        let mut stream = tokio::net::TcpStream::connect(free).await.unwrap();
        let request = b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        assert!(text.starts_with("HTTP/1.1 200"), "{text}");
        assert!(text.contains("version=0.0.4") && text.contains("gavel_requests_at_work 0"));
        assert!(open(&place, Arc::default(), None, None, Vec::new()).await.is_err());
        endpoint.stop().await;
    }
}
