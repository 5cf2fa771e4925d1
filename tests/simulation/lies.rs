//! A coordinator and t nodes that lie together, against the product's own nodes.
//!
//! The liars are a script that holds the coordinator's key and the keys of t nodes, and knows what
//! all of them are sent. It does what it likes, by the seed: admits keys of its own under bidders'
//! names and hands in their envelopes at any revision, first or last, at any nodes; freezes nodes
//! early; signs receipts and drops the bids; lists what nobody sent, and lists it differently each
//! time; complains of what is sound; keeps envelopes back; hands out several bundles, to some nodes
//! these and to others those, while links between honest nodes are cut; and signs everything. What
//! must hold of any record that it can make is in [`super::promises`].

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gavel::base::lock;
use gavel::client::BidAmount;
use gavel::identity::{Digest, KeyPair, Roster, Signed, Statement as _};
use gavel::node::Node;
use gavel::rules::SessionFile;
use gavel::session::announcement::AdmissionTicket;
use gavel::session::bundle::{Bundle, Complaint, Inventories, Inventory, InventoryEntry, Verdict};
use gavel::session::exclusion::ExclusionReason;
use gavel::session::manifest::CoSigned;
use gavel::session::record::{Format, Record};
use gavel::session::{Announcement, Envelope, Manifest, Receipt, SessionId};
use gavel::sharing::{NodeIndex, NodeSet, Scheme};
use gavel::testkit::bad_bidder::BadBidder;
use gavel::transport::HttpError;
use gavel::transport::PeerClient;
use gavel::wire::node_api::{HandedIn, ManifestSignature};
use gavel::wire::paths;
use tokio::time::sleep;

use super::books::Books;
use super::cast::{any, client, honest, liar, shuffle, some};
use super::chance::Chance;
use super::core::{Core, Host, Noise};
use super::net::Line;
use super::papers::{Secrets, papers};
use super::promises::{Findings, judge};
use super::run::apart;

/// Rosters of every shape: t+1 honest nodes at least, and up to so many more that two groups of
/// 2t+1 nodes need not share an honest one.
const ROSTERS: [(u8, u8); 8] = [(3, 1), (4, 1), (5, 1), (5, 2), (6, 1), (6, 2), (7, 1), (8, 2)];

/// Where the script sits on the network.
const SCRIPT: Host = Host(100);

/// Play a seed.
pub fn lie(seed: u64) -> Findings {
    let play = move |folder: PathBuf| async move {
        let mut chance = Chance::new(seed.rotate_left(29) ^ 5);
        let stage = Stage::set(&folder, seed, &mut chance);
        stage.play(&mut chance).await
    };
    apart(seed, play).unwrap_or_else(|panic| Findings {
        broken: vec![format!("panic: {panic}")],
        ..Findings::default()
    })
}

/// A bidder, and what became of the envelopes.
pub struct Bidder {
    /// The name.
    pub name: String,
    /// The keys.
    pub keys: KeyPair,
    /// Whether it is an honest one.
    pub honest: bool,
    /// Every envelope, with the receipts for it.
    pub sent: Vec<(Envelope, Vec<Signed<Receipt>>)>,
}

/// Something that happens while the session is open.
enum Act {
    /// A bidder hands in an envelope of this revision to these nodes.
    Bid(usize, u32, NodeSet),
    /// The coordinator ends bidding at a node.
    Freeze(NodeIndex),
}

/// Nodes, liars, and one session.
pub struct Stage {
    /// The roster that everybody trusts.
    pub roster: Signed<Roster>,
    /// The session.
    pub announcement: Signed<Announcement>,
    /// The nodes that lie.
    pub liars: NodeSet,
    core: Arc<Core>,
    secrets: Vec<Secrets>,
    clients: BTreeMap<NodeIndex, PeerClient>,
    /// What the liars were sent.
    stash: Arc<Mutex<BTreeMap<Digest, Envelope>>>,
    /// Nodes that run.
    _nodes: Vec<Node>,
}

