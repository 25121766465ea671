//! The rules of session backends, as a test.

use std::sync::Arc;

use chrono::{NaiveDateTime, TimeDelta};
use futures_util::future::{join, join_all};

use super::FakeClock;
use crate::clock::Clock as _;
use crate::error::{Error, ErrorKind};
use crate::keys::{Keys, SealingKeys};
use crate::session::{
    DataChange, Presented, Session, SessionBackend, SessionChange, Token, Written,
};
use crate::user::AuthUser;

/// Checks that a place for sessions keeps the rules of [`SessionBackend`]: for the tests of one of your own.
///
/// `make` gives a new, empty backend, and the ids of two users whom it can keep sessions of; it is called several
/// times.
///
/// ```
/// use axum_login_kit::{AuthUser, MemorySessions, testing::check_backend};
///
/// #[derive(AuthUser)]
/// #[auth(no_password)]
/// struct User { id: i32 }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// // It asserts every rule.
/// check_backend::<User, _>(async || (MemorySessions::new(), [1, 2])).await;
/// # }
/// ```
///
/// # Panics
/// When a rule is broken: the message says which one.
pub async fn check_backend<U: AuthUser, B: SessionBackend<U>>(
    make: impl AsyncFn() -> (B, [U::Id; 2]),
) {
    let check = async || Check::<U>::new(make().await);
    check().await.keeps_what_it_is_given().await;
    check().await.tells_realms_and_tokens_apart().await;
    check().await.changes_only_what_it_is_told().await;
    check().await.changes_data_from_what_was_read().await;
    check().await.never_brings_a_session_back().await;
    check().await.ends_sessions_of_their_own_user().await;
    check().await.binds_anew_what_was_bound_alike().await;
    check().await.lists_a_users_sessions().await;
    check().await.deletes_what_has_expired_in_batches().await;
    check().await.serves_many_at_once().await;
}

/// A backend under test.
struct Check<U: AuthUser> {
    backend: Arc<dyn SessionBackend<U>>,
    users: [U::Id; 2],
    now: NaiveDateTime,
}

/// A session, as the browser and the backend know it.
struct Kept<I> {
    cookie: String,
    state: Option<String>,
    session: Session<I>,
}

const REALM: &str = "user";

impl<U: AuthUser> Check<U> {
    fn new<B: SessionBackend<U>>((mut backend, users): (B, [U::Id; 2])) -> Self {
        let keys = Keys::derive(&[7; 32]).expect("the key is long enough");
        backend.set_up(SealingKeys::new(Arc::new(keys)));
        assert!(users[0] != users[1], "the two users must be different ones");
        Check {
            backend: Arc::new(backend),
            users,
            now: FakeClock::new().now(),
        }
    }

    fn session(&self, user: usize) -> (String, Session<U::Id>) {
        let token = Token::generate().expect("the system has randomness");
        let presented = Presented::new(&token.text()).id().clone();
        let ends = self.now + TimeDelta::days(14);
        let session = Session::new(presented, self.users[user].clone(), self.now, ends);
        (token.text().to_string(), session)
    }

    async fn insert(&self, realm: &str, user: usize) -> Kept<U::Id> {
        let (token, session) = self.session(user);
        self.insert_as(realm, token, session).await
    }

    async fn insert_as(&self, realm: &str, token: String, session: Session<U::Id>) -> Kept<U::Id> {
        let written = self.backend.insert(realm, &session).await;
        let cookie = match written.expect("a new session is kept") {
            Written::Stored => token,
            Written::InCookie(cookie) => cookie,
            Written::Nothing => panic!("a new session was not kept"),
        };
        Kept {
            cookie,
            state: None,
            session,
        }
    }

    async fn find(&self, realm: &str, kept: &Kept<U::Id>) -> Option<Session<U::Id>> {
        let presented = Presented::new(&kept.cookie).with_state(kept.state.as_deref());
        let found = self.backend.find(realm, &presented).await;
        found
            .expect("a session is found or not")
            .map(|(session, _)| session)
    }

    async fn update(&self, kept: &mut Kept<U::Id>, change: &SessionChange) -> bool {
        let written = self.backend.update(REALM, &kept.session, change).await;
        match written.expect("a session is changed or not") {
            Written::Stored => true,
            Written::InCookie(state) => {
                kept.state = Some(state);
                true
            }
            Written::Nothing => false,
        }
    }

