use crate::identity::Digest;
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
    store
        .invite(vec![invitation(1, Some("for Ada")), invitation(2, None)], at(100), at(0))
        .await
        .unwrap();
    let key = PublicKey::from_bytes([1; 32]);
    assert!(store.redeemable(digest(1), key, at(99)).await.is_ok());
    let expired = store.redeemable(digest(1), key, at(100)).await;
    assert!(matches!(expired, Err(AccountError::Code(Unredeemable::Expired { .. }))));
    let unknown = store.redeemable(digest(9), key, at(1)).await;
    assert!(matches!(unknown, Err(AccountError::Code(Unredeemable::Unknown))));
    let ada = store.redeem(digest(1), new("Ada", 1), at(5)).await.unwrap();
    let again = store.redeem(digest(1), new("Bob", 2), at(6)).await;
    assert!(matches!(again, Err(AccountError::Code(Unredeemable::Redeemed))));
    let late = store.redeem(digest(2), new("Bob", 2), at(100)).await;
    assert!(matches!(late, Err(AccountError::Code(Unredeemable::Expired { .. }))));
    // A refused name leaves the code as it was.
    let taken = store.redeem(digest(2), new("ADA", 2), at(50)).await;
    assert!(matches!(taken, Err(AccountError::NameTaken { .. })));
    let taken = store.redeem(digest(2), new("Bob", 1), at(50)).await;
    assert!(matches!(taken, Err(AccountError::KeyTaken)));
    store.redeem(digest(2), new("Bob", 2), at(50)).await.unwrap();
    let invitations = store.invitations().await.unwrap();
    let ada_line = invitations.iter().find(|line| line.code == digest(1)).unwrap();
    assert_eq!(ada_line.account.as_deref(), Some("Ada"));
    assert_eq!((ada_line.redeemed, ada_line.revoked), (Some(at(5)), None));
    assert_eq!(store.account(ada.account).await.unwrap(), Some(ada));
    assert_eq!(store.accounts().await.unwrap().len(), 2);
}

fn invitation(code: u8, label: Option<&str>) -> NewInvitation {
    let label = label.map(ToOwned::to_owned);
    NewInvitation { code: digest(code), label, cohort: None, key: None }
}

#[tokio::test]
async fn unused_invitations_are_revoked_at_once_and_used_ones_stay() {
    let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
    let store = store(&somewhere).await;
    let all = [(1, "ada"), (2, "bea"), (3, "cyd")];
    let all: Vec<_> = all.iter().map(|(code, label)| invitation(*code, Some(label))).collect();
    store.invite(all.clone(), at(100), at(0)).await.unwrap();
    store.invite(vec![invitation(4, Some("dot"))], at(5), at(0)).await.unwrap();
    store.redeem(digest(1), new("Ada", 1), at(1)).await.unwrap();
    // The same once more, as where an answer was lost, changes nothing.
    store.invite(all, at(900), at(2)).await.unwrap();
    store.revoke(digest(2), at(3)).await.unwrap();
    let revoked = store.revoke_unused(at(10)).await.unwrap();
    let labels: Vec<_> = revoked.iter().map(|line| line.label.as_deref()).collect();
    assert_eq!((labels, revoked[0].revoked), (vec![Some("cyd")], Some(at(10))));
    assert!(store.revoke_unused(at(11)).await.unwrap().is_empty());
    let kept = store.invitations().await.unwrap();
    assert_eq!(kept.iter().find(|line| line.code == digest(3)), revoked.first());
    let refused = store.redeem(digest(3), new("Cyd", 3), at(12)).await.unwrap_err();
    assert!(
        matches!(refused, AccountError::Code(Unredeemable::Revoked { at: when }) if when == at(10))
    );
    assert!(refused.to_string().contains("revoked by the operator at"), "{refused}");
    let redeemed = store.revoke(digest(1), at(12)).await.unwrap_err();
    assert!(redeemed.to_string().contains("what it has handed in stays in"), "{redeemed}");
    assert_eq!(store.accounts().await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_invitation_for_a_key_takes_no_other_and_keeps_its_cohort() {
    let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
    let store = store(&somewhere).await;
    let key = PublicKey::from_bytes([1; 32]);
    let bound = NewInvitation {
        key: Some(key),
        cohort: Some("sales".to_owned()),
        ..invitation(1, Some("ada"))
    };
    store.invite(vec![bound], at(100), at(0)).await.unwrap();
    let other = store.redeem(digest(1), new("Eve", 2), at(1)).await;
    assert!(matches!(other, Err(AccountError::OtherKey)));
    assert!(store.redeemable(digest(1), PublicKey::from_bytes([2; 32]), at(1)).await.is_err());
    let ada = store.redeem(digest(1), new("Ada", 1), at(1)).await.unwrap();
    let kept = store.invitations().await.unwrap().remove(0);
    assert_eq!((kept.cohort.as_deref(), kept.key), (Some("sales"), Some(key)));
    // It goes with the account, and who came by no invitation or by one without has none.
    assert_eq!(store.cohort_of(ada.account).await.unwrap().as_deref(), Some("sales"));
    let made = store.create(new("Bea", 3), at(2)).await.unwrap();
    assert_eq!(store.cohort_of(made.account).await.unwrap(), None);
    store.invite(vec![invitation(4, Some("cyd"))], at(100), at(0)).await.unwrap();
    let cyd = store.redeem(digest(4), new("Cyd", 4), at(3)).await.unwrap();
    assert_eq!(store.cohort_of(cyd.account).await.unwrap(), None);
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