impl Stage {
    fn set(folder: &Path, seed: u64, chance: &mut Chance) -> Self {
        let (nodes, threshold) = *chance.pick(&ROSTERS);
        let scheme = Scheme::new(nodes, threshold).expect("a scheme");
        let (roster, secrets) = papers(scheme);
        let noise = Noise { delay: 5, ..Noise::default() };
        let books = Books::new(scheme.manifest_quorum());
        let (core, _) = Core::new(seed, noise, books, None);
        let clocks = Arc::clone(&core);
        tokio::spawn(async move {
            loop {
                sleep(Duration::from_millis(50)).await;
                clocks.tick();
            }
        });
        let mut liars = NodeSet::EMPTY;
        while liars.len() < usize::from(threshold) {
            liars.insert(any(chance, scheme.all()));
        }
        let (_, clock) = core.begin(Host::COORDINATOR);
        let stash = Arc::new(Mutex::default());
        let mut running = Vec::new();
        for node in scheme.all().iter() {
            let host = Host::of(node);
            if liars.contains(node) {
                core.begin(host);
                core.serve(host, liar(&core, &stash));
            } else {
                running.push(honest(&core, folder, &roster, &secrets, host));
            }
        }
        let coordinator = KeyPair::from_secret(&secrets[0].0);
        let line = Line { core: Arc::clone(&core), host: SCRIPT, life: 0 };
        let clients = scheme.all().difference(liars).iter().map(|node| {
            (node, client(&line, &roster.body, node, coordinator.clone(), clock.clone()))
        });
        let clients = clients.collect();
        let file = format!(
            "title = \"A lie\"\nkind = \"first-price\"\nbids_until = \"1h\"\nmaximum = \"255\"\nreplace_bids = {}\n",
            chance.happens(0.6)
        );
        let terms = SessionFile::parse(&file).expect("a session file").terms(clock.now());
        let announcement = Announcement {
            session: SessionId([seed.to_le_bytes()[0]; 16]),
            roster: roster.body.digest(),
            terms: terms.expect("terms"),
            opened: clock.now(),
        };
        let announcement = Signed::new(announcement, &coordinator);
        core.note(format_args!("{nodes} nodes, t = {threshold}; {liars} lie"));
        Self { roster, announcement, liars, core, secrets, clients, stash, _nodes: running }
    }

    /// Number of nodes and threshold.
    pub fn scheme(&self) -> Scheme {
        self.roster.body.scheme
    }

    fn honest(&self) -> NodeSet {
        self.scheme().all().difference(self.liars)
    }

    fn key(&self, node: u8) -> KeyPair {
        KeyPair::from_secret(&self.secrets[usize::from(node)].0)
    }

    async fn play(&self, chance: &mut Chance) -> Findings {
        for client in self.clients.values() {
            client.post::<_, ()>(paths::NODE_SESSIONS, &self.announcement).await.expect("open");
        }
        let mut bidders = self.cast(chance);
        self.bidding(chance, &mut bidders).await;
        let mut frozen = BTreeMap::new();
        let path = paths::of(paths::NODE_FREEZE, self.announcement.body.session);
        for (&node, client) in &self.clients {
            let inventory = client.post_empty::<Signed<Inventory>>(&path).await.expect("frozen");
            frozen.insert(node, inventory);
        }
        // Links between honest nodes are cut in some runs, which no coordinator can do.
        let calm = chance.happens(0.6);
        let mut bundles: Vec<Bundle> = Vec::new();
        for _ in 0..chance.between(1, 3) {
            self.cut(chance, calm);
            bundles.extend(self.bundle(chance, &frozen, &bidders).await);
        }
        self.cut(chance, calm);
        let records = self.sign(chance, bundles).await;
        let mut findings = judge(self, &bidders, &records, calm);
        findings.broken.extend(self.core.books().broken.clone());
        (findings.history, _) = self.core.history();
        self.core.end();
        findings
    }

    /// Cut some links between honest nodes and mend the others.
    fn cut(&self, chance: &mut Chance, calm: bool) {
        let hosts: Vec<Host> = self.honest().iter().map(Host::of).collect();
        let odds = *chance.pick(&[0.0, 0.2, 0.8]);
        for (position, &one) in hosts.iter().enumerate() {
            for &other in &hosts[position + 1..] {
                let parted = !calm && chance.happens(odds);
                self.core.part(one, other, parted);
            }
        }
    }

    /// Honest bidders, one who signs two bids whatever the terms say, and the coordinator's keys
    /// under the names of some of them.
    fn cast(&self, chance: &mut Chance) -> Vec<Bidder> {
        let bidder = |name: &str, honest| {
            let keys = KeyPair::generate().expect("randomness");
            Bidder { name: name.to_owned(), keys, honest, sent: Vec::new() }
        };
        let mut cast = vec![bidder("ada", true), bidder("bea", true), bidder("eve", false)];
        for name in ["ada", "bea"] {
            if chance.happens(0.7) {
                cast.push(bidder(name, false));
            }
        }
        cast
    }

