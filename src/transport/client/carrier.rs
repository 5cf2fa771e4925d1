//! What may carry a client's requests in place of HTTPS, such as a simulated network.

use futures_util::future::BoxFuture;

use crate::transport::error::HttpError;
use crate::transport::target::Target;

/// Carries a request to a server and its reply back. Must come to an end only with the caller's
/// patience, who drops it then.
pub trait Carrier: Send + Sync {
    /// Carry one request.
    fn carry(
        &self,
        target: &Target,
        request: reqwest::Request,
    ) -> BoxFuture<'static, Result<reqwest::Response, HttpError>>;
}
