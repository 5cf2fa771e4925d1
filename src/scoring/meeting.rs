//! What both parties do alike: fetch halves, compute, sign.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};
use tokio::sync::watch;

use super::course::{Course, Step};
use super::error::MeetingError;
use super::halves::Halves;
use super::said::{Call, Door, Said};
use crate::base::Timestamp;
use crate::field::Pair127;
use crate::identity::{KeyPair, Signature, Signed, Statement as _};
use crate::protocol::pair::{Computation, PairError};
use crate::protocol::{ChannelError, Counters};
use crate::rules::model::Structure;
use crate::runs::score::{Mine, ScoreError, score, traffic};
use crate::session::scoring::{BatchPromise, Learner, ModelTerms, Score, SignedScore};
use crate::sharing::pair::Party;
use crate::transport::streams::line::{Line, LineError};

/// How long a partner is waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Patience {
    /// For a message of the computation, a paper, or a connection.
    pub message: Duration,
    /// For the partner to have its half, which it fetches from several dealers.
    pub half: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { message: Duration::from_secs(30), half: Duration::from_secs(180) }
    }
}

/// What a party has in the end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Both learnt the score and signed it.
    Signed(Box<SignedScore>),
    /// This party alone learnt it.
    Learnt {
        /// The values after the last layer.
        values: Vec<i64>,
        /// Bits of them after the point.
        fraction: u32,
    },
    /// The partner alone learnt it.
    Told,
}

impl Outcome {
    /// The values after the last layer and their bits after the point, where this party learnt them.
    pub fn learnt(&self) -> Option<(&[i64], u32)> {
        match self {
            Self::Signed(signed) => Some((&signed.score.values, signed.score.fraction)),
            Self::Learnt { values, fraction } => Some((values, *fraction)),
            Self::Told => None,
        }
    }
}

/// A score, and what it took.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Done {
    /// What this party has.
    pub outcome: Outcome,
    /// Rounds of messages.
    pub rounds: u64,
    /// Products.
    pub products: u64,
    /// Bytes that this party sent in the computation.
    pub bytes_sent: u64,
    /// How long the computation took, from both halves to the score.
    pub time: Duration,
}

/// What both have agreed on.
pub(super) struct Agreed<'a> {
    pub(super) terms: &'a ModelTerms,
    pub(super) promise: &'a Signed<BatchPromise>,
    pub(super) door: &'a Signed<Door>,
    pub(super) call: &'a Signed<Call>,
    pub(super) at: Timestamp,
}

/// One party at the line.
pub(super) struct Seat<'a> {
    pub(super) party: Party,
    pub(super) keys: &'a KeyPair,
    pub(super) halves: &'a dyn Halves,
    pub(super) line: &'a Arc<Line>,
    pub(super) patience: Patience,
    pub(super) course: &'a watch::Sender<Course>,
}

/// What a party calls its partner.
pub(super) const fn partner(party: Party) -> &'static str {
    match party {
        Party::Client => "the model's owner",
        Party::Owner => "the client",
    }
}

/// The longest message of a score: what is longer has nothing to do with it.
fn longest(structure: &Structure, to: Option<Party>) -> Result<usize, MeetingError> {
    let cost = traffic(structure, to).map_err(ScoreError::from)?.cost::<Pair127>();
    Ok(usize::try_from(cost.bytes_sent).unwrap_or(usize::MAX))
}

impl Agreed<'_> {
    /// What ties the computation's challenges to what it is for.
    fn binding(&self) -> [u8; 32] {
        let parts = [self.terms.digest(), self.door.body.digest(), self.call.body.digest()];
        let start = Sha256::new().chain_update(b"gavel/v1/score-binding\0");
        parts.iter().fold(start, |hash, part| hash.chain_update(part.0)).finalize().into()
    }
}