    /// Everything that happens while the session is open, in an order of the liars' choice; a
    /// bidder's own envelopes stay in theirs.
    async fn bidding(&self, chance: &mut Chance, bidders: &mut [Bidder]) {
        let all = self.scheme().all();
        let replacing = self.announcement.body.terms.replace_bids;
        let mut queues: Vec<VecDeque<Act>> = Vec::new();
        for (number, bidder) in bidders.iter().enumerate() {
            let mut queue = VecDeque::new();
            if bidder.honest {
                for revision in 1..=if replacing { chance.between(1, 2) as u32 } else { 1 } {
                    let reach = if chance.happens(0.6) { all } else { some(chance, all, 0.8) };
                    queue.push_back(Act::Bid(number, revision, reach));
                }
            } else if bidder.name == "eve" {
                let first = some(chance, all, 0.5);
                queue.push_back(Act::Bid(number, 1, first));
                queue.push_back(Act::Bid(number, 2, all.difference(first)));
            } else {
                let revision = *chance.pick(&[1, 1, 2, 3, 100]);
                queue.push_back(Act::Bid(number, revision, some(chance, all, 0.5)));
            }
            queues.push(queue);
        }
        let early =
            if chance.happens(0.3) { some(chance, self.honest(), 0.2) } else { NodeSet::EMPTY };
        queues.extend(early.iter().map(|node| VecDeque::from([Act::Freeze(node)])));
        while !queues.is_empty() {
            let place = chance.between(0, queues.len() as u64 - 1) as usize;
            match queues[place].pop_front() {
                None => drop(queues.swap_remove(place)),
                Some(Act::Freeze(node)) => {
                    let path = paths::of(paths::NODE_FREEZE, self.announcement.body.session);
                    let frozen = self.clients[&node].post_empty::<Signed<Inventory>>(&path).await;
                    frozen.expect("frozen");
                }
                Some(Act::Bid(number, revision, reach)) => {
                    let bidder = &mut bidders[number];
                    let envelope = self.envelope(bidder, revision, chance.between(0, 255));
                    let receipts = self.hand_in(chance, &envelope, reach).await;
                    bidder.sent.push((envelope, receipts));
                }
            }
        }
    }

    fn envelope(&self, bidder: &Bidder, revision: u32, amount: u64) -> Envelope {
        let (name, keys) = (&bidder.name, &bidder.keys);
        let session = self.announcement.body.session;
        let (bidder_name, key) = (name.clone(), keys.public());
        let ticket = AdmissionTicket { session, bidder: bidder_name, key, cohort: None };
        let admission = ticket.sign(&self.key(0));
        // Its own program signs nothing that the terms forbid.
        let bidder = BadBidder {
            announcement: &self.announcement,
            roster: &self.roster,
            admission,
            name,
            keys,
            revision,
        };
        bidder.unchecked_amount(BidAmount::new(amount)).expect("an envelope")
    }

    async fn hand_in(
        &self,
        chance: &mut Chance,
        envelope: &Envelope,
        reach: NodeSet,
    ) -> Vec<Signed<Receipt>> {
        let session = envelope.body.session;
        let path = paths::of(paths::NODE_ENVELOPES, session);
        let mut receipts = Vec::new();
        // Some get it early and some late.
        let mut order: Vec<NodeIndex> = reach.iter().collect();
        shuffle(chance, &mut order);
        for node in order {
            if let Some(client) = self.clients.get(&node) {
                let handed = client.post::<_, HandedIn>(&path, envelope).await;
                receipts.extend(handed.ok().map(|handed| handed.receipt));
                continue;
            }
            lock(&self.stash).insert(envelope.digest(), envelope.clone());
            if chance.happens(0.9) {
                let receipt = Receipt {
                    session,
                    node,
                    bidder: envelope.body.bidder.clone(),
                    key: envelope.body.key,
                    revision: envelope.body.revision,
                    envelope: envelope.digest(),
                    received: self.announcement.body.opened.plus_millis(1),
                };
                receipts.push(Signed::new(receipt, &self.key(node.get())));
            }
        }
        receipts
    }

    /// What a liar says it holds; something else each time.
    fn made_up_inventory(
        &self,
        chance: &mut Chance,
        node: NodeIndex,
        bidders: &[Bidder],
    ) -> Signed<Inventory> {
        let opened = self.announcement.body.opened;
        let mut entries = BTreeMap::new();
        let mut list = |chance: &mut Chance, envelope: &Envelope| {
            let mut entry = InventoryEntry {
                key: envelope.body.key,
                bidder: envelope.body.bidder.clone(),
                revision: envelope.body.revision,
                contents: envelope.contents(),
                received: opened.plus_millis(chance.between(0, 9_000) as i64),
                score: None,
            };
            match chance.between(0, 9) {
                0 => entry.revision = *chance.pick(&[1, 2, 3, 100]),
                1 => entry.contents = Digest([chance.between(0, 255) as u8; 32]),
                2 => entry.key = chance.pick(bidders).keys.public(),
                3 => entry.bidder.clone_from(&chance.pick(bidders).name),
                _ => {}
            }
            entries.insert(entry.key, entry);
        };
        let honesty = *chance.pick(&[0.0, 0.4, 0.9]);
        for envelope in lock(&self.stash).values() {
            if chance.happens(honesty) {
                list(chance, envelope);
            }
        }
        let entries = entries.into_values().collect();
        let session = self.announcement.body.session;
        Signed::new(Inventory { session, node, entries }, &self.key(node.get()))
    }

