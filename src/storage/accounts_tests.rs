use crate::storage::accounts::*;
use crate::storage::fixtures::Somewhere;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000 + seconds * 1000)
}

async fn store(somewhere: &Somewhere) -> AccountStore {
    AccountStore::new(somewhere.open().await)
}

fn new(name: &str, key: u8) -> NewAccount {
    NewAccount {
        account: AccountId::random().unwrap(),
        name: name.to_owned(),
        role: AccountRole::Bidder,
        password: "hash".to_owned(),
        key: Some(PublicKey::from_bytes([key; 32])),
    }
}

const fn digest(byte: u8) -> Digest {
    Digest([byte; 32])
}

#[tokio::test]
async fn a_code_makes_one_account_and_only_while_it_lasts() {
    let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
    let store = store(&somewhere).await;
    let codes = vec![(digest(1), Some("for Ada".to_owned())), (digest(2), None)];
    store.invite(codes, at(100), at(0)).await.unwrap();
    assert!(store.redeemable(digest(1), at(99)).await.unwrap());
    assert!(!store.redeemable(digest(1), at(100)).await.unwrap());
    let ada = store.redeem(digest(1), new("Ada", 1), at(5)).await.unwrap();
    let again = store.redeem(digest(1), new("Bob", 2), at(6)).await;
    assert!(matches!(again, Err(AccountError::Code)));
    let late = store.redeem(digest(2), new("Bob", 2), at(100)).await;
    assert!(matches!(late, Err(AccountError::Code)));
    // A refused name leaves the code as it was.
    let taken = store.redeem(digest(2), new("ADA", 2), at(50)).await;
    assert!(matches!(taken, Err(AccountError::NameTaken { .. })));
    let taken = store.redeem(digest(2), new("Bob", 1), at(50)).await;
    assert!(matches!(taken, Err(AccountError::KeyTaken)));
    store.redeem(digest(2), new("Bob", 2), at(50)).await.unwrap();
    let invitations = store.invitations().await.unwrap();
    let ada_line = invitations.iter().find(|line| line.code == digest(1)).unwrap();
    assert_eq!(ada_line.account.as_deref(), Some("Ada"));
    assert_eq!(store.account(ada.account).await.unwrap(), Some(ada));
    assert_eq!(store.accounts().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_refresh_token_is_used_once_and_twice_ends_the_login() {
    let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
    let store = store(&somewhere).await;
    let ada = store.create(new("ada", 1), at(0)).await.unwrap();
    store.begin(ada.account, [1; 16], digest(1), at(100), at(0)).await.unwrap();
    store.begin(ada.account, [2; 16], digest(9), at(100), at(0)).await.unwrap();
    let good = store.rotate(digest(1), digest(2), at(200), at(1)).await.unwrap();
    assert_eq!(good, Refreshed::Good(ada.clone()));
    let reused = store.rotate(digest(1), digest(3), at(200), at(2)).await.unwrap();
    assert_eq!(reused, Refreshed::Reused(ada.account));
    // The one that took its place is gone with it; another login of the account goes on.
    let next = store.rotate(digest(2), digest(3), at(200), at(3)).await.unwrap();
    assert_eq!(next, Refreshed::Unknown);
    let other = store.rotate(digest(9), digest(10), at(200), at(3)).await.unwrap();
    assert!(matches!(other, Refreshed::Good(_)));
    assert_eq!(
        store.rotate(digest(10), digest(11), at(900), at(200)).await.unwrap(),
        Refreshed::Unknown,
        "an expired one"
    );
}

#[tokio::test]
async fn disabling_and_a_new_password_end_every_login() {
    let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
    let store = store(&somewhere).await;
    let ada = store.create(new("ada", 1), at(0)).await.unwrap();
    store.begin(ada.account, [1; 16], digest(1), at(100), at(0)).await.unwrap();
    let disabled = store.set_disabled(ada.account, true, at(5)).await.unwrap().unwrap();
    assert_eq!((disabled.disabled, disabled.valid_from), (Some(at(5)), at(6)));
    let gone = store.rotate(digest(1), digest(2), at(200), at(6)).await.unwrap();
    assert_eq!(gone, Refreshed::Unknown);
    let enabled = store.set_disabled(ada.account, false, at(7)).await.unwrap().unwrap();
    assert_eq!(enabled.disabled, None);
    store.begin(ada.account, [1; 16], digest(3), at(100), at(8)).await.unwrap();
    store.set_password(ada.account, "other".to_owned(), at(9)).await.unwrap().unwrap();
    let gone = store.rotate(digest(3), digest(4), at(200), at(9)).await.unwrap();
    assert_eq!(gone, Refreshed::Unknown);
    let (found, hash) = store.password("ADA").await.unwrap().unwrap();
    assert_eq!((found.account, hash.as_str()), (ada.account, "other"));
    let nobody = AccountId([0; 16]);
    assert_eq!(store.set_disabled(nobody, true, at(9)).await.unwrap(), None);
}

#[tokio::test]
async fn logging_out_ends_one_login() {
    let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
    let store = store(&somewhere).await;
    let ada = store.create(new("ada", 1), at(0)).await.unwrap();
    store.begin(ada.account, [1; 16], digest(1), at(100), at(0)).await.unwrap();
    store.end(digest(1)).await.unwrap();
    store.end(digest(1)).await.unwrap();
    let gone = store.rotate(digest(1), digest(2), at(200), at(6)).await.unwrap();
    assert_eq!(gone, Refreshed::Unknown);
}
