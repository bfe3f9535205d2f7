//! When the source is asked, and what its answer does.

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

use futures_util::FutureExt as _;

use super::*;
use crate::credentials::Loading;

/// A source whose credentials a test can change.
#[derive(Clone, Default)]
struct Vault {
    version: Arc<AtomicU32>,
    loads: Arc<AtomicU32>,
    /// When its credentials end.
    expires_at: Option<SystemTime>,
    /// Nothing is known before it is asked.
    is_remote: bool,
    /// It answers at once.
    is_quick: bool,
}

impl Vault {
    fn login(&self) -> Login {
        let secret = format!("secret{}", self.version.load(Relaxed));
        Login { expires_at: self.expires_at, ..Credentials::key("EXAMPLE", secret).unwrap().into() }
    }

    fn change(&self) {
        self.version.fetch_add(1, Relaxed);
    }

    fn loads(&self) -> u32 {
        self.loads.load(Relaxed)
    }

    fn standing(&self) -> Arc<Standing> {
        Standing::new(Arc::new(self.clone()), SystemTime::now())
    }
}

impl CredentialsSource for Vault {
    fn load(&self) -> Loading<'_> {
        self.loads.fetch_add(1, Relaxed);
        Box::pin(async {
            if !self.is_quick {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Ok(self.login())
        })
    }

    fn known(&self) -> Option<Login> {
        (!self.is_remote).then(|| self.login())
    }
}

/// The secret key that is in use.
fn secret(standing: &Arc<Standing>) -> String {
    let credentials = standing.lock().credentials.clone().unwrap();
    credentials.secrets()[0].to_owned()
}

#[tokio::test(start_paused = true)]
async fn others_that_the_source_has_by_now_are_used_after_one_refusal_and_nothing_is_read_otherwise() {
    let vault = Vault::default();
    let standing = vault.standing();
    standing.not_refused(&take(&standing), true);
    vault.change();
    assert_eq!((vault.loads(), secret(&standing)), (0, "secret0".to_owned()));
    assert!(matches!(standing.refused(take(&standing), Some(3), &denied()).await, Verdict::Again));
    assert_eq!((vault.loads(), secret(&standing)), (1, "secret1".to_owned()));
    let alone = take(&standing);
    assert!(is_busy(&standing), "a new key goes alone at first");
    standing.not_refused(&alone, true);
    assert!(!is_busy(&standing));
}

#[tokio::test(start_paused = true)]
async fn the_same_ones_are_refused_for_good_until_the_source_has_others() {
    let vault = Vault::default();
    let standing = vault.standing();
    assert!(matches!(standing.refused(take(&standing), None, &denied()).await, Verdict::Refused));
    standing.reopen().await;
    assert!(is_busy(&standing));
    assert!(closed(&standing).now_or_never().is_some());
    vault.change();
    standing.reopen().await;
    assert!(closed(&standing).now_or_never().is_none());
    assert_eq!(secret(&standing), "secret1");
}

#[tokio::test(start_paused = true)]
async fn while_one_repairs_the_others_hold_still_and_go_on_with_it() {
    let vault = Vault::default();
    let standing = vault.standing();
    standing.not_refused(&take(&standing), true);
    let (one, two) = (take(&standing), take(&standing));
    vault.change();
    let third = async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert!(is_busy(&standing));
        standing.gate().await;
        secret(&standing)
    };
    let error = denied();
    let (one, two, third) =
        tokio::join!(standing.refused(one, None, &error), standing.refused(two, None, &error), third);
    assert!(matches!((one, two), (Verdict::Again, Verdict::Again)));
    assert_eq!((third.as_str(), vault.loads()), ("secret1", 1));
}

#[tokio::test(start_paused = true)]
async fn a_repair_that_is_not_polled_any_more_is_finished_by_whoever_waits_for_it() {
    let vault = Vault::default();
    let standing = vault.standing();
    vault.change();
    let error = denied();
    let mut forgotten = Box::pin(standing.refused(take(&standing), None, &error));
    assert!((&mut forgotten).now_or_never().is_none());
    standing.gate().await;
    assert_eq!((secret(&standing).as_str(), vault.loads()), ("secret1", 1));
}

