use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use tempfile::TempDir;

use crate::identity::key_file::*;
use crate::identity::tls::TlsIdentityError;
use crate::identity::{Digest, bytes};
use secrecy::ExposeSecret as _;

/// Enough for tests; `the_recommended_cost_works` takes the real one.
const CHEAP: format::Cost = format::Cost { memory_kib: 64, passes: 1, lanes: 1 };

fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys.toml");
    (directory, path)
}

fn phrase(text: &str) -> SecretString {
    SecretString::from(text)
}

fn node_secrets(keys: &NodeKeys) -> Secrets {
    Secrets {
        identity: keys.identity.secret(),
        sealing: Some(keys.sealing.secret()),
        tls: Some(keys.tls.clone()),
        others: Vec::new(),
    }
}

/// Write the file at low cost.
fn save_cheaply(keys: &NodeKeys, path: &Path, passphrase: &str) {
    let text = format::encode(KeyKind::Node, &node_secrets(keys), Some(&phrase(passphrase)), CHEAP)
        .unwrap();
    disk::create(path, &text).unwrap();
}

fn assert_same(one: &NodeKeys, other: &NodeKeys) {
    assert_eq!(one.identity.secret(), other.identity.secret());
    assert_eq!(one.sealing.secret(), other.sealing.secret());
    assert_eq!(one.tls.certificate_der(), other.tls.certificate_der());
    assert_eq!(one.tls.private_key_der(), other.tls.private_key_der());
}

#[test]
fn keys_come_back_as_they_were() {
    let (directory, path) = place();
    let keys = NodeKeys::generate("localhost").unwrap();
    keys.save(&path, None).unwrap();
    assert_same(&keys, &NodeKeys::load(&path, None).unwrap());
    assert_same(&keys, &NodeKeys::load(&path, Some(&phrase("not needed"))).unwrap());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);

    let path = directory.path().join("coordinator.toml");
    let coordinator = CoordinatorKeys::generate("localhost").unwrap();
    coordinator.save(&path, None).unwrap();
    let loaded = CoordinatorKeys::load(&path, None).unwrap();
    assert_eq!(coordinator.card("c", "localhost:1"), loaded.card("c", "localhost:1"));

    let path = directory.path().join("operator.toml");
    let operator = OperatorKeys::generate().unwrap();
    operator.save(&path, None).unwrap();
    let loaded = OperatorKeys::load(&path, None).unwrap();
    assert_eq!(loaded.public(), operator.public());
    assert_ne!(OperatorKeys::generate().unwrap().public(), operator.public());
    assert!(matches!(BidderKeys::load(&path, None), Err(KeyFileError::WrongKind { .. })));

    let path = directory.path().join("bidder.toml");
    let bidder = BidderKeys::generate().unwrap();
    bidder.save(&path, None).unwrap();
    let loaded = BidderKeys::load(&path, None).unwrap();
    assert_eq!(bidder.identity.secret(), loaded.identity.secret());
    // Nothing is left behind beside the files.
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 4);
}

#[test]
fn the_recommended_cost_works() {
    let (_directory, path) = place();
    let keys = NodeKeys::generate("localhost").unwrap();
    keys.save(&path, Some(&phrase("correct horse"))).unwrap();
    assert_same(&keys, &NodeKeys::load(&path, Some(&phrase("correct horse"))).unwrap());
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("memory_kib = 65536") && text.contains("passes = 3"), "{text}");
}

#[test]
fn a_passphrase_is_needed_and_must_be_right() {
    let (_directory, path) = place();
    let keys = NodeKeys::generate("localhost").unwrap();
    save_cheaply(&keys, &path, "correct horse");
    assert_same(&keys, &NodeKeys::load(&path, Some(&phrase("correct horse"))).unwrap());
    let error = NodeKeys::load(&path, None).unwrap_err();
    assert!(matches!(error, KeyFileError::NeedsPassphrase { .. }), "{error}");
    for wrong in ["", "correct horse ", "Correct horse"] {
        let error = NodeKeys::load(&path, Some(&phrase(wrong))).unwrap_err();
        assert!(matches!(error, KeyFileError::WrongPassphrase { .. }), "{error}");
    }
    let error = keys.save(&path.with_extension("two"), Some(&phrase(""))).unwrap_err();
    assert!(matches!(error, KeyFileError::EmptyPassphrase), "{error}");
}

