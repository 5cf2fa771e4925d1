//! Which connections a port holds, and which one goes when there is no room for another.
//!
//! A connection has come (`Arriving`), is through its TLS handshake (`Silent`), has made a request
//! (`AtWork`) or has none open any more (`Idle`). Until it has proved a key of the roster, by the
//! token of a request, it is a stranger's; some places are kept for the roster's members, and
//! theirs are never taken away.
//!
//! A newcomer is not turned away because others came first: that would leave the port to whoever
//! opens connections and keeps silent. It takes the place of
//!
//! 1. the least advanced connection of its own address, when that address has all it may have;
//! 2. the least advanced one of the address that has most, when an address has very many;
//! 3. else the oldest one, of all, that is not at work.
//!
//! So who has few connections gets in whatever others do, and a flood takes its own places.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use tokio_util::sync::CancellationToken;

use super::address::prefix;
use super::files::Port;
use crate::base::lock;

/// Most connections of one port.
pub const MOST: usize = 8_192;

/// Places that only members of the roster fill.
const MEMBERS: usize = 256;

/// The part of the strangers' places that one address may have, as a divisor: a house full of
/// bidders behind it.
const OF_ONE: usize = 4;

/// An address with more than this part of the strangers' places has very many, as a divisor.
const MANY: usize = 64;

/// How far a connection has come. The earlier ones go first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Stage {
    /// Its TLS handshake is not done.
    Arriving,
    /// It has made no request yet.
    Silent,
    /// None of its requests is open any more.
    Idle,
    /// A request of it is open.
    AtWork,
}

impl Stage {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Arriving, Self::Silent, Self::Idle, Self::AtWork];

    /// In a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Arriving => "arriving",
            Self::Silent => "silent",
            Self::Idle => "idle",
            Self::AtWork => "at-work",
        }
    }
}

/// What goes first: the earlier stage, and of one stage who is longer in it.
type Rank = (Stage, u64, u64);

/// The connections of one port.
#[derive(Clone)]
pub struct Connections(Arc<Shared>);

struct Shared {
    /// What says how many files there are, unless the places are so few that it does not matter.
    port: Option<Port>,
    most: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    /// Every connection by its number.
    known: HashMap<u64, Known>,
    /// The strangers' ones, of each address.
    strangers: HashMap<IpAddr, BTreeSet<Rank>>,
    /// The strangers' ones, of all.
    ranks: BTreeSet<Rank>,
    /// How many strangers' ones each address has.
    heavy: BTreeSet<(usize, IpAddr)>,
    members: usize,
    displaced: u64,
    refused: u64,
    next: u64,
}

struct Known {
    address: IpAddr,
    rank: Rank,
    member: bool,
    cut: CancellationToken,
}

/// How many connections a port holds.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counts {
    /// By stage, in the order of [`Stage::ALL`].
    pub stages: [usize; Stage::ALL.len()],
    /// Those of members among them.
    pub members: usize,
    /// Those that have lost their place to a newcomer, since the start.
    pub displaced: u64,
    /// Those that found no place, since the start.
    pub refused: u64,
}

/// A connection's place, given back when dropped.
pub struct Place {
    connections: Connections,
    id: u64,
    cut: CancellationToken,
}

impl Default for Connections {
    fn default() -> Self {
        Self::with_room(MOST)
    }
}

impl Connections {
    /// Room for this many, or for as many as there are files.
    pub fn with_room(most: usize) -> Self {
        Self(Arc::new(Shared { port: Some(Port::open()), most, taken: Mutex::default() }))
    }

    /// Room for a few, for which there are always files.
    pub fn small(most: usize) -> Self {
        Self(Arc::new(Shared { port: None, most, taken: Mutex::default() }))
    }

    /// Places for strangers at this moment.
    fn room(&self) -> usize {
        let places = self.0.port.as_ref().map_or(usize::MAX, Port::places).min(self.0.most);
        places - MEMBERS.min(places / 4)
    }

    /// A place for a connection from there; `None` when there is none that it could take.
    pub fn take(&self, address: IpAddr) -> Option<Place> {
        let (address, room) = (prefix(address), self.room());
        let mut taken = lock(&self.0.taken);
        let own = taken.strangers.get(&address).map_or(0, BTreeSet::len);
        let free = if own >= (room / OF_ONE).max(1) {
            taken.least_of(address).filter(|rank| rank.0 != Stage::AtWork)
        } else if taken.ranks.len() >= room {
            taken.least(address, own, room)
        } else {
            None
        };
        let full = own >= (room / OF_ONE).max(1) || taken.ranks.len() >= room;
        match free {
            Some(rank) => taken.displace(rank),
            None if full => {
                taken.refused += 1;
                return None;
            }
            None => {}
        }
        let id = taken.next();
        let rank = (Stage::Arriving, id, id);
        let cut = CancellationToken::new();
        taken.insert(address, rank);
        taken.known.insert(id, Known { address, rank, member: false, cut: cut.clone() });
        Some(Place { connections: self.clone(), id, cut })
    }