#[tokio::test(start_paused = true)]
async fn a_remote_source_is_asked_when_the_first_request_is_made() {
    let vault = Vault { is_remote: true, ..Vault::default() };
    let standing = vault.standing();
    assert_eq!(vault.loads(), 0);
    assert!(is_busy(&standing));
    tokio::join!(standing.gate(), standing.gate());
    assert_eq!((secret(&standing).as_str(), vault.loads()), ("secret0", 1));
}

#[tokio::test(start_paused = true)]
async fn credentials_that_end_are_renewed_in_the_meantime_and_no_request_waits_for_it() {
    let now = SystemTime::now();
    let hour = Duration::from_secs(3600);
    // A third of an hour is less than 40 minutes.
    let vault = Vault { expires_at: Some(now + hour), ..Vault::default() };
    let standing = vault.standing();
    standing.not_refused(&take(&standing), true);
    vault.change();
    let meanwhile = async |at| timeout(Duration::from_secs(1), standing.closed(|| at)).await;
    assert!(meanwhile(now + hour / 2).await.is_err());
    assert_eq!(vault.loads(), 0);

    let soon = now + hour * 3 / 4;
    assert!(timeout(Duration::from_millis(10), standing.closed(|| soon)).await.is_err());
    assert!(!is_busy(&standing), "the old ones still work");
    assert!(meanwhile(soon).await.is_err());
    assert_eq!((secret(&standing).as_str(), vault.loads()), ("secret1", 1));
}

#[tokio::test(start_paused = true)]
async fn long_lived_credentials_are_renewed_40_minutes_before_their_end() {
    let now = SystemTime::now();
    let minutes = |count: u64| Duration::from_secs(60 * count);
    let vault = Vault { expires_at: Some(now + minutes(24 * 60)), ..Vault::default() };
    let standing = vault.standing();
    for (left, loads) in [(41, 0), (39, 1)] {
        let at = now + minutes(24 * 60 - left);
        assert!(timeout(Duration::from_secs(1), standing.closed(|| at)).await.is_err());
        assert_eq!(vault.loads(), loads, "{left} minutes before");
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_gives_no_answer_is_given_up() {
    let silent = || future::pending::<Result<Login>>();
    let standing = Standing::new(Arc::new(silent), SystemTime::now());
    let start = Instant::now();
    let error = standing.ready().await.unwrap_err().to_string();
    assert_eq!(
        (error.as_str(), start.elapsed()),
        ("credentials: their source gives no answer", Duration::from_secs(10))
    );
}

#[tokio::test(start_paused = true)]
async fn a_source_that_panics_is_an_error_and_is_asked_again() {
    let calls = Arc::new(AtomicU32::new(0));
    let source = {
        let calls = Arc::clone(&calls);
        move || {
            let first = calls.fetch_add(1, Relaxed) == 0;
            async move { if first { panic!("a bug of the source") } else { Ok(Vault::default().login()) } }
        }
    };
    let standing = Standing::new(Arc::new(source), SystemTime::now());
    assert_eq!(standing.ready().await.unwrap_err().to_string(), "credentials: their source panicked");
    standing.ready().await.unwrap();
    assert!(
        matches!(standing.refused(take(&standing), Some(3600), &denied()).await, Verdict::Again),
        "one repair is left"
    );
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_lands_after_the_end_of_all_waits_begins_them_anew() {
    let now = SystemTime::now();
    let vault = Vault { expires_at: Some(now + Duration::from_secs(3600)), ..Vault::default() };
    let standing = vault.standing();
    let _ = standing.refused(take(&standing), Some(3600), &denied()).await;
    vault.change();
    let soon = now + Duration::from_secs(3000);
    assert!(timeout(Duration::from_millis(10), standing.closed(|| soon)).await.is_err(), "a renewal is under way");
    let pass = take(&standing);
    let _ = standing.refused(pass, None, &denied()).await;
    standing.reopen().await;
    assert_eq!(secret(&standing), "secret1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_that_ask_the_source_once_more_at_the_same_time_do_not_close_what_one_of_them_opened() {
    for _ in 0..100 {
        let vault = Vault { is_quick: true, ..Vault::default() };
        let standing = Arc::new(vault.standing());
        let _ = standing.refused(take(&standing), None, &denied()).await;
        vault.change();
        let tasks = (0..8).map(|_| {
            let standing = Arc::clone(&standing);
            tokio::spawn(async move { standing.reopen().await })
        });
        futures_util::future::join_all(tasks).await;
        assert!(standing.closed(SystemTime::now).now_or_never().is_none());
    }
}
