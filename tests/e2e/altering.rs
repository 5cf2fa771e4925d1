//! A dealer that gives parties something else than it has: the node's own server, with a layer before it that
//! changes what leaves, and signs for that with the node's key where it is so bold.

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use gavel::dealer::portions::{RestHash, seed_digest};
use gavel::dealer::vouch::check;
use gavel::field::{Field as _, Pair127};
use gavel::identity::{Digest, KeyPair, Roster, Signed, Statement as _};
use gavel::session::dealing::{AskHalf, Given};
use gavel::sharing::pair::Party;
use gavel::sharing::parts::Part;
use gavel::sharing::{NodeIndex, Seed};
use gavel::wire::dealer_api::{AskSeed, GivenSeed, SeedText};
use gavel::wire::grpc::{AskOwnerHalf, Piece};
use gavel::wire::paths;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use prost::Message as _;

/// What a dealer alters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// A bit of a seed, the client's.
    Seed,
    /// The owner's share of the key.
    Key,
    /// The owner's share of the first value.
    Value,
    /// The owner's share of the last MAC.
    Mac,
}

/// What it alters, and how it signs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Alters {
    pub what: What,
    /// Whether it signs for what it sends; for what it should have sent, if not.
    pub signs: bool,
}

const MOST: usize = 1 << 26;

/// A dealer and what it does.
#[derive(Clone)]
struct Dealer {
    me: NodeIndex,
    keys: KeyPair,
    roster: Roster,
    alters: Alters,
}

/// The node's router, behind a layer that alters what it gives.
pub fn altering(
    router: Router,
    me: NodeIndex,
    keys: KeyPair,
    roster: Roster,
    alters: Alters,
) -> Router {
    let dealer = Dealer { me, keys, roster, alters };
    router.layer(from_fn(move |request: Request, next: Next| {
        let dealer = dealer.clone();
        async move { dealer.pass(request, next).await }
    }))
}

impl Dealer {
    async fn pass(&self, request: Request, next: Next) -> Response {
        let path = request.uri().path().to_owned();
        let of_client = path == paths::MATERIAL_SEED && self.alters.what == What::Seed;
        let of_owner = path == paths::OWNER_HALF && self.alters.what != What::Seed;
        if !of_client && !of_owner {
            return next.run(request).await;
        }
        let (head, body) = request.into_parts();
        let asked = to_bytes(body, MOST).await.unwrap();
        let answer = next.run(Request::from_parts(head, Body::from(asked.clone()))).await;
        if !answer.status().is_success() {
            return answer;
        }
        let (mut head, body) = answer.into_parts();
        if of_client {
            let ask: AskSeed = serde_json::from_slice(&asked).unwrap();
            let given = to_bytes(body, MOST).await.unwrap();
            let given = self.other_seed(&ask.request, serde_json::from_slice(&given).unwrap());
            head.headers.remove("content-length");
            return Response::from_parts(head, Body::from(serde_json::to_vec(&given).unwrap()));
        }
        let ask = AskOwnerHalf::decode(&asked[5..]).unwrap();
        let ask: Signed<AskHalf> = serde_json::from_slice(&ask.request).unwrap();
        let answer = body.collect().await.unwrap();
        let trailers = answer.trailers().cloned().unwrap_or_default();
        let mut pieces = pieces(&answer.to_bytes());
        if pieces.is_empty() {
            let none =
                futures_util::stream::iter([Ok::<_, axum::Error>(Frame::trailers(trailers))]);
            return Response::from_parts(head, Body::new(StreamBody::new(none)));
        }
        self.other_pieces(&ask, &mut pieces);
        let frames = pieces.iter().map(|piece| Ok::<_, axum::Error>(Frame::data(framed(piece))));
        let frames: Vec<_> = frames.chain([Ok(Frame::trailers(trailers))]).collect();
        Response::from_parts(head, Body::new(StreamBody::new(futures_util::stream::iter(frames))))
    }

    /// This dealer's portions of the batch that is asked for.
    fn portions(&self, ask: &Signed<AskHalf>) -> Vec<usize> {
        check(&self.roster, &ask.body.promise.body).unwrap().given_by(self.me)
    }

    fn sign(
        &self,
        ask: &Signed<AskHalf>,
        party: Party,
        portions: Vec<Digest>,
    ) -> Option<Signed<Given>> {
        let promise = ask.body.promise.body.digest();
        let given = Given { promise, dealer: self.me, party, portions };
        self.alters.signs.then(|| Signed::new(given, &self.keys))
    }

    fn other_seed(&self, ask: &Signed<AskHalf>, mut given: GivenSeed) -> GivenSeed {
        let mut seeds = given.seed.seeds().unwrap();
        let mut last = *seeds.pop().unwrap().expose();
        last[17] ^= 4;
        seeds.push(Seed::from_bytes(last));
        let digests = self.portions(ask).into_iter().zip(&seeds);
        let digests = digests.map(|(at, seed)| seed_digest(given.batch_id, at, seed)).collect();
        given.seed = SeedText::of(&seeds);
        given.given = self.sign(ask, Party::Client, digests).unwrap_or(given.given);
        given
    }

    fn other_pieces(&self, ask: &Signed<AskHalf>, pieces: &mut [Piece]) {
        let promise = &ask.body.promise.body;
        let values = promise.shape.values();
        let portion = Part::<Pair127>::elements(values);
        let own = self.portions(ask);
        let at = match self.alters.what {
            What::Seed | What::Key => 0,
            What::Value => 1,
            // Of the last portion that it gives.
            What::Mac => own.len() * portion - 1,
        };
        let mut hashes: Vec<_> = own.iter().map(|&at| RestHash::new(promise.batch, at)).collect();
        let mut altered = false;
        let (last, elements) = pieces.split_last_mut().unwrap();
        for piece in elements {
            let first = usize::try_from(piece.first).unwrap();
            let mut bytes = piece.elements.to_vec();
            let place = at.checked_sub(first).filter(|at| at * Pair127::BYTES < bytes.len());
            if let Some(place) = place {
                bytes[place * Pair127::BYTES] ^= 1;
                altered = true;
            }
            hashes[first / portion].update(&bytes);
            piece.elements = bytes.into();
        }
        assert!(altered);
        let digests = hashes.into_iter().map(RestHash::finish).collect();
        if let Some(given) = self.sign(ask, Party::Owner, digests) {
            last.given = serde_json::to_vec(&given).unwrap().into();
        }
    }
}

/// The messages of an answer over gRPC.
fn pieces(mut bytes: &[u8]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    while let Some((&[_, a, b, c, d], rest)) = bytes.split_first_chunk() {
        let (own, others) = rest.split_at(u32::from_be_bytes([a, b, c, d]) as usize);
        pieces.push(Piece::decode(own).unwrap());
        bytes = others;
    }
    pieces
}

fn framed(piece: &Piece) -> Bytes {
    let message = piece.encode_to_vec();
    let mut bytes = vec![0];
    bytes.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    bytes.extend(message);
    bytes.into()
}