#[test]
fn an_encrypted_file_shows_no_secret() {
    let keys = NodeKeys::generate("localhost").unwrap();
    let secrets = node_secrets(&keys);
    let passphrase = phrase("correct horse");
    let text = format::encode(KeyKind::Node, &secrets, Some(&passphrase), CHEAP).unwrap();
    let plain = format::encode(KeyKind::Node, &secrets, None, CHEAP).unwrap();
    let keys_of = |text: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix("keys = ")).unwrap();
        bytes::decode(line.trim_matches('"')).unwrap()
    };
    let holds = |text: &str, secret: &[u8]| {
        keys_of(text).windows(secret.len()).any(|window| window == secret)
    };
    for secret in
        [&keys.identity.secret()[..], &keys.sealing.secret()[..], keys.tls.private_key_der()]
    {
        assert!(holds(&plain, secret));
        assert!(!holds(&text, secret));
    }
    assert!(!text.contains(passphrase.expose_secret()));
    // A fresh salt and nonce every time.
    let again = format::encode(KeyKind::Node, &secrets, Some(&passphrase), CHEAP).unwrap();
    assert_ne!(keys_of(&text), keys_of(&again));
}

#[test]
fn a_file_is_never_replaced() {
    let (_directory, path) = place();
    BidderKeys::generate().unwrap().save(&path, None).unwrap();
    let before = fs::read(&path).unwrap();
    let error = BidderKeys::generate().unwrap().save(&path, None).unwrap_err();
    assert!(matches!(error, KeyFileError::Exists { .. }), "{error}");
    // Also when it appears after the first look.
    let error = disk::create(&path, "other").unwrap_err();
    assert!(matches!(error, KeyFileError::Exists { .. }), "{error}");
    assert_eq!(fs::read(&path).unwrap(), before);
    let missing = path.with_file_name("no-such-folder").join("keys.toml");
    let error = BidderKeys::generate().unwrap().save(&missing, None).unwrap_err();
    assert!(matches!(error, KeyFileError::Io { .. }), "{error}");
}

#[test]
fn a_file_that_others_may_read_is_refused() {
    let (_directory, path) = place();
    BidderKeys::generate().unwrap().save(&path, None).unwrap();
    for mode in [0o640, 0o604, 0o620, 0o601, 0o644] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = BidderKeys::load(&path, None).unwrap_err().to_string();
        assert!(error.contains(&format!("chmod 600 {}", path.display())), "{error}");
    }
    for mode in [0o600, 0o400] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        assert!(BidderKeys::load(&path, None).is_ok());
    }
}

#[test]
fn what_is_missing_or_someone_elses_is_said() {
    let (_directory, path) = place();
    let error = NodeKeys::load(&path, None).unwrap_err().to_string();
    assert!(error.contains("gavel init"), "{error}");
    BidderKeys::generate().unwrap().save(&path, None).unwrap();
    let error = NodeKeys::load(&path, None).unwrap_err().to_string();
    assert!(error.contains("keys of a bidder, not of a node"), "{error}");
    let error = CoordinatorKeys::load(&path, None).unwrap_err();
    assert!(matches!(error, KeyFileError::WrongKind { .. }), "{error}");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("version = 1", "version = 3\nmore = true")).unwrap();
    let error = BidderKeys::load(&path, None).unwrap_err().to_string();
    assert!(error.contains("newer gavel") && error.contains("format 3"), "{error}");
    assert!(matches!(
        NodeKeys::generate("not a host").unwrap_err(),
        KeyFileError::Tls(TlsIdentityError::Host { .. })
    ));
}

/// Replace one field of a key file and read it as a node's.
fn load_changed(text: &str, from: &str, to: &str) -> Result<Secrets, KeyFileError> {
    assert!(text.contains(from), "{from:?} is not in the file");
    let changed = text.replacen(from, to, 1);
    let passphrase = phrase("correct horse");
    format::decode(Path::new("keys.toml"), &changed, KeyKind::Node, Some(&passphrase))
}

#[test]
fn every_change_to_a_file_is_noticed() {
    let keys = NodeKeys::generate("localhost").unwrap();
    let secrets = node_secrets(&keys);
    let other = KeyPair::generate().unwrap().public().to_string();
    let own = keys.identity.public().to_string();
    for passphrase in [None, Some(phrase("correct horse"))] {
        let text = format::encode(KeyKind::Node, &secrets, passphrase.as_ref(), CHEAP).unwrap();
        assert!(load_changed(&text, "# Private", "# Changed").is_ok(), "comments are free");
        assert!(load_changed(&text, &own, &other).is_err());
        let start = text.find("keys = \"").unwrap() + 8;
        for at in (start..start + 400).step_by(23) {
            let old = &text[start - 8..=at];
            let flipped = if old.ends_with('A') { "B" } else { "A" };
            let new = format!("{}{flipped}", &old[..old.len() - 1]);
            assert!(load_changed(&text, old, &new).is_err(), "character {at}");
        }
        assert!(load_changed(&text, "keys = \"", "keys = \"AAAA").is_err());
        let end = text[start..].find('"').unwrap();
        let all = &text[start..start + end];
        for kept in [0, 4, 40, all.len() - 4] {
            assert!(load_changed(&text, all, &all[..kept]).is_err(), "{kept} characters");
        }
        assert!(load_changed(&text, "version = 1", "version = 0").is_err());
        assert!(load_changed(&text, "version = 1", "").is_err());
        assert!(load_changed(&text, "kind = \"node\"", "kind = \"node\"\nextra = 1").is_err());
    }
}

