//! Why a request or a stream failed: whose fault it is and what to do next.

use std::error::Error;
use std::io;
use std::time::Duration;

use super::tls::wrong_certificate;
use crate::wire::Problem;

/// Why a request or a stream to a server failed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HttpError {
    /// Nothing listens there.
    #[error("nothing listens at {address}; start the server there, or correct its address")]
    Refused {
        /// Host and port.
        address: String,
    },
    /// No answer in time.
    #[error("{address} did not answer within {} s; check that it runs and can be reached", .after.as_secs_f64())]
    Timeout {
        /// Host and port.
        address: String,
        /// The deadline that passed.
        after: Duration,
    },
    /// Another certificate than the pinned one.
    #[error(
        "the certificate of {address} is not the one in the roster; someone may be in between, or \
         it has new keys: then `gavel roster fetch` gets the next version of the roster"
    )]
    WrongCertificate {
        /// Host and port.
        address: String,
    },
    /// The TLS handshake failed for another reason.
    #[error("no TLS connection to {address}: {detail}; check that a gavel server listens there")]
    Tls {
        /// Host and port.
        address: String,
        /// What TLS says.
        detail: String,
    },
    /// The network is in the way, or the connection broke.
    #[error("the connection to {address} failed: {detail}; check the address and the network")]
    Network {
        /// Host and port.
        address: String,
        /// What the operating system or HTTP says.
        detail: String,
    },
    /// The server answered with a problem document.
    #[error("{target}: {problem}")]
    Problem {
        /// Host and port that answered.
        target: String,
        /// What it said.
        problem: Box<Problem>,
    },
    /// The answer is above its size limit.
    #[error("{address} answered with more than {limit} bytes; is it a gavel server?")]
    TooLarge {
        /// Host and port.
        address: String,
        /// Most bytes that are read.
        limit: usize,
    },
    /// The answer cannot be understood.
    #[error(
        "{address} answered {status} with something this version can't read ({detail}); compare \
         the versions of both sides"
    )]
    Unreadable {
        /// Host and port.
        address: String,
        /// HTTP status.
        status: u16,
        /// What is wrong with it.
        detail: String,
    },
    /// The request cannot be made, for example because the address is malformed.
    #[error("no request can be made to {address}: {detail}")]
    Setup {
        /// Host and port.
        address: String,
        /// What is in the way, in words.
        detail: String,
    },
}

impl HttpError {
    /// Host and port of the server concerned.
    pub fn address(&self) -> &str {
        match self {
            Self::Refused { address }
            | Self::Timeout { address, .. }
            | Self::WrongCertificate { address }
            | Self::Tls { address, .. }
            | Self::Network { address, .. }
            | Self::TooLarge { address, .. }
            | Self::Unreadable { address, .. }
            | Self::Setup { address, .. } => address,
            Self::Problem { target, .. } => target,
        }
    }

    /// The server's problem document, if that is what came.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Problem { problem, .. } => Some(problem),
            _ => None,
        }
    }

    /// Whether the server could not be reached at all, so that nothing was asked of it.
    pub const fn is_unreachable(&self) -> bool {
        matches!(
            self,
            Self::Refused { .. }
                | Self::Timeout { .. }
                | Self::WrongCertificate { .. }
                | Self::Tls { .. }
                | Self::Network { .. }
        )
    }

    /// What an error of a lower layer means for this address.
    pub(super) fn of(address: &str, error: &(dyn Error + 'static)) -> Self {
        let address = address.to_owned();
        let mut last = String::new();
        for cause in causes(error) {
            if let Some(error) = cause.downcast_ref::<rustls::Error>() {
                return match wrong_certificate(error) {
                    Some(_) => Self::WrongCertificate { address },
                    None => Self::Tls { address, detail: error.to_string() },
                };
            }
            if let Some(error) = cause.downcast_ref::<io::Error>()
                && error.kind() == io::ErrorKind::ConnectionRefused
            {
                return Self::Refused { address };
            }
            last = cause.to_string();
        }
        // The innermost cause says what happened; the outer ones only who passed it on.
        Self::Network { address, detail: last }
    }
}

/// An error and what it wraps, outermost first. Looks into `io::Error`, which hides its content.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let current = next.take()?;
        next = match current.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => current.source(),
        };
        Some(current)
    })
}

#[cfg(test)]
mod tests {
    use crate::transport::error::*;
    use crate::wire::problem::ProblemType;

    /// What went wrong is said of the address that was asked, coordinator or node, and never of a
    /// "node" that it may not be.
    #[test]
    fn errors_name_the_address_that_was_asked() {
        let address = "auction.example:7000".to_owned();
        let detail = "broken pipe".to_owned();
        let problem = Box::new(Problem::new(ProblemType::NotFound, "no such session"));
        let errors = [
            HttpError::Refused { address: address.clone() },
            HttpError::Timeout { address: address.clone(), after: Duration::from_secs(5) },
            HttpError::WrongCertificate { address: address.clone() },
            HttpError::Tls { address: address.clone(), detail: detail.clone() },
            HttpError::Network { address: address.clone(), detail: detail.clone() },
            HttpError::Problem { target: address.clone(), problem },
            HttpError::TooLarge { address: address.clone(), limit: 9 },
            HttpError::Unreadable { address: address.clone(), status: 200, detail: detail.clone() },
            HttpError::Setup { address: address.clone(), detail },
        ];
        for error in errors {
            let text = error.to_string();
            assert!(text.contains(&address) && error.address() == address, "{text}");
            assert!(!text.contains("node") && !text.contains("coordinator"), "{text}");
        }
    }
}
