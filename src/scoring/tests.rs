use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _, join};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf, split};
use tokio::sync::{mpsc, watch};

use crate::base::{Clock, lock};
use crate::field::Pair127;
use crate::field::bulk::append;
use crate::identity::key_file::TlsIdentity;
use crate::identity::{Digest, KeyPair, Signed};
use crate::protocol::pair::PairError;
use crate::rules::model::weights::sheet;
use crate::rules::model::{Dense, Layer, Structure, Weights, reference};
use crate::runs::score::{Part, ScoreError, material};
use crate::scoring::client::over;
use crate::scoring::said::Why;
use crate::scoring::*;
use crate::session::scoring::{BatchId, BatchPromise, Learner, ModelTerms, Vouched};
use crate::sharing::NodeSet;
use crate::sharing::pair::{Half, Party};
use crate::testkit::material::halves;
use crate::transport::server::listen::bind;
use crate::transport::streams::upgrade::BoxIo;

const PATIENCE: Patience =
    Patience { message: Duration::from_secs(60), half: Duration::from_secs(60) };

const WEIGHTS: [f64; 8] = [
    0.512_345_6,
    -0.754_321_9,
    0.340_127_7,
    0.901_234_5,
    -0.109_876_5,
    0.625_111_3,
    -0.375_222_1,
    0.187_533_9,
];
const SHEET: [f64; 4] = [0.777_712_3, -0.123_456_7, 0.509_876_1, -0.931_234_5];

fn key(seed: u8) -> KeyPair {
    KeyPair::from_secret(&[seed; 32])
}

/// Dealers who give each half once. Who is `wrong` gets a half of another batch.
#[derive(Default)]
struct Given {
    given: Mutex<HashSet<(BatchId, bool)>>,
    wrong: bool,
}

impl Halves for Given {
    fn half<'a>(
        &'a self,
        promise: &'a Signed<BatchPromise>,
        party: Party,
    ) -> BoxFuture<'a, Result<Half<Pair127>, String>> {
        async move {
            let promise = &promise.body;
            if !lock(&self.given).insert((promise.batch, party == Party::Client)) {
                return Err("dealer 1 gave it out before".to_owned());
            }
            let seed = u64::from(promise.batch.0[0]) + u64::from(self.wrong);
            let [client, owner] = halves(&promise.shape, seed);
            Ok(if party == Party::Client { client } else { owner })
        }
        .boxed()
    }
}

/// A model, who owns it, and a client.
struct World {
    terms: ModelTerms,
    dense: Vec<Dense>,
    dealers: Arc<Given>,
}

impl World {
    fn new(learner: Learner) -> Self {
        let dense = |outputs, largest| Layer::Dense { outputs, largest };
        let layers = vec![dense(2, 3), Layer::Rectify, dense(1, 5)];
        let terms = ModelTerms {
            name: "offers".to_owned(),
            roster: Digest([7; 32]),
            owner: key(1).public(),
            structure: Structure { features: 4, largest_feature: 0, fraction: 16, layers },
            features: Vec::new(),
            learner,
        };
        let first = Dense { weights: WEIGHTS.to_vec(), biases: vec![0.25, -0.5] };
        let second = Dense { weights: vec![1.5, -0.5], biases: vec![0.1] };
        Self { terms, dense: vec![first, second], dealers: Arc::default() }
    }

    fn promise(&self, batch: u8, change: impl FnOnce(&mut BatchPromise)) -> Signed<BatchPromise> {
        let makers = NodeSet::all(3);
        let mut promise = BatchPromise {
            batch: BatchId([batch; 16]),
            model: self.terms.id(),
            roster: self.terms.roster,
            shape: material(&self.terms.structure, self.terms.learner.party()).unwrap(),
            makers,
            chosen: makers,
            vouched: Vouched::default(),
            client: key(2).public(),
            owner: self.terms.owner,
            until: Clock::System.now().plus_millis(60_000),
        };
        change(&mut promise);
        Signed::new(promise, &key(9))
    }