#[test]
fn the_settings_of_a_passphrase_are_authenticated_and_bounded() {
    let keys = NodeKeys::generate("localhost").unwrap();
    let secrets = node_secrets(&keys);
    let text =
        format::encode(KeyKind::Node, &secrets, Some(&phrase("correct horse")), CHEAP).unwrap();
    let table = &text[text.find("[passphrase]").unwrap()..];
    for (from, to) in [
        ("memory_kib = 64", "memory_kib = 4294967295"),
        ("memory_kib = 64", "memory_kib = 0"),
        ("memory_kib = 64", "memory_kib = 7"),
        ("passes = 1", "passes = 4294967295"),
        ("passes = 1", "passes = 0"),
        ("lanes = 1", "lanes = 4294967295"),
        ("lanes = 1", "lanes = 0"),
        ("salt = \"", "salt = \"AAAA"),
        ("nonce = \"", "nonce = \"AAAA"),
        ("argon2id", "argon2i"),
        (table, ""),
    ] {
        let error = load_changed(&text, from, to).err().unwrap();
        assert!(matches!(error, KeyFileError::Damaged { .. }), "{to:?}: {error}");
    }
    for (from, to) in [("memory_kib = 64", "memory_kib = 65"), ("passes = 1", "passes = 2")] {
        let error = load_changed(&text, from, to).err().unwrap();
        assert!(matches!(error, KeyFileError::WrongPassphrase { .. }), "{to:?}: {error}");
    }
    // A file of one kind cannot be passed off as another.
    let passed_off = text.replace("kind = \"node\"", "kind = \"coordinator\"");
    let passphrase = phrase("correct horse");
    let error =
        format::decode(Path::new("k"), &passed_off, KeyKind::Coordinator, Some(&passphrase));
    assert!(matches!(error, Err(KeyFileError::WrongPassphrase { .. })));
}

#[test]
fn no_message_and_no_debug_output_holds_a_secret() {
    let (_directory, path) = place();
    let keys = NodeKeys::generate("localhost").unwrap();
    keys.save(&path, None).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let line = text.lines().find(|line| line.starts_with("keys")).unwrap();
    let beginning = &line[8..40];
    // The quote is missing: a TOML error would show the line.
    for broken in [line.trim_end_matches('"').to_owned(), line.replace("keys", "kexs")] {
        fs::write(&path, text.replace(line, &broken)).unwrap();
        let error = NodeKeys::load(&path, None).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains(beginning), "{shown}");
    }
    let coordinator = CoordinatorKeys {
        identity: keys.identity.clone(),
        tls: keys.tls.clone(),
        others: Vec::new(),
    };
    let bidder = BidderKeys { identity: keys.identity.clone() };
    let shown = format!("{keys:?} {coordinator:?} {bidder:?} {:?} {:?}", keys.sealing, keys.tls);
    for secret in
        [&keys.identity.secret()[..], &keys.sealing.secret()[..], keys.tls.private_key_der()]
    {
        let hex: String = Digest(secret[..32].try_into().unwrap()).to_string();
        assert!(!shown.contains(&bytes::encode(secret)) && !shown.contains(&hex));
        assert!(!shown.contains(&format!("{:?}", &secret[..8]).replace(['[', ']'], "")));
    }
    assert!(shown.contains(&keys.identity.public().to_string()));
}

#[test]
fn other_files_are_refused() {
    let (directory, path) = place();
    let write = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        BidderKeys::load(&path, None).unwrap_err()
    };
    for bytes in [&b""[..], b"\xff\xfe", b"version = \"one\"", b"[a", &vec![b'a'; 70_000]] {
        let error = write(bytes);
        assert!(matches!(error, KeyFileError::Damaged { .. }), "{error}");
    }
    let error = BidderKeys::load(directory.path(), None).unwrap_err();
    assert!(matches!(error, KeyFileError::Damaged { .. }), "{error}");
}

