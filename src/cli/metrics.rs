//! `/metrics` for Prometheus: plain HTTP at a place of its own, apart from the API, so that it can
//! be kept to this machine or an inner network. It names nobody and shows no secret, but how many
//! requests of each kind came.

use std::sync::Arc;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use tokio::task::JoinHandle;

use super::failure::{Failure, another_place};
use crate::coordinator::Coordinator;
use crate::node::Node;
use crate::transport::server::listen::{self, Handle};
use crate::transport::server::metrics::{Figure, MEDIA_TYPE, Metrics};

/// The running endpoint; ends when dropped.
pub struct Endpoint(JoinHandle<()>);

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Serve figures at `place`.
///
/// # Errors
/// When it cannot be listened on.
pub async fn serve(
    place: &str,
    metrics: Arc<Metrics>,
    node: Option<Node>,
    coordinator: Option<Coordinator>,
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
    let server = listen::bind(place)
        .await
        .and_then(|listener| listen::plain_server(listener, Handle::new()))
        .map_err(unusable)?;
    let answer = move || {
        let mut figures = process();
        figures.extend(node.iter().flat_map(Node::figures));
        figures.extend(coordinator.iter().flat_map(Coordinator::figures));
        let text = metrics.text(&figures);
        async move { ([(CONTENT_TYPE, MEDIA_TYPE)], text) }
    };
    let router = Router::new().route("/metrics", get(answer));
    Ok(Endpoint(tokio::spawn(async move {
        if let Err(error) = server.serve(router.into_make_service()).await {
            tracing::warn!(%error, "the figures' endpoint stopped");
        }
    })))
}

/// What the operating system says of this process; nothing where it does not tell.
fn process() -> Vec<Figure> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<f64>().ok());
    resident
        .map(|kilobytes| Figure {
            name: "process_resident_memory_bytes",
            help: "Memory in use.",
            kind: "gauge",
            labels: Vec::new(),
            value: kilobytes * 1024.0,
        })
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use crate::cli::metrics::*;

    #[tokio::test]
    async fn figures_are_served() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let place = free.to_string();
        let endpoint = serve(&place, Arc::default(), None, None).await.unwrap();
        let mut stream = tokio::net::TcpStream::connect(free).await.unwrap();
        let request = b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        assert!(text.starts_with("HTTP/1.1 200"), "{text}");
        assert!(text.contains("version=0.0.4") && text.contains("gavel_requests_at_work 0"));
        assert!(serve(&place, Arc::default(), None, None).await.is_err());
        drop(endpoint);
    }
}