    /// How many there are.
    pub fn counts(&self) -> Counts {
        let taken = lock(&self.0.taken);
        let mut counts = Counts {
            members: taken.members,
            displaced: taken.displaced,
            refused: taken.refused,
            ..Counts::default()
        };
        for known in taken.known.values() {
            counts.stages[known.rank.0 as usize] += 1;
        }
        counts
    }

    /// How many there are in all.
    pub fn count(&self) -> usize {
        lock(&self.0.taken).known.len()
    }
}

impl Place {
    /// Ends when the place is taken away.
    pub fn cut(&self) -> CancellationToken {
        self.cut.clone()
    }

    /// What tells the port how the connection gets on, without holding its place.
    pub fn progress(&self) -> Progress {
        Progress { connections: self.connections.clone(), id: self.id }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = lock(&self.connections.0.taken);
        if let Some(known) = taken.known.remove(&self.id) {
            if known.member {
                taken.members -= 1;
            } else {
                taken.remove(known.address, known.rank);
            }
        }
    }
}

/// Tells a port how one of its connections gets on.
#[derive(Clone)]
pub struct Progress {
    connections: Connections,
    id: u64,
}

impl Progress {
    /// The connection has come to a stage.
    pub fn reach(&self, stage: Stage) {
        let mut taken = lock(&self.connections.0.taken);
        let since = taken.next();
        let Some(known) = taken.known.get_mut(&self.id) else { return };
        let (address, before, after) = (known.address, known.rank, (stage, since, self.id));
        known.rank = after;
        if !known.member {
            taken.remove(address, before);
            taken.insert(address, after);
        }
    }

    /// How far it has come; `None` when it has lost its place.
    pub fn stage(&self) -> Option<Stage> {
        lock(&self.connections.0.taken).known.get(&self.id).map(|known| known.rank.0)
    }

    /// The connection is a member's: it leaves the strangers' places, if there is one for members.
    pub fn prove(&self) {
        let mut taken = lock(&self.connections.0.taken);
        if taken.members >= MEMBERS {
            return;
        }
        let Some(known) = taken.known.get_mut(&self.id) else { return };
        if !known.member {
            known.member = true;
            let (address, rank) = (known.address, known.rank);
            taken.remove(address, rank);
            taken.members += 1;
        }
    }
}

