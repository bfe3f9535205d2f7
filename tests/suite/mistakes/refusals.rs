//! Mistakes that the service answers with 401 or 403.

use super::{answering, error, plain, said};
use crate::support::finish;

#[tokio::test]
async fn the_permission_is_missing() {
    let sandbox = answering(error(403, "DCS.2003", "Policy does not allow dcs:job:get to be performed.")).await;
    let run = finish(&mut plain(&sandbox, "job")).await;
    assert_eq!(run.status, 3);
    assert_eq!(
        said(&run, &sandbox),
        [
            "dcs-wait: error: job job: denied: HTTP 403 DCS.2003 Policy does not allow dcs:job:get to be performed. (request id sandbox-N); it was never seen",
            "dcs-wait: hint: the key is good but may not do this: have the permission dcs:job:get granted to its user or agency, in the project 0123456789abcdef0123456789abcdef (from HUAWEICLOUD_SDK_PROJECT_ID)",
            "dcs-wait: the credentials are those of HUAWEICLOUD_SDK_AK, HUAWEICLOUD_SDK_SK",
        ]
    );
}

#[tokio::test]
async fn a_clock_that_is_wrong_and_cannot_be_repaired() {
    // A relayed answer's date may be old: it is not signed with.
    for (ahead, words) in [(7200, "behind"), (-7200, "ahead of")] {
        let now = std::time::SystemTime::now();
        let there = std::time::Duration::from_secs(7200);
        let date = httpdate::fmt_http_date(if ahead > 0 { now + there } else { now - there });
        let refusal = error(401, "APIG.0301", "Incorrect IAM authentication information: verify aksk signature fail");
        let sandbox = answering(refusal.header("Date", date).header("Via", "1.1 proxy")).await;
        let run = finish(&mut plain(&sandbox, "job")).await;
        assert_eq!((run.status, sandbox.requests().len()), (3, 1));
        assert_eq!(
            said(&run, &sandbox),
            [
                "dcs-wait: error: job job: denied: HTTP 401 APIG.0301 Incorrect IAM authentication information: verify aksk signature fail (request id sandbox-N); it was never seen".to_owned(),
                format!("dcs-wait: hint: this machine's clock is 2h {words} that of the answer, and the service bears 15 minutes: set it, for example by NTP; if the key is refused then too, it is wrong"),
                "dcs-wait: the credentials are those of HUAWEICLOUD_SDK_AK, HUAWEICLOUD_SDK_SK".to_owned(),
            ]
        );
    }
}

#[tokio::test]
async fn a_key_that_is_locked() {
    // The gateway's published words for it.
    let words = "Incorrect IAM authentication information: AK access failed to reach the limit,forbidden.";
    let hint = "dcs-wait: hint: the key was refused more than five times in a row, here or elsewhere, and is locked for five minutes: stop what uses it with a wrong secret, then try again after that time";
    let sandbox = answering(error(401, "APIG.0301", words)).await;
    let run = finish(&mut plain(&sandbox, "job")).await;
    assert_eq!(run.status, 3);
    assert_eq!(
        said(&run, &sandbox),
        [
            "dcs-wait: error: job job: denied: HTTP 401 APIG.0301 Incorrect IAM authentication information: AK access failed to reach the limit,forbidden. (request id sandbox-N); it was never seen",
            hint,
            "dcs-wait: the credentials are those of HUAWEICLOUD_SDK_AK, HUAWEICLOUD_SDK_SK",
        ]
    );
}

#[tokio::test]
async fn a_key_that_does_not_exist_or_whose_secret_is_wrong() {
    let words = "Incorrect IAM authentication information: Get secretKey failed,ak:[hidden],err:ak not exist";
    let sandbox = answering(error(401, "APIG.0301", words)).await;
    let run = finish(&mut plain(&sandbox, "job")).await;
    assert_eq!(
        said(&run, &sandbox)[1],
        "dcs-wait: hint: the access key looks deleted, or of another site: Huawei Cloud's international, Chinese and European sites and partners' clouds have accounts of their own"
    );
    let run = finish(plain(&sandbox, "job").env("HUAWEICLOUD_SDK_SK", "another")).await;
    assert_eq!(
        said(&run, &sandbox)[1],
        "dcs-wait: hint: the secret key looks wrong, or the token or temporary key has ended: get a new one; each try with a wrong one counts, and more than five lock the key for five minutes"
    );
}
