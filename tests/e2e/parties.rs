//! What tests of material share: an owner, a client, a small model, and what a batch must be.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gavel::base::{Clock, Timestamp};
use gavel::client::material::{MaterialError, announce, client_half, model, owner_half, promise};
use gavel::client::node::NodeClient;
use gavel::field::{Field as _, Pair127};
use gavel::identity::{Digest, KeyPair, Signed, Statement as _};
use gavel::rules::model::{Layer, Structure};
use gavel::session::scoring::{BatchPromise, Learner, ModelTerms};
use gavel::sharing::pair::{Authenticated, Half};
use gavel::transport::HttpError;
use gavel::transport::client::http::{HttpOptions, PeerClient};
use gavel::transport::target::Target;
use gavel::wire::dealer_api::{HeldBatch, ModelLine, StockLine};
use gavel::wire::paths;
use gavel::wire::problem::ProblemType;

use super::net::Net;

pub type F = Pair127;

pub fn now() -> Timestamp {
    Clock::System.now()
}

pub fn without_token(target: Target) -> PeerClient {
    PeerClient::new(target, Arc::new(|| None), HttpOptions::default()).unwrap()
}

/// An owner, a client, and a small model of the owner's.
pub struct Parties {
    pub owner: KeyPair,
    pub client: KeyPair,
    pub model: Digest,
}

impl Parties {
    pub fn terms(roster: Digest, owner: &KeyPair) -> ModelTerms {
        let layers = vec![Layer::Dense { outputs: 2, largest: 6 }, Layer::Rectify];
        ModelTerms {
            name: "Harvest".into(),
            roster,
            owner: owner.public(),
            structure: Structure { features: 3, largest_feature: 4, fraction: 8, layers },
            features: Vec::new(),
            learner: Learner::Both,
        }
    }

    /// Announce it, with so many batches to be kept.
    pub async fn announce(net: &Net, stock: u32) -> Self {
        let [owner, client] = [0; 2].map(|_| KeyPair::generate().unwrap());
        let terms = Self::terms(net.roster.body.digest(), &owner);
        let model = terms.id();
        let line = announce(&net.network, &owner, terms, stock, now()).await.unwrap();
        assert_eq!((line.model, line.stock.target), (model, stock));
        Self { owner, client, model }
    }

    /// Once the stock is so.
    pub async fn stock(&self, net: &Net, what: &str, is: impl Fn(&StockLine) -> bool) -> ModelLine {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let line = model(&net.network, self.model).await;
            if let Ok(line) = &line
                && is(&line.stock)
            {
                return line.clone();
            }
            assert!(Instant::now() < until, "{what} is waited for in vain: {line:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub async fn promise(&self, net: &Net) -> Signed<BatchPromise> {
        promise(&net.network, self.model, &self.client, now()).await.unwrap()
    }

    pub async fn client_half(
        &self,
        net: &Net,
        promise: &Signed<BatchPromise>,
    ) -> Result<Half<F>, MaterialError> {
        client_half(&net.network, promise, &self.client).await
    }

    pub async fn owner_half(
        &self,
        net: &Net,
        promise: &Signed<BatchPromise>,
    ) -> Result<Half<F>, MaterialError> {
        owner_half(&net.network, promise, &self.owner).await
    }
}

/// That two halves are a batch: every value has its MAC, products are products, bits are bits.
pub fn fit(client: &Half<F>, owner: &Half<F>) {
    let key = client.key().share() + owner.key().share();
    let shape = client.shape().clone();
    assert_eq!(&shape, owner.shape());
    let mut seen = 0;
    let mut value = |a: Authenticated<F>, b: Authenticated<F>| {
        let sum = a + b;
        assert!((sum.share * key).equals(sum.mac), "value {seen} has another MAC");
        seen += 1;
        sum.share
    };
    for at in 0..shape.triples {
        let (a, b) = (client.triple(at).unwrap(), owner.triple(at).unwrap());
        let product = value(a.a, b.a) * value(a.b, b.b);
        assert!(product.equals(value(a.c, b.c)), "triple {at}");
    }
    for at in 0..shape.squares {
        let (a, b) = (client.square(at).unwrap(), owner.square(at).unwrap());
        let root = value(a.a, b.a);
        assert!((root * root).equals(value(a.square, b.square)), "square {at}");
    }
    for at in 0..shape.bits {
        let bit = value(client.bit(at).unwrap(), owner.bit(at).unwrap());
        assert!(bit.equals(F::ZERO) || bit.equals(F::ONE), "bit {at}");
    }
    for at in 0..shape.masks {
        value(client.mask(at).unwrap(), owner.mask(at).unwrap());
    }
    for (number, matrix) in shape.matrices.iter().enumerate() {
        let (left, right) = (client.matrix(number).unwrap(), owner.matrix(number).unwrap());
        let mut part = |of: [(&gavel::sharing::pair::Matrix<F>, usize); 2]| -> Vec<F> {
            let [(a, count), (b, _)] = of;
            (0..count).map(|at| value(a.get(at).unwrap(), b.get(at).unwrap())).collect()
        };
        let [of_a, of_b, of_c] = matrix.parts();
        let a = part([(&left.a, of_a), (&right.a, of_a)]);
        let b = part([(&left.b, of_b), (&right.b, of_b)]);
        let c = part([(&left.c, of_c), (&right.c, of_c)]);
        let product = gavel::testkit::material::product(*matrix, &a, &b);
        assert!(product.iter().zip(&c).all(|(a, b)| a.equals(*b)), "matrix {number}");
    }
    assert_eq!(seen, shape.values());
}

/// What a dealer answered a request for a half with.
pub fn refused(failed: Result<Half<F>, MaterialError>) -> ProblemType {
    match failed.err() {
        Some(MaterialError::Dealer { error: HttpError::Problem { problem, .. }, .. }) => {
            problem.kind
        }
        other => panic!("not refused by a dealer: {other:?}"),
    }
}

/// The dealers who give a batch out.
pub fn chosen<'a>(
    net: &'a Net,
    promise: &Signed<BatchPromise>,
) -> impl Iterator<Item = &'a NodeClient> + use<'a> {
    let chosen = promise.body.chosen;
    net.network.nodes().iter().filter(move |node| chosen.contains(node.index()))
}

/// The batches that a node holds and may still use.
pub async fn usable(net: &Net, node: u8) -> Vec<HeldBatch> {
    let held: Vec<HeldBatch> =
        net.caller(&net.operator, node).get(paths::NODE_MATERIAL).await.unwrap();
    held.into_iter().filter(|line| line.state == "made" || line.state == "promised").collect()
}
