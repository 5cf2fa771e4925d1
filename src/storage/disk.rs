//! Where a simulation takes hold of the store: statements run in place, so that their order is
//! decided by the runtime alone, and every commit is a point at which the disk may be full or the
//! process may die. The product has neither.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

/// What becomes of a commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fate {
    /// It goes through.
    Done,
    /// It fails and nothing is stored, as on a full disk; the text says why.
    Fails(String),
    /// The process dies here: nobody hears what became of the commit.
    Dies,
}

/// Decides what becomes of commits.
pub trait Disk: Send + Sync {
    /// Just before the commit. What dies here is not stored.
    fn before_commit(&self) -> Fate;

    /// Just after it, before anybody has heard of it. What dies here is stored; it can no longer
    /// fail.
    fn after_commit(&self) -> Fate;

    /// Just after the mark of a commit, before anybody has heard of it.
    fn after_mark(&self) -> Fate;
}

/// A store as a simulation has it.
pub(super) type InPlace = Option<Arc<dyn Disk>>;

/// Wait for the database's thread without letting anything else run. For futures that wait for
/// nothing else.
pub(super) fn in_place<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}
