//! Terms of scored auctions, and scores signed by both parties.

use super::reference;
use crate::base::Timestamp;
use crate::identity::{Digest, KeyPair, Statement as _};
use crate::rules::auction::{Kind, Pays, Scored};
use crate::rules::scoring::{Hex, Scoring};
use crate::rules::{Terms, auction};
use crate::session::scoring::{BatchId, Score, SignedScore};

/// Bits after the point of the scores made here.
pub const FRACTION: u32 = 10;

/// The owner of the model.
pub fn owner() -> KeyPair {
    KeyPair::from_secret(&[200; 32])
}

/// Which scores count: those of one model, from 0 to 1.
pub fn scoring(weight: u64) -> Scoring {
    Scoring {
        model: Hex([201; 32]),
        owner: *owner().public().as_bytes(),
        roster: Hex([202; 32]),
        weight,
        lowest: 0,
        highest: 1_000_000,
    }
}

/// A scored auction.
pub fn question(pays: Pays, reserve: u64, weight: u64) -> auction::Question {
    let scored = Some(Scored { pays, scoring: scoring(weight) });
    let question = reference::auction_of(Kind::Scored, Some(reserve), reserve);
    auction::Question { scored, ..question }
}

/// Terms of a scored auction; what does not matter to the computation is filled in.
pub fn terms(pays: Pays, reserve: u64, weight: u64) -> Terms {
    let plain = reference::terms(Kind::Scored, Some(reserve), reserve);
    Terms { question: question(pays, reserve, weight).into(), ..plain }
}

/// A score that counts, which nobody has signed.
pub fn score(client: &KeyPair, value: i64, batch: u8) -> Score {
    Score {
        model: Digest([201; 32]),
        roster: Digest([202; 32]),
        batch: BatchId([batch; 16]),
        owner: owner().public(),
        client: client.public(),
        values: vec![value],
        fraction: FRACTION,
        at: Timestamp::from_millis(5),
    }
}

/// The same with the signatures of two, who need not be its parties.
pub fn signed_by(score: Score, client: &KeyPair, owner: &KeyPair) -> SignedScore {
    let digest = score.digest();
    SignedScore { client: client.sign(&digest), owner: owner.sign(&digest), score }
}

/// A score that counts, signed by both.
pub fn signed(client: &KeyPair, value: i64, batch: u8) -> SignedScore {
    signed_by(score(client, value, batch), client, &owner())
}
