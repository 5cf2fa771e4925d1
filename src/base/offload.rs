//! Work that would hold up the async threads: opening and sealing envelopes, reading and writing
//! files.

use tokio::runtime::{Handle, RuntimeFlavor};

/// Do some work away from the async threads. A runtime that has but one thread does it in place:
/// there it could be done beside nothing else anyway, and what happens in which order is then
/// decided by the runtime alone.
pub async fn offload<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    if Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread {
        return work();
    }
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        // The work is never cancelled, so it has panicked: go on panicking here.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