    fn owner(&self, admitted: Admitted) -> Arc<Owner> {
        self.owner_with(admitted, Arc::clone(&self.dealers))
    }

    fn owner_with(&self, admitted: Admitted, dealers: Arc<Given>) -> Arc<Owner> {
        let weights = Weights::new(&self.terms.structure, &self.dense).unwrap();
        let models = [(self.terms.clone(), weights)];
        Arc::new(Owner::new(key(1), key(9).public(), admitted, models, dealers, PATIENCE))
    }

    /// Both over a connection in memory that is seen by a relay.
    async fn meet(
        &self,
        owner: &Owner,
        promise: &Signed<BatchPromise>,
        client: &KeyPair,
        relay: Relay,
    ) -> [Result<Outcome, MeetingError>; 2] {
        let sheet = sheet(&self.terms.structure, &SHEET).unwrap();
        let asked = Asked {
            address: "memory",
            terms: &self.terms,
            promise,
            sheet: &sheet,
            keys: client,
            halves: &*self.dealers,
            patience: PATIENCE,
        };
        let certificate = Digest([5; 32]);
        let (near, far) = relay.open();
        let course = watch::Sender::default();
        let client = over(&asked, near, certificate, &course);
        let (client, owner) = join(client, owner.meet(far, certificate, &|| Ok(()))).await;
        [client.map(|done| done.outcome), owner.map(|(_, done)| done.outcome)]
    }

    async fn scored(&self, promise: &Signed<BatchPromise>) -> [Result<Outcome, MeetingError>; 2] {
        let owner = self.owner(Admitted::Anyone);
        self.meet(&owner, promise, &key(2), Relay::default()).await
    }

    fn expected(&self) -> f64 {
        reference::score(&self.terms.structure, &self.dense, &SHEET)[0]
    }

    fn is_right(&self, values: &[i64], fraction: u32) {
        let precision = Weights::new(&self.terms.structure, &self.dense).unwrap().precision();
        let got = values[0] as f64 / f64::from(fraction).exp2();
        assert!((got - self.expected()).abs() <= precision, "{got} {}", self.expected());
    }
}

/// What passes between the two, in the clear, and after how many bytes the connection breaks.
#[derive(Clone, Default)]
struct Relay {
    seen: Arc<Mutex<Vec<u8>>>,
    until: Option<usize>,
}

impl Relay {
    fn open(&self) -> (BoxIo, BoxIo) {
        let (near, inner) = tokio::io::duplex(4 << 10);
        let (outer, far) = tokio::io::duplex(4 << 10);
        let ((from_near, to_near), (from_far, to_far)) = (split(inner), split(outer));
        let relay = self.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = relay.pass(from_near, to_far) => {}
                () = relay.pass(from_far, to_near) => {}
            }
        });
        (Box::new(near), Box::new(far))
    }

    async fn pass(
        &self,
        mut from: ReadHalf<tokio::io::DuplexStream>,
        mut to: WriteHalf<tokio::io::DuplexStream>,
    ) {
        let mut bytes = [0; 512];
        loop {
            let Ok(count) = from.read(&mut bytes).await else { return };
            let seen = {
                let mut seen = lock(&self.seen);
                seen.extend_from_slice(&bytes[..count]);
                seen.len()
            };
            if self.until.is_some_and(|until| seen > until) {
                return;
            }
            // The other way goes on until it ends by itself.
            if count == 0 {
                let _ = to.shutdown().await;
                return std::future::pending().await;
            }
            if to.write_all(&bytes[..count]).await.is_err() {
                return;
            }
        }
    }
}

#[tokio::test]
async fn both_learn_the_score_and_sign_it() {
    let world = World::new(Learner::Both);
    let [client, owner] = world.scored(&world.promise(1, |_| ())).await;
    let (Ok(Outcome::Signed(client)), Ok(Outcome::Signed(owner))) = (client, owner) else {
        panic!("no score")
    };
    assert_eq!(client, owner);
    let score = client.check().unwrap();
    world.is_right(&score.values, score.fraction);
    assert_eq!((score.batch, score.model), (BatchId([1; 16]), world.terms.id()));
    assert_eq!((score.client, score.owner), (key(2).public(), key(1).public()));
}

