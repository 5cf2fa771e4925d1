//! A search for what must stay between a model's owner and a client: planted weights, a planted data sheet,
//! and the score before it is handed in, in all that goes to dealers and coordinator and lies on their disks.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use gavel::base::Clock;
use gavel::client::material::{announce, promise};
use gavel::field::{Field as _, Pair127};
use gavel::identity::key_file::TlsIdentity;
use gavel::identity::{KeyPair, Statement as _};
use gavel::rules::model::fixed::fixed;
use gavel::rules::model::weights::sheet;
use gavel::rules::model::{Dense, Layer, Structure, Weights};
use gavel::scoring::{Admitted, Asked, Course, Dealers, Outcome, Owner, Patience, open, score};
use gavel::session::scoring::{Learner, ModelTerms, SignedScore};
use gavel::transport::server::listen::bind;
use tokio::sync::mpsc;

use super::net::{Net, Setup};
use super::secrets::{Secrets, files};

/// Numbers such as nothing else contains.
const WEIGHTS: [f64; 3] = [5_117.731_294_857, -4_764.264_915_307, 4_903.758_126_417];
const BIAS: f64 = 4_203.518_402_967;
const SHEET: [f64; 3] = [12_482.750_916_243, 7_905.163_842_571, 9_617.394_025_718];

const FRACTION: u32 = 16;

/// A number in every way in which it could be told: as real numbers are, in fixed point, and as an element.
fn plant(secrets: &mut Secrets, name: &str, real: f64) {
    secrets.add(&format!("{name} as text"), real.abs().to_string().as_bytes());
    secrets.add(&format!("{name} as a real number"), &real.to_le_bytes());
    secrets.add(&format!("{name} as a real number, turned"), &real.to_be_bytes());
    // As the product rounds it.
    let fixed = fixed(real, FRACTION).unwrap();
    fixed_point(secrets, name, fixed);
}