    async fn keeps_what_it_is_given(&self) {
        let (token, plain) = self.session(0);
        let kept = self.insert_as(REALM, token, plain).await;
        assert_eq!(self.find(REALM, &kept).await.as_ref(), Some(&kept.session));

        let (token, mut full) = self.session(1);
        full.auth_tag = "t".repeat(64);
        full.authenticated_at = Some(self.now - TimeDelta::seconds(1));
        full.remembered = true;
        full.fingerprint = Some("f".repeat(64));
        full.user_agent = Some("é".repeat(255));
        full.ip = Some("2001:db8:ffff:ffff:ffff:ffff:192.168.100.200".into());
        full.data = Some(format!(
            "1 {{\"who\":\"rööt 🦀 'x' \\\\\",\"n\":\"{}\"}}",
            "é".repeat(500)
        ));
        let kept = self.insert_as(REALM, token, full).await;
        let mut found = self.find(REALM, &kept).await.expect("the session is there");
        // These two it may leave out.
        found.user_agent.clone_from(&kept.session.user_agent);
        found.ip.clone_from(&kept.session.ip);
        assert_eq!(found, kept.session, "a session is found as it was kept");
    }

    async fn tells_realms_and_tokens_apart(&self) {
        let kept = self.insert(REALM, 0).await;
        let found = self.find("admin", &kept).await;
        assert_eq!(found, None, "a session of one realm is nobody's in another");
        let (unknown, _) = self.session(0);
        for cookie in [&unknown, "", "x", "' OR 1=1 --", kept.session.id.as_str()] {
            let found = self.backend.find(REALM, &Presented::new(cookie)).await;
            let found = found.expect("an unknown session is no error");
            assert!(found.is_none(), "{cookie:?} is nobody's");
        }
        if self.backend.is_in_cookie() {
            return;
        }
        let change = SessionChange {
            last_seen_at: Some(self.now + TimeDelta::minutes(7)),
            ..SessionChange::default()
        };
        let written = self.backend.update("admin", &kept.session, &change).await;
        assert_eq!(
            written.expect("nothing to change"),
            Written::Nothing,
            "another realm changes nothing"
        );
        assert_eq!(self.find(REALM, &kept).await.as_ref(), Some(&kept.session));
        let deleted = self.backend.delete("admin", &kept.session.id, None).await;
        assert!(
            !deleted.expect("nothing to delete"),
            "another realm ends nothing"
        );
        assert!(self.find(REALM, &kept).await.is_some());
    }

    async fn changes_only_what_it_is_told(&self) {
        let mut kept = self.insert(REALM, 0).await;
        let other = self.insert(REALM, 0).await;
        let later = self.now + TimeDelta::minutes(7);
        let change = SessionChange {
            authenticated_at: Some(later),
            last_seen_at: Some(later),
            expires_at: Some(later + TimeDelta::days(1)),
            fingerprint: Some("f".into()),
            data: None,
        };
        // Twice: what is already so counts as changed.
        for _ in 0..2 {
            assert!(
                self.update(&mut kept, &change).await,
                "a session that stands is changed"
            );
        }
        let mut expected = kept.session.clone();
        assert!(change.apply(&mut expected));
        assert_eq!(self.find(REALM, &kept).await, Some(expected.clone()));
        kept.session = expected;

        let change = SessionChange {
            last_seen_at: Some(later + TimeDelta::minutes(7)),
            ..SessionChange::default()
        };
        assert!(self.update(&mut kept, &change).await);
        let mut expected = kept.session.clone();
        assert!(change.apply(&mut expected));
        assert_eq!(
            self.find(REALM, &kept).await,
            Some(expected),
            "the rest stays as it is"
        );
        assert_eq!(self.find(REALM, &other).await, Some(other.session.clone()));
    }

