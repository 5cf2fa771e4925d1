//! An owner's open port, who is seen there, and what is known of a score before it begins.

use tokio::sync::Notify;

use super::*;
use crate::scoring::client::PROTOCOL;
use crate::transport::connect::connect_unproven;

#[tokio::test]
async fn an_open_port_serves_several_clients_and_closes() {
    let world = World::new(Learner::Both);
    let tls = TlsIdentity::generate("127.0.0.1").unwrap();
    let listener = bind("127.0.0.1:0").await.unwrap();
    let address = listener.local().to_string();
    let (sender, mut served) = mpsc::channel(16);
    let port = open(world.owner(Admitted::Anyone), listener, &tls, sender).unwrap();
    let sheet = sheet(&world.terms.structure, &SHEET).unwrap();
    let keys = key(2);
    let promises = [1, 2, 3].map(|batch| world.promise(batch, |_| ()));
    let asked = promises.each_ref().map(|promise| Asked {
        address: &address,
        terms: &world.terms,
        promise,
        sheet: &sheet,
        keys: &keys,
        halves: &*world.dealers,
        patience: PATIENCE,
    });
    // One that says nothing does not stand in the way.
    let silent = tokio::net::TcpStream::connect(&address).await.unwrap();
    let courses = [(); 3].map(|()| watch::Sender::default());
    let all = asked.iter().zip(&courses).map(|(asked, course)| score(asked, course));
    let itinerary = Itinerary::of(&world.terms).unwrap();
    for (done, course) in futures_util::future::join_all(all).await.into_iter().zip(&courses) {
        let done = done.unwrap();
        let told: Course = *course.borrow();
        assert_eq!(done.rounds, itinerary.rounds());
        assert_eq!((told.step, told.rounds), (Step::Signing, done.rounds));
        assert_eq!(told.bytes_sent, done.bytes_sent);
        let Outcome::Signed(signed) = done.outcome else { panic!("not signed") };
        world.is_right(&signed.score.values, signed.score.fraction);
        let Served { result, .. } = served.recv().await.unwrap();
        assert!(matches!(result.unwrap().1.outcome, Outcome::Signed(_)));
    }
    port.close().await;
    drop(silent);
    let refused = score(&asked[0], &watch::Sender::default()).await.unwrap_err();
    assert!(matches!(refused, MeetingError::Http(_)), "{refused}");
}

/// Dealers who give the client its half when they are told to.
struct Slow(Arc<Given>, Arc<Notify>);

impl Halves for Slow {
    fn half<'a>(
        &'a self,
        promise: &'a Signed<BatchPromise>,
        party: Party,
    ) -> BoxFuture<'a, Result<Half<Pair127>, String>> {
        async move {
            self.1.notified().await;
            self.0.half(promise, party).await
        }
        .boxed()
    }
}

#[tokio::test]
async fn who_is_being_scored_is_seen_and_an_owner_that_stops_finishes_it_first() {
    let world = World::new(Learner::Both);
    let tls = TlsIdentity::generate("127.0.0.1").unwrap();
    let listener = bind("127.0.0.1:0").await.unwrap();
    let address = listener.local().to_string();
    let (sender, mut served) = mpsc::channel(16);
    let owner = world.owner(Admitted::Anyone);
    let mut port = open(Arc::clone(&owner), listener, &tls, sender).unwrap();
    assert!(owner.guests().is_empty());
    let sheet = sheet(&world.terms.structure, &SHEET).unwrap();
    let (keys, promise, go) = (key(2), world.promise(1, |_| ()), Arc::new(Notify::new()));
    let slow = Slow(Arc::clone(&world.dealers), Arc::clone(&go));
    let asked = Asked {
        address: &address,
        terms: &world.terms,
        promise: &promise,
        sheet: &sheet,
        keys: &keys,
        halves: &slow,
        patience: PATIENCE,
    };
    let course = watch::Sender::default();
    let scored = score(&asked, &course);
    let stops = async {
        // The owner has its half, and the client is still fetching.
        while owner.guests().first().is_none_or(|guest| guest.course.step != Step::Partner) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let here = owner.guests();
        let wants = (keys.public(), world.terms.id());
        assert_eq!((here.len(), (here[0].client, here[0].model)), (1, wants));
        let mut finished = Box::pin(port.finish());
        let waits = tokio::time::timeout(Duration::from_millis(200), &mut finished).await;
        assert!(waits.is_err(), "it waits for the score");
        // Nobody else is let in meanwhile, and told so.
        let promise = world.promise(2, |_| ());
        let late = Asked { promise: &promise, ..asked };
        let refused = score(&late, &watch::Sender::default()).await.unwrap_err();
        assert!(matches!(refused, MeetingError::CalledOff { why: Why::Stopping, .. }), "{refused}");
        let Served { result, .. } = served.recv().await.unwrap();
        assert!(matches!(result, Err(MeetingError::Refused(Why::Stopping))));
        go.notify_one();
        finished.await;
    };
    let (done, ()) = join(scored, stops).await;
    assert!(matches!(done.unwrap().outcome, Outcome::Signed(_)));
    assert!(served.recv().await.unwrap().result.is_ok() && owner.guests().is_empty());
    assert!(tokio::net::TcpStream::connect(&address).await.is_err());
    port.close().await;
}

