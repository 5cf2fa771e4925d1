//! The coordinator's API, typed.
//!
//! Who learns what: the coordinator learns who asks for admission and when; it never sees an
//! envelope's content or an amount.

use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use futures_util::stream::BoxStream;
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::error::ClientError;
use super::login::{SharedLogin, token_source};
use crate::base::Clock;
use crate::identity::{AccountRole, KeyPair, PublicKey, Roster, Signed, Statement as _, token};
use crate::session::announcement::{AdmissionSignature, AdmissionTicket, AnnouncementError};
use crate::session::progress::Event;
use crate::session::record::Record;
use crate::session::{Announcement, Disclosure, Letters, SessionId};
use crate::sharing::NodeIndex;
use crate::transport::client::http::{HttpOptions, PeerClient, TokenSource};
use crate::transport::target::Target;
use crate::transport::{HttpError, Internet, Net};
use crate::wire::coordinator_api::{
    Admitted, AskAdmission, Bidder, CoordinatorHealth, EditSession, NewSession, ReceiptsPage,
    SessionDetail, SessionSummary, Why,
};
use crate::wire::job_api::JobLine;
use crate::wire::page::Page;
use crate::wire::paths;
use crate::wire::variable::VariableLine;

/// How long an answer may take. Closing waits for every node's inventory and verdict in the
/// background, so no request takes longer than this.
const DEADLINE: Duration = Duration::from_secs(20);

/// Longest wait for a record.
const RECORD: Duration = Duration::from_secs(120);

/// A connection to the coordinator of a roster.
#[derive(Clone)]
pub struct CoordinatorClient {
    pub(super) http: PeerClient,
    pub(super) roster: Arc<Signed<Roster>>,
    operator: bool,
}

impl CoordinatorClient {
    /// A client of the roster's coordinator. With the coordinator's own key it may do what its
    /// operator may, with a node's key follow the events; without, what everybody may.
    ///
    /// # Errors
    /// When the address in the roster cannot be used.
    pub fn new(
        roster: Arc<Signed<Roster>>,
        signer: Option<Arc<KeyPair>>,
        clock: Clock,
    ) -> Result<Self, HttpError> {
        Self::over(&Internet, roster, signer, clock)
    }

    /// The same over another way than the network.
    ///
    /// # Errors
    /// When the address in the roster cannot be used.
    pub fn over(
        net: &dyn Net,
        roster: Arc<Signed<Roster>>,
        signer: Option<Arc<KeyPair>>,
        clock: Clock,
    ) -> Result<Self, HttpError> {
        let card = &roster.body.coordinator;
        let operator = signer.as_ref().is_some_and(|keys| keys.public() == card.key);
        let tokens: TokenSource = match signer {
            None => Arc::new(|| None),
            Some(keys) => {
                let target = card.key;
                Arc::new(move || {
                    let token = token::issue(&keys, &target, clock.now()).ok()?;
                    Some(token.expose().to_owned())
                })
            }
        };
        Self::with_tokens(net, roster, tokens, operator)
    }

    /// A client for somebody who has logged in.
    ///
    /// # Errors
    /// When the address in the roster cannot be used.
    pub fn with_login(
        roster: Arc<Signed<Roster>>,
        login: &SharedLogin,
        clock: Clock,
    ) -> Result<Self, HttpError> {
        let tokens = token_source(login, roster.body.coordinator.key, clock);
        let operator = login.get().account.role == AccountRole::Operator;
        Self::with_tokens(&Internet, roster, tokens, operator)
    }

    fn with_tokens(
        net: &dyn Net,
        roster: Arc<Signed<Roster>>,
        tokens: TokenSource,
        operator: bool,
    ) -> Result<Self, HttpError> {
        let options = HttpOptions { deadline: DEADLINE, ..HttpOptions::default() };
        let target = Target::from(&roster.body.coordinator);
        let http = net.client(target, tokens, options)?;
        Ok(Self { http, roster, operator })
    }

    /// Whether it may do what the coordinator's operators may.
    pub const fn is_operator(&self) -> bool {
        self.operator
    }