fn fixed_point(secrets: &mut Secrets, name: &str, fixed: i64) {
    secrets.add_number(name, fixed.unsigned_abs());
    let element = Pair127::from_u64(fixed.unsigned_abs());
    let element = if fixed < 0 { -element } else { element };
    secrets.add_bytes(&format!("{name} as an element"), element.to_bytes().as_ref());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_dealers_nor_coordinator_hear_of_weights_sheets_or_scores() {
    let net = Net::start(Setup { overheard: true, ..Setup::new(3, 1) }).await;
    let [owner, client] = [0; 2].map(|_| KeyPair::generate().unwrap());
    let layers = vec![Layer::Dense { outputs: 1, largest: 28 }];
    let terms = ModelTerms {
        name: "Planted".into(),
        roster: net.roster.body.digest(),
        owner: owner.public(),
        structure: Structure { features: 3, largest_feature: 14, fraction: FRACTION, layers },
        features: Vec::new(),
        learner: Learner::Both,
    };
    let dense = Dense { weights: WEIGHTS.to_vec(), biases: vec![BIAS] };
    let weights = Weights::new(&terms.structure, &[dense]).unwrap();
    let sheet = sheet(&terms.structure, &SHEET).unwrap();
    let mut secrets = Secrets::default();
    for (at, (weight, datum)) in WEIGHTS.into_iter().zip(SHEET).enumerate() {
        plant(&mut secrets, &format!("weight {at}"), weight);
        plant(&mut secrets, &format!("datum {at}"), datum);
        let (used, _) = weights.dense(0).unwrap();
        fixed_point(&mut secrets, &format!("weight {at} as it is used"), used[at]);
        fixed_point(&mut secrets, &format!("datum {at} as it is used"), sheet[at]);
    }
    plant(&mut secrets, "the bias", BIAS);

    let now = || Clock::System.now();
    announce(&net.network, &owner, terms.clone(), 1, now()).await.unwrap();
    let promised = loop {
        match promise(&net.network, terms.id(), &client, now()).await {
            Ok(promised) => break promised,
            Err(error) => assert!(error.is_empty_stock(), "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let dealers = |keys: &KeyPair| Dealers::new(net.network.clone(), keys.clone());
    let listener = bind("127.0.0.1:0").await.unwrap();
    let tls = TlsIdentity::generate("127.0.0.1").unwrap();
    let models = [(terms.clone(), weights)];
    let halves = Arc::new(dealers(&owner));
    let coordinator = net.roster.body.coordinator.key;
    let seat = Owner::new(
        owner.clone(),
        coordinator,
        Admitted::Anyone,
        models,
        halves,
        Patience::default(),
    );
    let (sender, mut served) = mpsc::channel(4);
    let port = open(Arc::new(seat), listener, &tls, sender).unwrap();
    let address = port.local.to_string();
    let asked = Asked {
        address: &address,
        terms: &terms,
        promise: &promised,
        sheet: &sheet,
        keys: &client,
        halves: &dealers(&client),
        patience: Patience::default(),
    };
    let (course, _) = tokio::sync::watch::channel(Course::default());
    let done = score(&asked, &course).await.unwrap();
    served.recv().await.unwrap().result.unwrap();
    port.close().await;
    let Outcome::Signed(signed) = done.outcome else { panic!("not signed") };
    let value = signed.score.values[0];
    let expected: f64 = WEIGHTS.iter().zip(SHEET).map(|(a, b)| a * b).sum::<f64>() + BIAS;
    let scale = 2_f64.powi(i32::try_from(signed.score.fraction).unwrap());
    let off = value as f64 / scale - expected;
    assert!(off.abs() < 1.0, "{off}");

    // Before the score is handed in nobody has heard of it either.
    let heard = net.overheard.as_ref().unwrap();
    let mut before = Secrets::default();
    fixed_point(&mut before, "the score", value);
    {
        let heard = heard.lock().unwrap();
        let plain = String::from_utf8_lossy(&heard);
        for told in ["model_inference", "\"seed\":\"", "OwnerHalf", "vouched"] {
            assert!(plain.contains(told), "{told} was not listened to");
        }
        assert!(heard.len() > 100_000, "{} bytes", heard.len());
        for all in [&secrets, &before] {
            all.assert_absent("what dealers and coordinator heard of a score", &heard);
        }
    }
    for file in files(net.folder.path()) {
        for all in [&secrets, &before] {
            all.assert_absent(&file.display().to_string(), &fs::read(&file).unwrap());
        }
    }

    handed_in(&net, (&terms, &client, *signed), &secrets, &before).await;
}

/// With a bid the score becomes public, and nothing else does.
async fn handed_in(
    net: &Net,
    (terms, client, signed): (&ModelTerms, &KeyPair, SignedScore),
    secrets: &Secrets,
    before: &Secrets,
) {
    let auction = net
        .open(&format!(
            "title = \"Planted\"\nkind = \"scored\"\nreserve = \"1000\"\nbids_until = \"1h\"\n\n[scores]\n\
             weight = \"400\"\nmodel = \"{}\"\nowner = \"{}\"\nroster = \"{}\"\n",
            terms.id(),
            terms.owner,
            terms.roster
        ))
        .await;
    auction.try_scored("ada", client, 700, Some(signed)).await.unwrap();
    auction.close().await;
    let settled = auction.settled().await;
    assert_eq!(settled.winner(), Some(("ada", 700)));
    let heard = net.overheard.as_ref().unwrap().lock().unwrap();
    secrets.assert_absent("what dealers and coordinator heard of a scored auction", &heard);
    assert!(!before.found_in(&heard).is_empty(), "the search finds no score where there is one");
    secrets.assert_absent("the record", &serde_json::to_vec(&settled.record).unwrap());
    for file in files(net.folder.path()) {
        secrets.assert_absent(&file.display().to_string(), &fs::read(&file).unwrap());
    }
}