    async fn changes_data_from_what_was_read(&self) {
        let mut kept = self.insert(REALM, 0).await;
        let data = |from: Option<&str>, to: Option<&str>| SessionChange {
            data: Some(DataChange::new(
                from.map(str::to_owned),
                to.map(str::to_owned),
            )),
            ..SessionChange::default()
        };
        assert!(self.update(&mut kept, &data(None, Some("1 a"))).await);
        if self.backend.is_in_cookie() {
            kept.session = self.find(REALM, &kept).await.expect("the session is there");
        }
        for from in [None, Some("0 a"), Some("2 a")] {
            let written = self.update(&mut kept, &data(from, Some("2 b"))).await;
            assert!(!written, "data is changed only from what it is");
        }
        if !self.backend.is_in_cookie() {
            // Two at once read the same: one of them wins.
            let changes = [
                data(Some("1 a"), Some("2 b")),
                data(Some("1 a"), Some("2 c")),
            ];
            let both = changes
                .iter()
                .map(|change| self.backend.update(REALM, &kept.session, change));
            let stored = join_all(both).await.into_iter();
            let stored = stored.filter(|written| matches!(written, Ok(Written::Stored)));
            assert_eq!(
                stored.count(),
                1,
                "one of two changes of the same data wins"
            );
            return;
        }
        assert!(self.update(&mut kept, &data(Some("1 a"), None)).await);
        let found = self.find(REALM, &kept).await.expect("the session is there");
        assert_eq!(found.data, None);
    }

    async fn never_brings_a_session_back(&self) {
        if self.backend.is_in_cookie() {
            // Its cookie is never changed, so that whoever drops it has ended the session.
            let mut kept = self.insert(REALM, 0).await;
            let mut other = self.insert(REALM, 1).await;
            let change = SessionChange {
                last_seen_at: Some(self.now + TimeDelta::days(1)),
                ..SessionChange::default()
            };
            assert!(self.update(&mut kept, &change).await);
            let state = kept
                .state
                .clone()
                .expect("an update leaves a second cookie");
            let found = self.backend.find(REALM, &Presented::new(&state)).await;
            assert!(
                found.expect("no error").is_none(),
                "the second cookie is no session"
            );
            other.state = Some(state);
            let found = self.find(REALM, &other).await;
            assert_eq!(
                found,
                Some(other.session),
                "and belongs to its own session alone"
            );
            return;
        }
        let change = SessionChange {
            authenticated_at: Some(self.now),
            last_seen_at: Some(self.now),
            expires_at: Some(self.now + TimeDelta::days(99)),
            fingerprint: Some("f".into()),
            data: Some(DataChange::new(None, Some("1 a".into()))),
        };
        let mut gone = self.insert(REALM, 0).await;
        let deleted = self.backend.delete(REALM, &gone.session.id, None).await;
        assert!(
            deleted.expect("the session is ended"),
            "there was a session to end"
        );
        assert!(
            !self.update(&mut gone, &change).await,
            "a session that ended is not changed"
        );
        assert_eq!(self.find(REALM, &gone).await, None, "nor brought back");

        for _ in 0..20 {
            let kept = self.insert(REALM, 0).await;
            let (id, session) = (&kept.session.id, &kept.session);
            let (late, deleted) = join(
                self.backend.update(REALM, session, &change),
                self.backend.delete(REALM, id, None),
            )
            .await;
            late.expect("a late change is made or not");
            assert!(deleted.expect("the session is ended"));
            let found = self.find(REALM, &kept).await;
            assert_eq!(found, None, "a change beside a logout brings nothing back");
        }
    }

    async fn ends_sessions_of_their_own_user(&self) {
        let [ada, bob] = &self.users;
        let first = self.insert(REALM, 0).await;
        let unsupported = |error: Error| assert_eq!(error.kind(), ErrorKind::Unsupported);
        if self.backend.is_in_cookie() {
            let id = &first.session.id;
            if let Err(error) = self.backend.delete(REALM, id, Some(ada)).await {
                unsupported(error);
            }
            return;
        }
        let second = self.insert(REALM, 0).await;
        let admin = self.insert("admin", 0).await;
        let bobs = self.insert(REALM, 1).await;
        let delete = |id, of| self.backend.delete(REALM, id, of);
        let ended = delete(&first.session.id, Some(bob)).await;
        assert!(
            !ended.expect("no error"),
            "nobody ends the session of another user"
        );
        assert!(self.find(REALM, &first).await.is_some());
        assert!(delete(&first.session.id, Some(ada)).await.expect("it ends"));
        assert!(
            !delete(&first.session.id, Some(ada))
                .await
                .expect("it has ended")
        );
        assert_eq!(self.find(REALM, &first).await, None);

        let third = self.insert(REALM, 0).await;
        let ended = self
            .backend
            .delete_all(REALM, ada, Some(&second.session.id))
            .await;
        assert_eq!(ended.expect("the others end"), 1);
        assert_eq!(self.find(REALM, &third).await, None);
        let ended = self.backend.delete_all(REALM, ada, None).await;
        assert_eq!(ended.expect("all end"), 1);
        assert_eq!(self.find(REALM, &second).await, None);
        assert!(
            self.find("admin", &admin).await.is_some(),
            "other realms go on"
        );
        assert!(self.find(REALM, &bobs).await.is_some(), "other users go on");
    }