impl Taken {
    const fn next(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn insert(&mut self, address: IpAddr, rank: Rank) {
        let ranks = self.strangers.entry(address).or_default();
        self.heavy.remove(&(ranks.len(), address));
        ranks.insert(rank);
        self.heavy.insert((ranks.len(), address));
        self.ranks.insert(rank);
    }

    fn remove(&mut self, address: IpAddr, rank: Rank) {
        let Some(ranks) = self.strangers.get_mut(&address) else { return };
        self.heavy.remove(&(ranks.len(), address));
        ranks.remove(&rank);
        if ranks.is_empty() {
            self.strangers.remove(&address);
        } else {
            self.heavy.insert((ranks.len(), address));
        }
        self.ranks.remove(&rank);
    }

    /// The least advanced connection of an address.
    fn least_of(&self, address: IpAddr) -> Option<Rank> {
        self.strangers.get(&address)?.first().copied()
    }

    /// The connection whose place a newcomer gets whose address has `own` already.
    fn least(&self, address: IpAddr, own: usize, room: usize) -> Option<Rank> {
        let waits = |rank: &Rank| rank.0 != Stage::AtWork;
        let &(most, heaviest) = self.heavy.last()?;
        if most <= (room / MANY).max(1) {
            self.ranks.first().copied().filter(waits)
        } else if own < most {
            self.least_of(heaviest)
        } else {
            self.least_of(address).filter(waits)
        }
    }

    fn displace(&mut self, rank: Rank) {
        if let Some(known) = self.known.remove(&rank.2) {
            self.remove(known.address, rank);
            self.displaced += 1;
            known.cut.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::transport::server::connections::*;

    fn address(number: usize) -> IpAddr {
        IpAddr::from(u32::try_from((10 << 24) + number).unwrap().to_be_bytes())
    }

    fn fill(connections: &Connections, from: IpAddr, many: usize) -> Vec<Place> {
        (0..many).filter_map(|_| connections.take(from)).collect()
    }

    fn gone(places: &[Place]) -> usize {
        places.iter().filter(|place| place.cut.is_cancelled()).count()
    }

    const ROOM: usize = 400;

    fn port() -> Connections {
        let connections = Connections::small(ROOM + ROOM / 3);
        assert_eq!(connections.room(), ROOM);
        connections
    }

    #[test]
    fn whoever_has_few_gets_in_through_a_flood_of_one_and_of_many_addresses() {
        for attackers in [1, 4, 8, 30] {
            let connections = port();
            let flood: Vec<Place> = (0..attackers)
                .flat_map(|number| fill(&connections, address(number), 2 * ROOM))
                .collect();
            let bidders: Vec<Place> =
                (0..5).flat_map(|number| fill(&connections, address(1_000 + number), 2)).collect();
            assert_eq!(bidders.len(), 10);
            for place in &bidders {
                place.progress().reach(Stage::AtWork);
            }
            let more: Vec<Place> = (0..attackers)
                .flat_map(|number| fill(&connections, address(number), 2 * ROOM))
                .collect();
            assert_eq!(gone(&bidders), 0, "{attackers} attackers");
            assert!(connections.count() <= ROOM);
            drop((flood, more, bidders));
            assert_eq!(connections.count(), 0);
            let taken = connections.0.taken.lock().unwrap();
            assert!(taken.strangers.is_empty() && taken.heavy.is_empty() && taken.ranks.is_empty());
        }
    }

    #[test]
    fn a_connection_for_each_address_takes_the_places_of_silent_ones() {
        let connections = port();
        let bidder = connections.take(address(999_999)).unwrap();
        bidder.progress().reach(Stage::AtWork);
        let flood: Vec<Place> =
            (0..10 * ROOM).filter_map(|number| connections.take(address(number))).collect();
        assert_eq!(flood.len(), 10 * ROOM, "a newcomer always finds a place");
        assert_eq!(gone(&flood), 9 * ROOM + 1);
        assert!(!bidder.cut.is_cancelled());
    }

    #[test]
    fn within_one_address_the_silent_ones_go_before_those_at_work() {
        let connections = port();
        let many = ROOM / OF_ONE;
        let held = fill(&connections, address(1), many);
        for place in &held[..many - 1] {
            place.progress().reach(Stage::AtWork);
        }
        held[many - 1].progress().reach(Stage::Silent);
        let next = connections.take(address(1)).unwrap();
        assert!(held[many - 1].cut.is_cancelled());
        next.progress().reach(Stage::AtWork);
        assert!(connections.take(address(1)).is_none(), "all are at work");
        assert_eq!(connections.counts().refused, 1);
        assert_eq!(gone(&held), 1);
        assert!(connections.take(address(2)).is_some());
    }

    #[test]
    fn those_at_work_of_an_address_with_very_many_go_for_one_that_has_none() {
        let connections = port();
        let flood: Vec<Place> =
            (0..8).flat_map(|number| fill(&connections, address(number), ROOM / 8)).collect();
        for place in &flood {
            place.progress().reach(Stage::AtWork);
        }
        assert_eq!(connections.count(), ROOM);
        assert!(connections.take(address(1_000)).is_some());
        assert_eq!(gone(&flood), 1);
    }

    #[test]
    fn what_has_lost_its_place_has_no_stage() {
        let connections = port();
        let places = fill(&connections, address(1), ROOM / OF_ONE + 1);
        assert_eq!(places[0].progress().stage(), None);
        places[0].progress().reach(Stage::AtWork);
        assert_eq!(places[1].progress().stage(), Some(Stage::Arriving));
        assert_eq!(connections.count(), ROOM / OF_ONE);
    }

    #[test]
    fn a_members_place_is_kept() {
        let connections = port();
        let member = connections.take(address(7)).unwrap();
        member.progress().prove();
        let flood: Vec<Place> = [7, 8, 9, 10, 11, 12]
            .into_iter()
            .flat_map(|number| fill(&connections, address(number), 3 * ROOM))
            .collect();
        assert!(!member.cut.is_cancelled());
        assert_eq!(connections.counts().members, 1);
        assert_eq!(connections.counts().stages.iter().sum::<usize>(), ROOM + 1);
        drop((member, flood));
        assert_eq!(connections.counts().members, 0);
    }
}