    fn made_up_verdict(
        &self,
        chance: &mut Chance,
        node: NodeIndex,
        listed: &Inventories,
    ) -> Signed<Verdict> {
        use ExclusionReason::{PartUnreadable, SeedsDoNotFit, Unavailable};
        let session = self.announcement.body.session;
        let digests: BTreeSet<Digest> =
            listed.entries().map(|(_, entry)| entry.envelope(session)).collect();
        let (odds, unfit) = (*chance.pick(&[0.0, 0.5, 1.0]), chance.happens(0.3));
        let mut complaints = Vec::new();
        for envelope in digests {
            if chance.happens(odds) {
                let reasons = if unfit {
                    [Unavailable, PartUnreadable, SeedsDoNotFit]
                } else {
                    [Unavailable; 3]
                };
                complaints.push(Complaint { envelope, reason: *chance.pick(&reasons) });
            }
        }
        let inventories = listed.digest();
        let admissions = Vec::new();
        let verdict = Verdict { session, node, inventories, complaints, admissions };
        Signed::new(verdict, &self.key(node.get()))
    }

    /// A bundle of some nodes' inventories and verdicts; `None` where an honest one refuses.
    async fn bundle(
        &self,
        chance: &mut Chance,
        frozen: &BTreeMap<NodeIndex, Signed<Inventory>>,
        bidders: &[Bidder],
    ) -> Option<Bundle> {
        let session = self.announcement.body.session;
        let mut closers = if chance.happens(0.9) { self.liars } else { NodeSet::EMPTY };
        let size = chance.between(self.scheme().quorum() as u64, self.scheme().nodes().into());
        while closers.len() < (size as usize).min(closers.union(self.honest()).len()) {
            closers.insert(any(chance, self.honest()));
        }
        if closers.len() < self.scheme().quorum() {
            return None;
        }
        let inventories = closers.iter().map(|node| match frozen.get(&node) {
            Some(inventory) => inventory.clone(),
            None => self.made_up_inventory(chance, node, bidders),
        });
        let inventories = Inventories(inventories.collect());
        let path = paths::of(paths::NODE_VERDICT, session);
        let mut verdicts = Vec::new();
        for node in closers.iter() {
            verdicts.push(match self.clients.get(&node) {
                Some(client) => {
                    client.post::<_, Signed<Verdict>>(&path, &inventories).await.ok()?
                }
                None => self.made_up_verdict(chance, node, &inventories),
            });
        }
        let bundle = Bundle { session, inventories, verdicts };
        bundle.check(&self.roster.body, &self.announcement.body).expect("a sound bundle");
        Some(bundle)
    }

    /// Hand out several bundles, and put together as many signatures under each as can be had.
    async fn sign(&self, chance: &mut Chance, bundles: Vec<Bundle>) -> Vec<Record> {
        let path = paths::of(paths::NODE_MANIFEST, self.announcement.body.session);
        let announcement = &self.announcement.body;
        let mut records: Vec<Record> = bundles
            .into_iter()
            .map(|bundle| {
                let body = Manifest::derive(announcement, self.scheme(), &bundle);
                let digest = body.digest();
                let by = |node: NodeIndex| (node, self.key(node.get()).sign(&digest));
                let signatures = self.liars.iter().map(by).collect();
                Record {
                    format: Format::default(),
                    roster: self.roster.clone(),
                    announcement: self.announcement.clone(),
                    bundle: Some(bundle),
                    manifest: Some(CoSigned { body, signatures }),
                    outcome: None,
                    accusations: Vec::new(),
                }
            })
            .collect();
        let mut asked: Vec<(usize, NodeIndex)> = (0..records.len())
            .flat_map(|number| self.honest().iter().map(move |node| (number, node)))
            .collect();
        shuffle(chance, &mut asked);
        for (number, node) in asked {
            let record = &mut records[number];
            let (Some(bundle), Some(manifest)) = (&record.bundle, &mut record.manifest) else {
                continue;
            };
            let answer: Result<ManifestSignature, HttpError> =
                self.clients[&node].post(&path, bundle).await;
            if let Ok(answer) = answer {
                manifest.signatures.insert(node, answer.signature);
            }
        }
        records
    }
}