    /// Sessions that ended with an earlier password, and those of others, are not bound to the new hash.
    async fn binds_anew_what_was_bound_alike(&self) {
        if self.backend.is_in_cookie() {
            return;
        }
        let insert = async |realm, user, auth_tag: &str| {
            let (token, mut session) = self.session(user);
            session.auth_tag = auth_tag.to_owned();
            self.insert_as(realm, token, session).await
        };
        let bound = insert(REALM, 0, "old").await;
        let others = [
            (REALM, insert(REALM, 0, "older").await),
            (REALM, insert(REALM, 1, "old").await),
            ("admin", insert("admin", 0, "old").await),
        ];
        let rebinding = self.backend.rebind(REALM, &self.users[0], "old", "new");
        rebinding.await.expect("sessions are bound anew");
        let tag = async |realm, kept| {
            let found = self.find(realm, kept).await;
            found.expect("the session is there").auth_tag
        };
        let now = tag(REALM, &bound).await;
        assert!(now == "new" || now == "old", "it is bound anew or ends");
        for (realm, kept) in &others {
            assert_eq!(
                tag(realm, kept).await,
                kept.session.auth_tag,
                "what was not bound alike is not bound anew"
            );
        }
    }

    async fn lists_a_users_sessions(&self) {
        let (token, mut full) = self.session(0);
        full.user_agent = Some("a browser".into());
        full.ip = Some("192.0.2.1".into());
        full.remembered = true;
        full.data = Some("1 a".into());
        let full = self.insert_as(REALM, token, full).await;
        let plain = self.insert(REALM, 0).await;
        self.insert("admin", 0).await;
        self.insert(REALM, 1).await;
        match self.backend.list(REALM, &self.users[0]).await {
            Ok(mut listed) => {
                let mut expected = vec![full.session, plain.session];
                listed.sort_by(|left, right| left.id.cmp(&right.id));
                expected.sort_by(|left, right| left.id.cmp(&right.id));
                assert_eq!(
                    listed, expected,
                    "a user's sessions in one realm are listed"
                );
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Unsupported);
                assert!(self.backend.is_in_cookie(), "what is stored can be listed");
            }
        }
    }

    async fn deletes_what_has_expired_in_batches(&self) {
        let mut ended = Vec::new();
        for user in [0, 1, 0, 1, 0] {
            let (token, mut session) = self.session(user);
            session.expires_at = self.now;
            ended.push(self.insert_as(REALM, token, session).await);
        }
        let standing = self.insert(REALM, 0).await;
        let (token, mut session) = self.session(0);
        session.expires_at = self.now;
        self.insert_as("admin", token, session).await;
        let batch = || self.backend.delete_expired(REALM, self.now, 2);
        let mut batches = Vec::new();
        loop {
            let deleted = batch().await.expect("expired sessions are deleted");
            assert!(deleted <= 2, "no more than the limit at once");
            batches.push(deleted);
            if deleted < 2 {
                break;
            }
        }
        let total: u64 = batches.iter().sum();
        // A store with an expiry of its own, and cookies, have nothing to do.
        assert!(total == 5 || total == 0, "{batches:?}");
        assert!(self.find(REALM, &standing).await.is_some());
    }

    async fn serves_many_at_once(&self) {
        let many = join_all((0..20).map(|n| self.insert(REALM, n % 2))).await;
        let found = join_all(many.iter().map(|kept| self.find(REALM, kept))).await;
        for (kept, found) in many.iter().zip(found) {
            assert_eq!(found.as_ref(), Some(&kept.session));
        }
    }
}