    /// Health, and the coordinator's view of the nodes.
    ///
    /// # Errors
    /// When the coordinator cannot be reached.
    pub async fn health(&self) -> Result<CoordinatorHealth, ClientError> {
        self.get(paths::HEALTH).await
    }

    /// The roster as the coordinator hands it out; to be compared with the pinned one.
    ///
    /// # Errors
    /// When the coordinator cannot be reached.
    pub async fn roster(&self) -> Result<Signed<Roster>, ClientError> {
        self.get(paths::ROSTER).await
    }

    /// Every session, the latest first.
    ///
    /// # Errors
    /// When the coordinator cannot be reached.
    pub async fn sessions(&self) -> Result<Vec<SessionSummary>, ClientError> {
        let mut all: Vec<SessionSummary> = self.pages(paths::SESSIONS).await?;
        all.sort_by_key(|summary| (std::cmp::Reverse(summary.created), summary.session));
        Ok(all)
    }

    /// Everything of a list that comes in pages.
    async fn pages<T: DeserializeOwned>(&self, list: &str) -> Result<Vec<T>, ClientError> {
        // A coordinator that always has another page is not listened to for ever.
        const MOST_PAGES: usize = 500;
        let mut all = Vec::new();
        let mut path = paths::page(list, None);
        for _ in 0..MOST_PAGES {
            let page: Page<T> = self.get(&path).await?;
            all.extend(page.sessions);
            match page.next {
                Some(next) => path = paths::page(list, Some(next)),
                None => break,
            }
        }
        Ok(all)
    }

    /// The session whose id begins with these digits, or else that has this title.
    ///
    /// # Errors
    /// When none or several do.
    pub async fn find(&self, beginning: &str) -> Result<SessionId, ClientError> {
        if let Ok(session) = beginning.parse() {
            return Ok(session);
        }
        let sessions = self.sessions().await?;
        let by_id = |summary: &&SessionSummary| {
            !beginning.is_empty() && summary.session.to_string().starts_with(beginning)
        };
        let wanted = beginning.trim().to_lowercase();
        let by_title =
            |summary: &&SessionSummary| summary.terms.title.trim().to_lowercase() == wanted;
        let mut found: Vec<_> = sessions.iter().filter(by_id).collect();
        if found.is_empty() {
            found = sessions.iter().filter(by_title).collect();
        }
        match found[..] {
            [only] => Ok(only.session),
            _ => Err(ClientError::NoSuchSession {
                beginning: beginning.to_owned(),
                found: found.len(),
            }),
        }
    }

    /// Write a session, and open it if asked to.
    ///
    /// # Errors
    /// When the terms break a rule, or this is not the operator.
    pub async fn new_session(&self, new: &NewSession) -> Result<SessionDetail, ClientError> {
        self.operator()?;
        self.post(paths::SESSIONS, new).await
    }

    /// Write other terms into a draft.
    ///
    /// # Errors
    /// When the terms break a rule, the session is no draft, or this is not the operator.
    pub async fn edit_session(
        &self,
        session: SessionId,
        edit: &EditSession,
    ) -> Result<SessionDetail, ClientError> {
        self.operator()?;
        let detail =
            self.http.request(Method::PUT, &paths::of(paths::SESSION, session), Some(edit)).await?;
        self.checked(session, detail)
    }

    /// Everything about a session; its announcement is checked against the roster.
    ///
    /// # Errors
    /// When there is no such session, or the coordinator's answer does not hold.
    pub async fn session(&self, session: SessionId) -> Result<SessionDetail, ClientError> {
        let detail = self.get(&paths::of(paths::SESSION, session)).await?;
        self.checked(session, detail)
    }

    /// The roster that a session was opened under, where this client's is not of the same nodes. It is
    /// signed by the same coordinator; nothing else is known of it.
    ///
    /// # Errors
    /// When there is no such session, or the coordinator's answer does not hold.
    pub(super) async fn other_roster(
        &self,
        session: SessionId,
    ) -> Result<Option<Signed<Roster>>, ClientError> {
        let detail: SessionDetail = self.get(&paths::of(paths::SESSION, session)).await?;
        let Some(announcement) = detail.announcement else { return Ok(None) };
        let own = &self.roster.body;
        let body = announcement.verify(&own.coordinator.key).map_err(AnnouncementError::from)?;
        let digest = body.roster;
        if own.covers(&digest) {
            return Ok(None);
        }
        let other: Signed<Roster> = self.get(&paths::roster(&digest)).await?;
        if other.body.digest() != digest || other.body.coordinator.key != own.coordinator.key {
            let (expected, got) = (own.digest(), digest);
            return Err(AnnouncementError::Roster { expected, got }.into());
        }
        Ok(Some(other.checked()?))
    }

