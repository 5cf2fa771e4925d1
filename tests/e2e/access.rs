//! Who may call what: every route of both servers, with every kind of caller and
//! every kind of bad token.

use gavel::auction::Timestamp;
use gavel::coordinator::CoordinatorState;
use gavel::identity::{KeyPair, token};
use gavel::node::NodeState;
use gavel::session::Clock;
use gavel::transport::access::Gate;
use gavel::wire::{ProblemType, paths};
use reqwest::Method;

use super::net::{Net, Setup};
use super::nonsense::{Raw, filled};

const NOBODY: &str = "00000000000000000000000000000000";

/// What anybody may ask.
const PUBLIC: [(Method, &str); 14] = [
    (Method::GET, paths::NODE_HEALTH),
    (Method::GET, paths::NODE_SESSIONS),
    (Method::GET, paths::NODE_SESSION),
    (Method::POST, paths::NODE_ENVELOPES),
    (Method::GET, paths::HEALTH),
    (Method::GET, paths::ROSTER),
    (Method::GET, paths::SESSIONS),
    (Method::GET, paths::SESSION),
    (Method::GET, paths::RECORD),
    (Method::POST, paths::ADMISSIONS),
    (Method::POST, paths::LOGIN),
    (Method::POST, paths::REFRESH),
    (Method::POST, paths::LOGOUT),
    (Method::POST, paths::JOIN),
];

/// What only people with an account may ask; `tests/accounts.rs` asks as such.
const FOR_ACCOUNTS: [&str; 2] = [paths::ACCOUNT, paths::OWN_PASSWORD];

/// What another node may ask beside that.
const FOR_NODES: [(Method, &str); 6] = [
    (Method::GET, paths::NODE_EVENTS),
    (Method::GET, paths::STREAM),
    (Method::GET, paths::NODE_ENVELOPE),
    (Method::GET, paths::NODE_BUNDLE),
    (Method::GET, paths::EVENTS),
    (Method::GET, paths::ADMISSIONS),
];

/// Of what is not for the coordinator: what nodes tell each other alone.
const BETWEEN_NODES: [&str; 3] = [paths::STREAM, paths::NODE_ENVELOPE, paths::NODE_BUNDLE];

/// Who may call what, written down a second time.
fn may(method: &Method, route: &str, who: Who) -> bool {
    let on = |list: &[(Method, &str)]| list.iter().any(|line| (&line.0, line.1) == (method, route));
    match who {
        _ if on(&PUBLIC) => true,
        _ if FOR_ACCOUNTS.contains(&route) => false,
        Who::Anyone => false,
        Who::OtherNode => on(&FOR_NODES),
        Who::Coordinator => !BETWEEN_NODES.contains(&route),
        Who::OwnKey => route == paths::NODE_EVENTS,
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Who {
    Anyone,
    Coordinator,
    OtherNode,
    /// A node's own operator.
    OwnKey,
}

/// What is asked for with a body that no handler takes, of a session that nobody knows.
async fn ask(raw: &Raw, method: &Method, route: &str, token: Option<&str>) -> (u16, ProblemType) {
    let body = (*method != Method::GET).then(|| ("application/json", b"17".to_vec()));
    let response = raw.send(method, &filled(route, NOBODY), token, body).await;
    let status = response.status();
    if status.is_success() {
        return (status.as_u16(), ProblemType::Other);
    }
    assert!(!status.is_server_error(), "{method} {route}: {status}");
    let problem: gavel::wire::Problem = response.json().await.unwrap();
    (status.as_u16(), problem.kind)
}

async fn walk<G: Gate>(raw: &Raw, callers: &[(Who, &KeyPair)]) -> usize {
    for (method, route, _) in G::ACCESS {
        let anyone = std::iter::once((Who::Anyone, None));
        let callers = callers.iter().map(|&(who, keys)| (who, Some(keys)));
        for (who, keys) in anyone.chain(callers) {
            let token = keys.map(|keys| raw.token(keys));
            let (status, kind) = ask(raw, method, route, token.as_deref()).await;
            let what = format!("{method} {route} by {who:?}");
            match who {
                _ if may(method, route, who) => {
                    assert!(![401, 403].contains(&status), "{what}: {kind:?}");
                }
                Who::Anyone => {
                    assert_eq!((status, kind), (401, ProblemType::Unauthorized), "{what}");
                }
                _ => assert_eq!((status, kind), (403, ProblemType::Forbidden), "{what}"),
            }
        }
    }
    G::ACCESS.len() * (callers.len() + 1)
}

/// No bad token opens any route, not even one that is open without a token.
async fn refuse_bad_tokens<G: Gate>(raw: &Raw, keys: &KeyPair, elsewhere: &Raw) -> usize {
    let now = Clock::System.now();
    let me = raw.target.key;
    let at = |millis: i64| {
        let time = Timestamp::from_millis(now.millis() + millis);
        token::issue(keys, &me, time).unwrap().expose().to_owned()
    };
    let stranger = KeyPair::generate().unwrap();
    let good = raw.token(keys);
    assert_eq!(ask(raw, &G::ACCESS[0].0, G::ACCESS[0].1, Some(&good)).await.0, 200);
    let mut altered = raw.token(keys);
    let last = altered.pop().unwrap();
    altered.insert(altered.len() / 2, last);
    let parts: Vec<String> = raw.token(keys).split('.').map(ToOwned::to_owned).collect();
    let bad = [
        ("replayed", good),
        ("for another server", elsewhere.token(keys)),
        ("expired", at(-600_000)),
        ("from the future", at(600_000)),
        ("a stranger's", raw.token(&stranger)),
        ("altered", altered),
        ("without a signature", format!("{}.{}.", parts[0], parts[1])),
        ("of no algorithm", format!("eyJhbGciOiJub25lIn0.{}.", parts[1])),
        ("noise", "a.b.c".to_owned()),
        ("empty", String::new()),
        ("long", "x".repeat(7000)),
    ];
    for (method, route, _) in G::ACCESS {
        for (what, token) in &bad {
            let answer = ask(raw, method, route, Some(token)).await;
            assert_eq!(answer, (401, ProblemType::Unauthorized), "{what}: {method} {route}");
        }
    }
    G::ACCESS.len() * bad.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_lets_in_whom_it_is_for_and_nobody_else() {
    let net = Net::start(Setup::new(3, 1)).await;
    let (first, second) = (Raw::node(&net, 1), Raw::node(&net, 2));
    let lead = Raw::coordinator(&net);
    let at_node = [
        (Who::Coordinator, &net.operator),
        (Who::OtherNode, &net.node_keys[1]),
        (Who::OwnKey, &net.node_keys[0]),
    ];
    let at_coordinator = [(Who::Coordinator, &net.operator), (Who::OtherNode, &net.node_keys[1])];
    let (a, b, c, d, e) = tokio::join!(
        walk::<NodeState>(&first, &at_node),
        walk::<CoordinatorState>(&lead, &at_coordinator),
        refuse_bad_tokens::<NodeState>(&first, &net.operator, &second),
        refuse_bad_tokens::<NodeState>(&second, &net.node_keys[0], &first),
        refuse_bad_tokens::<CoordinatorState>(&lead, &net.operator, &first),
    );
    assert!(a + b + c + d + e > 600, "the tables have shrunk");
}
