//! The upgrade of a request to the binary stream between two nodes.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};

use crate::node::NodeState;
use crate::node::access::Caller;
use crate::transport::server::reply::Refusal;
use crate::transport::streams::upgrade;
use crate::wire::problem::ProblemType;

/// Take the stream that another node dials.
pub async fn upgrade(
    State(node): State<Arc<NodeState>>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Response {
    let Caller::Node(from) = caller else {
        return Refusal::new(ProblemType::Forbidden, "streams are for nodes only").into_response();
    };
    match upgrade::upgraded(request) {
        Ok((response, io)) => {
            tokio::spawn(async move {
                match io.await {
                    Ok(io) => {
                        if let Err(error) = node.mesh().accept(from, io) {
                            tracing::warn!(%from, %error, "a stream was not taken");
                        }
                    }
                    Err(error) => {
                        tracing::debug!(%from, %error, "a stream was given up before it stood");
                    }
                }
            });
            response.map(|()| axum::body::Body::empty())
        }
        Err(error) => Refusal::new(ProblemType::BadRequest, error.to_string()).into_response(),
    }
}