    /// The same client for what was opened under another roster of this coordinator.
    pub(super) fn under(&self, roster: Arc<Signed<Roster>>) -> Self {
        Self { roster, ..self.clone() }
    }

    /// Open a draft for bids.
    ///
    /// # Errors
    /// When the session's phase does not allow it, or this is not the operator.
    pub async fn open(&self, session: SessionId) -> Result<SessionDetail, ClientError> {
        self.step(paths::OPEN, session).await
    }

    /// Take no bids for a while, for a reason that everybody sees.
    ///
    /// # Errors
    /// When the session's phase does not allow it, or this is not the operator.
    pub async fn pause(
        &self,
        session: SessionId,
        reason: Option<String>,
    ) -> Result<SessionDetail, ClientError> {
        self.order(paths::PAUSE, session, reason).await
    }

    /// Let bids come in again.
    ///
    /// # Errors
    /// When the session's phase does not allow it, or this is not the operator.
    pub async fn resume(
        &self,
        session: SessionId,
        reason: Option<String>,
    ) -> Result<SessionDetail, ClientError> {
        self.order(paths::RESUME, session, reason).await
    }

    /// End bidding now.
    ///
    /// # Errors
    /// When the session's phase does not allow it, or this is not the operator.
    pub async fn close(&self, session: SessionId) -> Result<SessionDetail, ClientError> {
        self.step(paths::CLOSE, session).await
    }

    /// Cancel the session.
    ///
    /// # Errors
    /// When the session's phase does not allow it, or this is not the operator.
    pub async fn cancel(&self, session: SessionId) -> Result<SessionDetail, ClientError> {
        self.step(paths::CANCEL, session).await
    }

    /// Try a failed session again.
    ///
    /// # Errors
    /// When the session's phase does not allow it, or this is not the operator.
    pub async fn retry(&self, session: SessionId) -> Result<SessionDetail, ClientError> {
        self.step(paths::RETRY, session).await
    }

    /// Everything public about a session, to be checked offline.
    ///
    /// # Errors
    /// When the session is not settled yet.
    pub async fn record(&self, session: SessionId) -> Result<Record, ClientError> {
        // It holds a line of every node for every entry.
        Ok(self.http.for_papers(RECORD).get(&paths::of(paths::RECORD, session)).await?)
    }

    /// Make a job and open it: the body of the request, without any value that is not public.
    ///
    /// # Errors
    /// When the job breaks a rule, or this is not the operator.
    pub async fn new_job(&self, job: &serde_json::Value) -> Result<JobLine, ClientError> {
        self.operator()?;
        self.post(paths::JOBS, job).await
    }

    /// A job, step by step.
    ///
    /// # Errors
    /// When there is no such job.
    pub async fn job(&self, session: SessionId) -> Result<JobLine, ClientError> {
        self.get(&paths::of(paths::JOB, session)).await
    }

    /// Every job, the latest first.
    ///
    /// # Errors
    /// When the coordinator cannot be reached.
    pub async fn jobs(&self) -> Result<Vec<JobLine>, ClientError> {
        let mut all: Vec<JobLine> = self.pages(paths::JOBS).await?;
        all.sort_by_key(|job| (std::cmp::Reverse(job.created), job.job));
        Ok(all)
    }

    /// The variables that stay at the nodes.
    ///
    /// # Errors
    /// When this is neither an operator nor a node.
    pub async fn variables(&self) -> Result<Vec<VariableLine>, ClientError> {
        self.get(paths::VARIABLES).await
    }

    /// What a node discloses to the session's operator, sealed.
    ///
    /// # Errors
    /// When the node does not answer, has no outcome yet, or the terms disclose nothing.
    pub async fn disclosure(
        &self,
        session: SessionId,
        node: NodeIndex,
    ) -> Result<Signed<Disclosure>, ClientError> {
        Ok(self.http.for_papers(RECORD).get(&paths::disclosure(session, node)).await?)
    }