#[tokio::test]
async fn strangers_who_say_nothing_keep_no_admitted_client_out() {
    let world = World::new(Learner::Both);
    let tls = TlsIdentity::generate("127.0.0.1").unwrap();
    let listener = bind("127.0.0.1:0").await.unwrap();
    let address = listener.local().to_string();
    let (sender, mut served) = mpsc::channel(16);
    let port = open(world.owner(Admitted::Anyone), listener, &tls, sender).unwrap();
    // More than there are places, in their handshake or through it.
    let mut silent = Vec::new();
    for _ in 0..40 {
        silent.push(connect_unproven(&address, PROTOCOL, PATIENCE.message).await.unwrap().0);
    }
    let mut quieter = Vec::new();
    for _ in 0..40 {
        quieter.push(tokio::net::TcpStream::connect(&address).await.unwrap());
    }
    let sheet = sheet(&world.terms.structure, &SHEET).unwrap();
    let (keys, promise, go) = (key(2), world.promise(1, |_| ()), Arc::new(Notify::new()));
    let slow = Slow(Arc::clone(&world.dealers), Arc::clone(&go));
    let asked = Asked {
        address: &address,
        terms: &world.terms,
        promise: &promise,
        sheet: &sheet,
        keys: &keys,
        halves: &slow,
        patience: PATIENCE,
    };
    let course = watch::Sender::<Course>::default();
    let more = async {
        // Nor do those who come later, while it is being scored, take its place.
        let mut course = course.subscribe();
        let _ = course.wait_for(|course| course.step == Step::Half).await;
        for _ in 0..40 {
            let late = connect_unproven(&address, PROTOCOL, PATIENCE.message).await;
            silent.push(late.unwrap().0);
        }
        go.notify_one();
    };
    let (done, ()) = join(score(&asked, &course), more).await;
    assert!(matches!(done.unwrap().outcome, Outcome::Signed(_)));
    // Of those who say nothing the person at the owner's screen hears nothing.
    assert!(served.recv().await.unwrap().result.is_ok() && served.try_recv().is_err());
    port.close().await;
}

#[tokio::test]
async fn a_stranger_has_little_time_to_prove_its_key() {
    let world = World::new(Learner::Both);
    let tls = TlsIdentity::generate("127.0.0.1").unwrap();
    let listener = bind("127.0.0.1:0").await.unwrap();
    let address = listener.local().to_string();
    let (sender, mut served) = mpsc::channel(16);
    let patience = Patience { message: Duration::from_millis(500), ..PATIENCE };
    let (owner, coordinator) = (key(1), key(9).public());
    let dealers = Arc::clone(&world.dealers);
    let owner = Owner::new(owner, coordinator, Admitted::Anyone, [], dealers, patience);
    let port = open(Arc::new(owner), listener, &tls, sender).unwrap();
    let (mut silent, _) = connect_unproven(&address, PROTOCOL, PATIENCE.message).await.unwrap();
    let mut heard = Vec::new();
    let gone = tokio::time::timeout(PATIENCE.message, silent.read_to_end(&mut heard)).await;
    assert!(gone.is_ok() && !heard.is_empty(), "the owner says who it is, and no more");
    assert!(served.try_recv().is_err());
    port.close().await;
}

#[test]
fn every_round_of_a_score_belongs_to_a_part_that_is_known_before() {
    for learner in [Learner::Both, Learner::Client] {
        let world = World::new(learner);
        let itinerary = Itinerary::of(&world.terms).unwrap();
        let traffic = crate::runs::score::traffic(&world.terms.structure, learner.party()).unwrap();
        assert_eq!((itinerary.rounds(), itinerary.layers()), (traffic.rounds, 3));
        let parts: Vec<_> = (0..itinerary.rounds()).filter_map(|at| itinerary.part(at)).collect();
        assert_eq!(parts.len() as u64, itinerary.rounds());
        assert_eq!((parts.first(), parts.last()), (Some(&Part::Sheet), Some(&Part::Opening)));
        assert_eq!(itinerary.part(itinerary.rounds()), None);
        let mut order = parts;
        order.dedup();
        let layers = (1..).zip(&world.terms.structure.layers);
        let layers = layers.map(|(number, layer)| Part::Layer(number, *layer));
        let expected = [Part::Sheet].into_iter().chain(layers).chain([Part::Bounds, Part::Opening]);
        assert_eq!(order, expected.collect::<Vec<_>>());
    }
}