#[tokio::test]
async fn who_is_not_to_learn_it_does_not() {
    for learner in [Learner::Client, Learner::Owner] {
        let world = World::new(learner);
        let [client, owner] = world.scored(&world.promise(1, |_| ())).await.map(Result::unwrap);
        let (told, other) =
            if learner == Learner::Client { (client, owner) } else { (owner, client) };
        assert_eq!(other, Outcome::Told);
        let Outcome::Learnt { values, fraction } = told else { panic!("{told:?}") };
        world.is_right(&values, fraction);
    }
}

/// The client is told why, and the owner knows why it said so.
async fn turned_away(world: &World, owner: &Owner, promise: &Signed<BatchPromise>, why: Why) {
    let [client, refused] = world.meet(owner, promise, &key(2), Relay::default()).await;
    assert_eq!(refused, Err(MeetingError::Refused(why)));
    assert_eq!(client, Err(MeetingError::CalledOff { partner: "the model's owner", why }));
}

#[tokio::test]
async fn whoever_comes_with_something_else_is_turned_away_and_told_why() {
    let world = World::new(Learner::Both);
    let owner = world.owner(Admitted::Anyone);
    let fine = world.promise(1, |_| ());
    let mut forged = fine.clone();
    forged.body.until = forged.body.until.plus_millis(1);
    turned_away(&world, &owner, &forged, Why::NotPromised).await;
    let other = world.promise(1, |promise| promise.client = key(3).public());
    turned_away(&world, &owner, &other, Why::NotTheClient).await;
    let other = world.promise(1, |promise| promise.model = Digest([3; 32]));
    turned_away(&world, &owner, &other, Why::NotServed).await;
    let other = world.promise(1, |promise| promise.owner = key(3).public());
    turned_away(&world, &owner, &other, Why::NotServed).await;
    let other = world.promise(1, |promise| promise.shape.triples += 1);
    turned_away(&world, &owner, &other, Why::NotForThisModel).await;
    let late = world.promise(1, |promise| promise.until = Clock::System.now().plus_millis(-1));
    turned_away(&world, &owner, &late, Why::TooLate).await;
    let strict = world.owner(Admitted::Keys([key(4).public()].into()));
    turned_away(&world, &strict, &fine, Why::NotAdmitted).await;
    // None of these used the batch.
    let [client, _] = world.meet(&owner, &fine, &key(2), Relay::default()).await;
    client.unwrap();
    turned_away(&world, &owner, &fine, Why::Used).await;
    // An owner that has been started anew does not know, but the dealers do.
    let again = world.owner(Admitted::Anyone);
    let [client, refused] = world.meet(&again, &fine, &key(2), Relay::default()).await;
    assert!(matches!(client, Err(MeetingError::Half(_))), "{client:?}");
    assert!(matches!(refused, Err(MeetingError::Half(_))), "{refused:?}");
}

#[tokio::test]
async fn a_client_speaks_to_nobody_but_the_owner() {
    let world = World::new(Learner::Both);
    let promise = world.promise(1, |_| ());
    // Another key, and the owner's own word for another connection.
    let weights = Weights::new(&world.terms.structure, &world.dense).unwrap();
    let models = [(world.terms.clone(), weights)];
    let dealers = Arc::clone(&world.dealers) as Arc<dyn Halves>;
    let thief = Owner::new(key(8), key(9).public(), Admitted::Anyone, models, dealers, PATIENCE);
    let relay = Relay::default();
    let [client, _] = world.meet(&thief, &promise, &key(2), relay.clone()).await;
    let not = MeetingError::NotTheOwner { address: "memory".to_owned() };
    assert_eq!(client, Err(not.clone()));
    let sheet = sheet(&world.terms.structure, &SHEET).unwrap();
    let keys = key(2);
    let asked = Asked {
        address: "memory",
        terms: &world.terms,
        promise: &promise,
        sheet: &sheet,
        keys: &keys,
        halves: &*world.dealers,
        patience: PATIENCE,
    };
    let (near, far) = Relay::default().open();
    let owner = world.owner(Admitted::Anyone);
    let met = owner.meet(far, Digest([6; 32]), &|| Ok(()));
    let course = watch::Sender::default();
    let (client, _) = join(over(&asked, near, Digest([5; 32]), &course), met).await;
    assert_eq!(client.map(|done| done.outcome), Err(not));
    // Nothing of the promise went there.
    let seen = lock(&relay.seen).clone();
    assert!(!seen.windows(7).any(|window| window == b"promise"));
}

