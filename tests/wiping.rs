//! Nothing secret is left in memory that is given back.
//!
//! On a thread that asks for it, the operating system's randomness bears a mark, and with it all
//! that is drawn from it: contributions to the keys of an attempt, seeds of an entry's components.
//! Whatever memory is freed on that thread is searched for the mark. This binary brings its own
//! `getrandom` and its own allocator for that.
//!
//! Not seen: what libraries keep inside (buffers of TLS), and the stack.

// Helpers of tests may fail the test, as tests themselves may; an allocator is unsafe code.
#![allow(clippy::unwrap_used, clippy::panic, unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ffi::{c_long, c_uint};
use std::sync::Arc;

use futures_util::future::join_all;
use gavel::protocol::Context;
use gavel::session::SessionId;
use gavel::sharing::{NodeIndex, Scheme};
use gavel::transport::HttpError;
use gavel::transport::streams::upgrade::{BoxIo, Dial};
use gavel::transport::streams::{Mesh, MeshOptions};
use tokio::net::UnixStream;

/// What every 16 bytes of randomness begin with.
const MARK: [u8; 8] = [0xd7, 0x1c, 0x93, 0x5e, 0xb8, 0x42, 0xf1, 0x6a];

thread_local! {
    /// How much marked randomness this thread has drawn; `None` while it draws the real one.
    static DRAWN: Cell<Option<u64>> = const { Cell::new(None) };
    /// Pieces of memory that were freed on this thread with the mark in them.
    static LEFT: Cell<usize> = const { Cell::new(0) };
}

unsafe extern "C" {
    fn syscall(number: c_long, ...) -> c_long;
}

#[cfg(target_arch = "x86_64")]
const GETRANDOM: c_long = 318;
#[cfg(not(target_arch = "x86_64"))]
const GETRANDOM: c_long = 278;

/// Takes the place of the C library's function of this name.
///
/// # Safety
/// `buffer` must be valid for writes of `length` bytes, as the C library demands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn getrandom(buffer: *mut u8, length: usize, flags: c_uint) -> isize {
    let Some(mut drawn) = DRAWN.get() else {
        // SAFETY: the arguments are passed on as they came.
        let got = unsafe { syscall(GETRANDOM, buffer, length, flags) };
        return isize::try_from(got).unwrap_or(-1);
    };
    if length > 0 {
        // SAFETY: the caller vouches for the buffer, as for the C library.
        let out = unsafe { std::slice::from_raw_parts_mut(buffer, length) };
        for piece in out.chunks_mut(16) {
            // Byte by byte, as the operating system would: what is put together on the stack stays
            // there, and a future that is moved takes with it what lies between its fields.
            for (at, byte) in piece.iter_mut().enumerate() {
                *byte = match MARK.get(at) {
                    Some(mark) => *mark,
                    None => (drawn >> (8 * (at - MARK.len()))).to_le_bytes()[0],
                };
            }
            drawn += 1;
        }
        DRAWN.set(Some(drawn));
    }
    isize::try_from(length).unwrap_or(isize::MAX)
}

/// The system's allocator, which looks at what is given back.
struct Searching;

// SAFETY: everything is handed to the system's allocator as it comes; before it is freed, memory
// is only read, and the allocator's callers have no claim on it any more.
unsafe impl GlobalAlloc for Searching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // Zeroed, so that every byte that is read later was written before.
        // SAFETY: as the caller vouches.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        let marked = DRAWN.try_with(|drawn| drawn.get().is_some()).unwrap_or(false);
        if marked {
            // SAFETY: the memory is still this allocation's.
            let bytes = unsafe { std::slice::from_raw_parts(memory, layout.size()) };
            if bytes.windows(MARK.len()).any(|window| window == MARK) {
                let _ = LEFT.try_with(|left| left.set(left.get() + 1));
            }
        }
        // SAFETY: as the caller vouches.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Searching = Searching;

/// Do something with marked randomness; gives how many pieces of memory came back with the mark.
fn left_by(work: impl FnOnce()) -> usize {
    DRAWN.set(Some(0));
    LEFT.set(0);
    work();
    let drawn = DRAWN.take().unwrap();
    assert!(drawn > 0, "nothing was drawn");
    LEFT.get()
}

/// Streams through the system's own memory.
struct Sockets(std::sync::Mutex<Vec<(NodeIndex, UnixStream)>>);

impl Dial for Sockets {
    fn dial(&self, to: NodeIndex) -> futures_util::future::BoxFuture<'_, Result<BoxIo, HttpError>> {
        Box::pin(async move {
            let mut sockets = self.0.lock().unwrap();
            match sockets.iter().position(|(node, _)| *node == to) {
                Some(at) => Ok(Box::new(sockets.swap_remove(at).1) as BoxIo),
                None => Err(HttpError::Refused { address: "a socket".to_owned() }),
            }
        })
    }
}

/// Meshes of all nodes, linked in this thread.
async fn meshes(scheme: Scheme) -> Vec<Arc<Mesh>> {
    let all = scheme.all();
    let mut near: Vec<Vec<(NodeIndex, UnixStream)>> = all.iter().map(|_| Vec::new()).collect();
    let mut far = Vec::new();
    for one in all.iter() {
        for other in all.iter().filter(|other| one < *other) {
            let (a, b) = UnixStream::pair().unwrap();
            near[one.position()].push((other, a));
            far.push((one, other, b));
        }
    }
    let meshes: Vec<Arc<Mesh>> = all
        .iter()
        .zip(near)
        .map(|(me, sockets)| {
            let dialer = Arc::new(Sockets(std::sync::Mutex::new(sockets)));
            Mesh::with_dialer(me, scheme.nodes(), dialer, MeshOptions::default())
        })
        .collect();
    for (one, other, socket) in far {
        meshes[other.position()].accept(one, Box::new(socket)).unwrap();
    }
    for mesh in &meshes {
        mesh.start();
        let there = mesh.wait_connected(all, std::time::Duration::from_secs(20)).await;
        assert_eq!(there, all);
    }
    meshes
}

async fn establish(scheme: Scheme) {
    let meshes = meshes(scheme).await;
    let all = scheme.all();
    let made = meshes.iter().zip(all.iter()).map(|(mesh, me)| {
        let channel = mesh.channel(SessionId([1; 16]), 1, all);
        Context::establish(me, scheme, all, channel, [7; 32])
    });
    for context in join_all(made).await {
        context.unwrap();
    }
    for mesh in meshes {
        mesh.shutdown().await;
    }
}

#[test]
fn contributions_to_keys_are_wiped_wherever_they_have_been() {
    for (n, t) in [(3, 1), (5, 2)] {
        let scheme = Scheme::new(n, t).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let left = left_by(|| {
            runtime.block_on(establish(scheme));
            drop(runtime);
        });
        assert_eq!(left, 0, "of {n} nodes");
    }
}

#[test]
fn what_is_freed_unwiped_is_found() {
    let left = left_by(|| {
        let seed = gavel::sharing::Seed::random().unwrap();
        drop(seed.expose().to_vec());
        drop(Box::new(seed));
    });
    assert_eq!(left, 1, "the copy, and not the seed itself");
}