#[test]
fn a_card_is_signed_by_the_node_it_describes() {
    let keys = NodeKeys::generate("node1.example.org").unwrap();
    let card = keys.card("North", "node1.example.org:4711");
    let body = &card.verify(&keys.identity.public()).unwrap().card;
    assert_eq!(body.certificate, keys.tls.fingerprint());
    assert_eq!(&body.sealing_key, keys.sealing.public());
    assert_eq!(card.body.issue, 0);
}

#[test]
fn changed_keys_keep_those_of_before() {
    let (_directory, path) = place();
    let mut keys = NodeKeys::generate("localhost").unwrap();
    keys.save(&path, None).unwrap();
    assert!(fs::read_to_string(&path).unwrap().contains("version = 1"));
    let old = keys.card("n", "localhost:1").body.card;
    keys.rotate("localhost", None).unwrap();
    let new = keys.card("n", "localhost:1").body.card;
    assert_eq!(old.key, new.key);
    assert_ne!(old.certificate, new.certificate);
    assert_ne!(old.sealing_key, new.sealing_key);
    // A certificate that stays.
    let tls = keys.tls.clone();
    keys.rotate("localhost", Some(tls)).unwrap();
    let newest = keys.card("n", "localhost:1").body.card;
    assert_eq!(newest.certificate, new.certificate);
    assert_ne!(newest.sealing_key, new.sealing_key);

    assert!(matches!(keys.save(&path, None), Err(KeyFileError::Exists { .. })));
    for passphrase in [None, Some(phrase("correct horse"))] {
        keys.replace(&path, passphrase.as_ref()).unwrap();
        assert!(fs::read_to_string(&path).unwrap().contains("version = 2"));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        let mut loaded = NodeKeys::load(&path, passphrase.as_ref()).unwrap();
        assert_same(&keys, &loaded);
        let known: Vec<_> = loaded.sealing_keys().map(|key| key.public().clone()).collect();
        assert_eq!(known, [&newest, &new, &old].map(|card| card.sealing_key.clone()));
        // Whichever the roster lists is used, and none is lost.
        for card in [&old, &newest, &new] {
            loaded.fit(card).unwrap();
            assert_eq!(loaded.card("n", "localhost:1").body.card, *card);
            assert_eq!(loaded.sealing_keys().count(), 3);
        }
        let mixed = NodeCard { sealing_key: old.sealing_key.clone(), ..newest.clone() };
        assert_eq!(loaded.fit(&mixed), Err("sealing key"));
        let other = NodeKeys::generate("localhost").unwrap().card("n", "localhost:1").body.card;
        assert_eq!(loaded.fit(&other), Err("TLS certificate"));
    }
}

#[test]
fn a_coordinator_keeps_its_earlier_certificates() {
    let (_directory, path) = place();
    let mut keys = CoordinatorKeys::generate("localhost").unwrap();
    keys.save(&path, None).unwrap();
    let old = keys.card("c", "localhost:1");
    keys.rotate(TlsIdentity::generate("localhost").unwrap());
    let new = keys.card("c", "localhost:1");
    assert_eq!(old.key, new.key);
    assert_ne!(old.certificate, new.certificate);
    assert!(matches!(keys.save(&path, None), Err(KeyFileError::Exists { .. })));
    for passphrase in [None, Some(phrase("correct horse"))] {
        keys.replace(&path, passphrase.as_ref()).unwrap();
        let mut loaded = CoordinatorKeys::load(&path, passphrase.as_ref()).unwrap();
        // Whichever the roster lists is used, and none is lost.
        for card in [&new, &old, &new] {
            loaded.fit(card).unwrap();
            assert_eq!((loaded.card("c", "localhost:1"), loaded.others.len()), (card.clone(), 1));
        }
        let other = CoordinatorKeys::generate("localhost").unwrap().card("c", "localhost:1");
        assert_eq!(loaded.fit(&other), Err("TLS certificate"));
    }
}

#[test]
fn an_altered_version_is_noticed() {
    let (_directory, path) = place();
    let mut keys = NodeKeys::generate("localhost").unwrap();
    keys.rotate("localhost", None).unwrap();
    keys.save(&path, None).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    for version in ["0", "1", "3"] {
        let changed = text.replace("version = 2", &format!("version = {version}"));
        fs::write(&path, changed).unwrap();
        let error = NodeKeys::load(&path, None).unwrap_err();
        match version {
            "3" => assert!(matches!(error, KeyFileError::Newer { version: 3, .. }), "{error}"),
            _ => assert!(matches!(error, KeyFileError::Damaged { .. }), "{error}"),
        }
    }
}