/// A connection that breaks at any place leaves nobody waiting, and says so.
#[tokio::test]
async fn a_partner_that_goes_away_is_missed() {
    let world = World::new(Learner::Both);
    let relay = Relay::default();
    let owner = world.owner(Admitted::Anyone);
    let [client, _] = world.meet(&owner, &world.promise(1, |_| ()), &key(2), relay.clone()).await;
    client.unwrap();
    let whole = lock(&relay.seen).len();
    let mut gone = 0;
    for part in 1..12 {
        let relay = Relay { until: Some(whole * part / 13), ..Relay::default() };
        let batch = u8::try_from(part).unwrap() + 1;
        let promise = world.promise(batch, |_| ());
        let keys = key(2);
        let both = world.meet(&owner, &promise, &keys, relay);
        let both = tokio::time::timeout(Duration::from_secs(30), both).await.unwrap();
        for result in both {
            match result {
                Err(MeetingError::Gone { .. }) => gone += 1,
                Err(MeetingError::Line { .. }) => {}
                other => panic!("{part}: {other:?}"),
            }
        }
    }
    assert!(gone >= 10, "{gone}");
}

#[tokio::test]
async fn a_wrong_half_ends_it_before_anything_is_learnt_and_both_know_why() {
    let world = World::new(Learner::Both);
    let wrong = Arc::new(Given { wrong: true, ..Given::default() });
    let owner = world.owner_with(Admitted::Anyone, wrong);
    let both = world.meet(&owner, &world.promise(1, |_| ()), &key(2), Relay::default()).await;
    let found = both.iter().filter(|result| match result {
        Err(MeetingError::Score(ScoreError::Pair(error))) => {
            assert!(matches!(error, PairError::Mac { .. }), "{error}");
            true
        }
        Err(MeetingError::CalledOff { why, .. }) => *why == Why::Mac,
        other => panic!("{other:?}"),
    });
    assert_eq!(found.count(), 2);
}

/// Neither sheet nor weights pass the line, as numbers of any kind.
#[tokio::test]
async fn what_is_secret_is_not_on_the_wire() {
    let world = World::new(Learner::Both);
    let relay = Relay::default();
    let owner = world.owner(Admitted::Anyone);
    let [client, _] = world.meet(&owner, &world.promise(1, |_| ()), &key(2), relay.clone()).await;
    client.unwrap();
    let seen = lock(&relay.seen).clone();
    for number in WEIGHTS.iter().chain(&SHEET) {
        let fixed = (number * 65_536.0).round();
        #[allow(clippy::cast_possible_truncation)]
        let whole = fixed as i64;
        let mut element = Vec::new();
        let size: Pair127 = crate::field::Field::from_u64(whole.unsigned_abs());
        let own = if whole < 0 { -size } else { size };
        append(&mut element, &[own]);
        let forms = [
            element,
            number.to_le_bytes().to_vec(),
            number.to_string().into_bytes(),
            whole.to_le_bytes().to_vec(),
        ];
        for form in forms {
            assert!(!seen.windows(form.len()).any(|window| window == form), "{number}");
        }
    }
}

#[path = "port_tests.rs"]
mod port;
