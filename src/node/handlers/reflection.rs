//! What a node serves over gRPC, told to clients that ask for it by reflection: the same for everybody.
//!
//! A conversation goes both ways at once, so it is not read whole before it is answered as other
//! requests are; it is short instead, and soon over.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post_service;
use futures_util::StreamExt as _;
use http_body_util::Limited;
use tonic_reflection::server::Builder;

use crate::node::NodeState;
use crate::transport::server::reply::{Peer, of_grpc};
use crate::wire::grpc::DESCRIPTOR;

/// Longest conversation.
const LONGEST: Duration = Duration::from_secs(30);

/// Most bytes that are asked in one.
const ASKED: usize = 64 << 10;

/// Where reflection is asked for, in its first form and its present one.
const PATHS: [&str; 2] = [
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
];

/// The routes of reflection.
pub fn router(node: &Arc<NodeState>) -> Router {
    let builder = || Builder::configure().register_encoded_file_descriptor_set(DESCRIPTOR);
    let (Ok(first), Ok(present)) = (builder().build_v1alpha(), builder().build_v1()) else {
        // A test builds both.
        return Router::new();
    };
    Router::new()
        .route(PATHS[0], post_service(first))
        .route(PATHS[1], post_service(present))
        .route_layer(from_fn_with_state(Arc::clone(node), short))
}

/// Count a conversation by its address, and let it not be long.
async fn short(State(node): State<Arc<NodeState>>, request: Request, next: Next) -> Response {
    let address = Peer::of(request.extensions()).0;
    let counted = node.limits.count_address(address, Instant::now());
    if let Err(refusal) = counted.and_then(|()| of_grpc(request.headers())) {
        return refusal.into_response();
    }
    let request = request.map(|body| {
        let until = tokio::time::sleep(LONGEST);
        let asked = Body::new(Limited::new(body, ASKED)).into_data_stream();
        Body::from_stream(asked.take_until(until))
    });
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use crate::node::handlers::reflection::*;

    #[test]
    fn reflection_can_be_served() {
        let builder = || Builder::configure().register_encoded_file_descriptor_set(DESCRIPTOR);
        assert!(builder().build_v1().is_ok() && builder().build_v1alpha().is_ok());
    }
}