    /// What a node has sealed to those whom a settled session tells something alone.
    ///
    /// # Errors
    /// When the node does not answer, has no outcome yet, or the terms tell nobody anything alone.
    pub async fn letters(
        &self,
        session: SessionId,
        node: NodeIndex,
    ) -> Result<Signed<Letters>, ClientError> {
        Ok(self.http.for_papers(RECORD).get(&paths::letters(session, node)).await?)
    }

    /// Ask to be admitted as a bidder: binds the name to the key for this session. The cohort that
    /// comes with it is the operator's word, where the operator assigns cohorts.
    ///
    /// # Errors
    /// When the name is taken or not listed, or the answer is not signed by the roster's key.
    pub async fn admit(
        &self,
        session: SessionId,
        name: &str,
        keys: &KeyPair,
    ) -> Result<AdmissionSignature, ClientError> {
        let (name, key) = (name.to_owned(), keys.public());
        let asked = AdmissionTicket { session, bidder: name.clone(), key, cohort: None };
        let bidder = Bidder { name, key, cohort: None };
        let ask = AskAdmission { bidder, signature: keys.sign(&asked.digest()) };
        let path = paths::of(paths::ADMISSIONS, session);
        let Admitted { signature } = self.post(&path, &ask).await?;
        signature
            .verify(&self.roster.body.coordinator.key, session, &asked.bidder, key)
            .map_err(|_| ClientError::FalseAdmission)?;
        Ok(signature)
    }

    /// The bidders that are admitted to a session; for the operator.
    ///
    /// # Errors
    /// When this is not the operator.
    pub async fn admissions(&self, session: SessionId) -> Result<Vec<Bidder>, ClientError> {
        self.operator()?;
        self.get(&paths::of(paths::ADMISSIONS, session)).await
    }

    /// Which nodes have given a receipt to which bidder, from behind this bidder's key or from the
    /// first; for the operators of coordinator and nodes.
    ///
    /// # Errors
    /// When this is neither.
    pub async fn receipts(
        &self,
        session: SessionId,
        after: Option<PublicKey>,
    ) -> Result<ReceiptsPage, ClientError> {
        self.get(&paths::behind(paths::RECEIPTS, session, after.as_ref())).await
    }

    /// Live events of all sessions, from now on; for the operators of coordinator and nodes. Ends
    /// with the link, or with the first error.
    pub fn events(&self) -> BoxStream<'static, Result<Event, HttpError>> {
        self.http.events(paths::EVENTS)
    }

    /// The checked announcement of a session that is no draft any more.
    pub(super) fn announcement(detail: &SessionDetail) -> Option<&Signed<Announcement>> {
        detail.announcement.as_ref()
    }

    async fn order(
        &self,
        path: &str,
        session: SessionId,
        reason: Option<String>,
    ) -> Result<SessionDetail, ClientError> {
        self.operator()?;
        let detail = self.post(&paths::of(path, session), &Why { reason }).await?;
        self.checked(session, detail)
    }

    async fn step(&self, path: &str, session: SessionId) -> Result<SessionDetail, ClientError> {
        self.operator()?;
        // Closing goes on in the background, so the reply itself says little.
        self.http.post_empty::<IgnoredAny>(&paths::of(path, session)).await?;
        self.session(session).await
    }

    fn checked(
        &self,
        session: SessionId,
        detail: SessionDetail,
    ) -> Result<SessionDetail, ClientError> {
        let other = || ClientError::OtherSession { asked: session };
        if detail.summary.session != session {
            return Err(other());
        }
        if let Some(announcement) = &detail.announcement
            && announcement.check(&self.roster)?.session != session
        {
            return Err(other());
        }
        Ok(detail)
    }

    pub(super) const fn operator(&self) -> Result<(), ClientError> {
        if self.operator { Ok(()) } else { Err(ClientError::NotTheOperator) }
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        Ok(self.http.get(path).await?)
    }

    pub(super) async fn post<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<T, ClientError> {
        Ok(self.http.post(path, body).await?)
    }
}
