//! Who may call what: every route of both servers against its table, with every kind of caller and
//! every kind of bad token.

use gavel::auction::Timestamp;
use gavel::coordinator::{CoordinatorState, access as coordinator};
use gavel::identity::{KeyPair, token};
use gavel::node::{NodeState, access as node};
use gavel::session::Clock;
use gavel::transport::access::Gate;
use gavel::wire::ProblemType;
use reqwest::Method;

use super::net::{Net, Setup, index};
use super::nonsense::{Raw, filled};

const NOBODY: &str = "00000000000000000000000000000000";

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

async fn walk<G: Gate>(raw: &Raw, callers: &[(G::Caller, &KeyPair)]) -> usize {
    for (method, route, rule) in G::ACCESS {
        let what = |caller: &str| format!("{method} {route} by {caller}");
        let (status, kind) = ask(raw, method, route, None).await;
        if G::allows(*rule, G::ANYONE) {
            assert!(![401, 403].contains(&status), "{}", what("anyone"));
        } else {
            assert_eq!((status, kind), (401, ProblemType::Unauthorized), "{}", what("anyone"));
        }
        for (position, (caller, keys)) in callers.iter().enumerate() {
            let name = what(&format!("caller {position}"));
            let (status, kind) = ask(raw, method, route, Some(&raw.token(keys))).await;
            if G::allows(*rule, *caller) {
                assert!(![401, 403].contains(&status), "{name}: {kind:?}");
            } else {
                assert_eq!((status, kind), (403, ProblemType::Forbidden), "{name}");
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
async fn every_route_lets_in_whom_the_tables_say_and_nobody_else() {
    let net = Net::start(Setup::new(3, 1)).await;
    let (first, second) = (Raw::node(&net, 1), Raw::node(&net, 2));
    let lead = Raw::coordinator(&net);
    let at_node = [
        (node::Caller::Coordinator, &net.operator),
        (node::Caller::Node(index(2)), &net.node_keys[1]),
        (node::Caller::Operator, &net.node_keys[0]),
    ];
    let at_coordinator = [
        (coordinator::Caller::Operator, &net.operator),
        (coordinator::Caller::Node(index(2)), &net.node_keys[1]),
    ];
    let (a, b, c, d, e) = tokio::join!(
        walk::<NodeState>(&first, &at_node),
        walk::<CoordinatorState>(&lead, &at_coordinator),
        refuse_bad_tokens::<NodeState>(&first, &net.operator, &second),
        refuse_bad_tokens::<NodeState>(&second, &net.node_keys[0], &first),
        refuse_bad_tokens::<CoordinatorState>(&lead, &net.operator, &first),
    );
    assert!(a + b + c + d + e > 600, "the tables have shrunk");
}