impl Seat<'_> {
    /// Fetch this party's half, compute, and sign where both learn the score.
    pub(super) async fn compute(
        &self,
        agreed: &Agreed<'_>,
        mine: Mine<'_>,
    ) -> Result<Done, MeetingError> {
        let (structure, learner) = (&agreed.terms.structure, agreed.terms.learner);
        self.at(Step::Half);
        let half = self.halves.half(agreed.promise, self.party);
        let half = tokio::time::timeout(self.patience.half, half).await;
        let half = half.map_err(|_| MeetingError::Slow { after: self.patience.half })?;
        let half = half.map_err(MeetingError::Half)?;
        self.tell("saying that the half is here", &Said::Ready).await?;
        self.at(Step::Partner);
        let doing = "waiting until the partner has its half of the batch";
        let Said::Ready = self.hear(doing, self.patience.half).await? else {
            return Err(MeetingError::Line { doing, source: LineError::NotDue });
        };
        self.line.allow(longest(structure, learner.party())?);
        let channel = Arc::clone(self.line) as Arc<_>;
        let began = Instant::now();
        let own = Computation::new(self.party, half, channel, agreed.binding());
        self.at(Step::Computing);
        let course = self.course.clone();
        let told = move |spent: Counters| {
            course.send_modify(|course| {
                (course.rounds, course.bytes_sent) = (spent.rounds, spent.bytes_sent);
            });
        };
        let mut own = own.map_err(ScoreError::from)?.telling(Arc::new(told));
        let learnt = Box::pin(score(&mut own, structure, mine, learner.party())).await;
        let values = learnt.map_err(|error| self.ended(error))?;
        let fraction = structure.check().map_err(ScoreError::from)?;
        let fraction = fraction.last().map_or(0, |values| values.fraction);
        let (spent, time) = (own.counters(), began.elapsed());
        let outcome = match (learner, values) {
            (_, None) => Outcome::Told,
            (Learner::Both, Some(values)) => {
                self.at(Step::Signing);
                self.sign(agreed, values, fraction).await?
            }
            (_, Some(values)) => Outcome::Learnt { values, fraction },
        };
        let (rounds, products, bytes_sent) = (spent.rounds, spent.gates, spent.bytes_sent);
        Ok(Done { outcome, rounds, products, bytes_sent, time })
    }

    /// Tell where the score is.
    fn at(&self, step: Step) {
        self.course.send_modify(|course| course.step = step);
    }

    /// What the end of a computation means here: the partner's last paper says more than a line that
    /// is down.
    fn ended(&self, error: ScoreError) -> MeetingError {
        let partner = partner(self.party);
        if let Some(Said::CalledOff { why }) = self.line.parting() {
            return MeetingError::CalledOff { partner, why };
        }
        match error {
            ScoreError::Pair(PairError::Channel { round, source: ChannelError::Closed { .. } }) => {
                MeetingError::Gone { partner, round }
            }
            other => other.into(),
        }
    }

    /// Both sign the same score, the client first.
    async fn sign(
        &self,
        agreed: &Agreed<'_>,
        values: Vec<i64>,
        fraction: u32,
    ) -> Result<Outcome, MeetingError> {
        let promise = &agreed.promise.body;
        let score = Score {
            model: promise.model,
            roster: promise.roster,
            batch: promise.batch,
            owner: promise.owner,
            client: promise.client,
            values,
            fraction,
            at: agreed.at,
        };
        let own = self.keys.sign(&score.digest());
        let signed = match self.party {
            Party::Client => {
                self.tell("signing the score", &Said::Signed { signature: own }).await?;
                let owner = self.signature().await?;
                SignedScore { score, client: own, owner }
            }
            Party::Owner => {
                let client = self.signature().await?;
                let signed = SignedScore { score, client, owner: own };
                // Only a client that signed the same score gets the owner's signature.
                signed.check()?;
                self.tell("signing the score", &Said::Signed { signature: own }).await?;
                signed
            }
        };
        signed.check()?;
        Ok(Outcome::Signed(Box::new(signed)))
    }

    async fn signature(&self) -> Result<Signature, MeetingError> {
        let doing = "waiting for the partner's signature of the score";
        match self.hear(doing, self.patience.message).await? {
            Said::Signed { signature } => Ok(signature),
            _ => Err(MeetingError::Line { doing, source: LineError::NotDue }),
        }
    }

    pub(super) async fn tell(&self, doing: &'static str, said: &Said) -> Result<(), MeetingError> {
        self.line.tell(said).await.map_err(|source| MeetingError::Line { doing, source })
    }

    pub(super) async fn hear(
        &self,
        doing: &'static str,
        within: Duration,
    ) -> Result<Said, MeetingError> {
        let said = self.line.hear(within).await;
        match said.map_err(|source| MeetingError::Line { doing, source })? {
            Said::CalledOff { why } => {
                Err(MeetingError::CalledOff { partner: partner(self.party), why })
            }
            said => Ok(said),
        }
    }

    /// Tell the partner why it ends here, where it does not know.
    pub(super) async fn part(&self, error: &MeetingError) {
        if let Some(why) = error.why() {
            let _ = self.line.tell(&Said::CalledOff { why }).await;
        }
        self.line.close().await;
    }
}
