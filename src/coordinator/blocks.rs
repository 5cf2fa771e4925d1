//! The memory that passwords are hashed in: as many blocks as hashes are made at once, used again.
//!
//! A hash takes about 20 MB. Asking the allocator anew for each lets it keep one such piece for
//! every thread that ever hashed. Here the pieces go from hash to hash, wiped in between, and back
//! to the operating system once no one has logged in for a while.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use argon2::Block;
use zeroize::Zeroize as _;

use crate::base::{lock, memory};

/// Without a hash for so long the memory is given back.
const KEPT: Duration = Duration::from_secs(5);

/// Blocks that are not in use.
#[derive(Default)]
pub struct Blocks {
    free: Mutex<Vec<Vec<Block>>>,
    /// Hashes so far.
    used: AtomicU64,
}

/// Blocks in use. They are wiped and go back when dropped.
pub struct Lent {
    from: Arc<Blocks>,
    blocks: Vec<Block>,
}

impl Blocks {
    /// So many blocks for one hash.
    pub fn lend(self: &Arc<Self>, count: usize) -> Lent {
        self.used.fetch_add(1, Ordering::Relaxed);
        let mut blocks = lock(&self.free).pop().unwrap_or_default();
        blocks.resize(count, Block::new());
        Lent { from: Arc::clone(self), blocks }
    }

    /// Give memory back, unless there is another hash within a while.
    pub async fn rest(self: Arc<Self>) {
        let before = self.used.load(Ordering::Relaxed);
        tokio::time::sleep(KEPT).await;
        if self.used.load(Ordering::Relaxed) == before {
            let free = std::mem::take(&mut *lock(&self.free));
            let given = tokio::task::spawn_blocking(move || {
                drop(free);
                memory::give_back();
            });
            drop(given.await);
        }
    }

    /// Bytes that are kept for the next hashes.
    pub fn kept(&self) -> usize {
        lock(&self.free).iter().map(|blocks| blocks.len() * Block::SIZE).sum()
    }
}

impl AsMut<[Block]> for Lent {
    fn as_mut(&mut self) -> &mut [Block] {
        &mut self.blocks
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut blocks = std::mem::take(&mut self.blocks);
        for block in &mut blocks {
            block.zeroize();
        }
        lock(&self.from.free).push(blocks);
    }
}

#[cfg(test)]
mod tests {
    use crate::coordinator::blocks::*;

    #[tokio::test(start_paused = true)]
    async fn blocks_are_used_again_wiped_and_given_back() {
        let blocks = Arc::new(Blocks::default());
        let mut first = blocks.lend(64);
        first.as_mut()[3].as_mut()[5] = 7;
        let place = first.as_mut().as_ptr();
        drop(first);
        let mut second = blocks.lend(64);
        assert_eq!(second.as_mut().as_ptr(), place);
        assert!(second.as_mut().iter().all(|block| block.as_ref().iter().all(|word| *word == 0)));
        drop(second);
        assert_eq!(blocks.kept(), 64 * Block::SIZE);
        let resting = tokio::spawn(Arc::clone(&blocks).rest());
        tokio::task::yield_now().await;
        drop(blocks.lend(64));
        resting.await.unwrap();
        assert_eq!(blocks.kept(), 64 * Block::SIZE, "it was used meanwhile");
        Arc::clone(&blocks).rest().await;
        assert_eq!(blocks.kept(), 0);
    }
}
