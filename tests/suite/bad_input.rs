//! What is refused before the first request: status 2, one line that names the option.

use dcs_wait::sandbox::Story;

use crate::support::{command, finish, run, sandbox};

#[tokio::test]
async fn a_bad_option_is_one_line_that_names_it_and_no_request() {
    let sandbox = sandbox([("job", Story::new().succeeds())]).await;
    let cases = [
        ("a/b", "job-id: \"a/b\" is no job id (1 to 64 of A-Z a-z 0-9 _ -)"),
        ("job ..%2f", "job-id: "),
        ("job --project-id a/b", "--project-id: \"a/b\" is no project id (1 to 64 of"),
        ("job -t soon", "'soon' for '--timeout <D>': write it like 90s or 1h30m; see"),
        ("job -t 30", "--timeout"),
        ("job -t -5s", "--timeout"),
        ("job -t 2years", "longer than a year"),
        ("job --initial-interval 0s", "--initial-interval: 0ns is not between 1ms and a year"),
        ("job --max-interval 0s", "--max-interval"),
        ("job --request-timeout 0s", "--request-timeout"),
        ("job --multiplier 0.9", "--multiplier: 0.9 is not between 1 and 1000000"),
        ("job --multiplier NaN", "--multiplier"),
        ("job --jitter 1.5", "--jitter"),
        ("job --max-rate 0", "--max-rate: "),
        ("job --max-rate -1", "--max-rate: "),
        ("job --endpoint http://", "--endpoint: not a URL"),
        ("job --endpoint https://example.com/v2", "--endpoint: has more than"),
        ("job --endpoint https://example.com?a=b", "--endpoint: "),
        ("job --endpoint https://me:passwort@example.com", "--endpoint: must not have a user name"),
        (
            "job --endpoint http://example.com",
            "--endpoint: http://example.com is http, which is refused except on loopback",
        ),
        ("job --ca-cert /nonexistent", "--ca-cert: /nonexistent: no such file"),
        ("job --region a.b", "--region"),
        ("job -o xml", "--output"),
        ("job --tiemout 3s", "found; tip: a similar argument exists: '--timeout'"),
        ("", "<JOB_ID>"),
        ("-", "standard input"),
        ("--allow-empty", "no JOB_ID; to read them from standard input, add -"),
    ];
    for (args, problem) in cases {
        let run = run(&sandbox, args).await;
        assert_eq!(run.status, 2, "{args}: {}", run.stderr);
        assert!(run.stderr.starts_with("dcs-wait: error: ") && run.stderr.contains(problem), "{args}: {}", run.stderr);
        assert_eq!(run.stderr.lines().count(), 1, "{args}: {}", run.stderr);
        assert_eq!(run.stdout, "", "{args}");
        assert!(!run.stderr.contains("passwort"), "{args}");
    }
    assert_eq!(sandbox.requests().len(), 0);
}

#[tokio::test]
async fn a_bad_variable_is_named_and_never_shown() {
    let sandbox = sandbox([("job", Story::new().succeeds())]).await;
    let cases = [
        ("HUAWEICLOUD_SDK_SK", "", "HUAWEICLOUD_SDK_SK: not set, but HUAWEICLOUD_SDK_AK is; set both"),
        ("HUAWEICLOUD_SDK_AK", "", "HUAWEICLOUD_SDK_AK: not set, but HUAWEICLOUD_SDK_SK is; set both"),
        ("HUAWEICLOUD_SDK_SK", "passwort\n", "HUAWEICLOUD_SDK_SK: has a line break in it"),
        ("HUAWEICLOUD_SDK_AK", " passwort", "HUAWEICLOUD_SDK_AK: has a blank in it"),
        (
            "HUAWEICLOUD_SDK_PROJECT_ID",
            "",
            "--project-id (or HUAWEICLOUD_SDK_PROJECT_ID, HW_PROJECT_ID, OS_PROJECT_ID): not given",
        ),
        ("DCS_WAIT_ENDPOINT", "", "--region (or HW_REGION_NAME, OS_REGION_NAME): not given"),
        ("DCS_WAIT_TIMEOUT", "soon", "--timeout"),
    ];
    for (name, value, problem) in cases {
        let run = finish(command(&sandbox, "job").env(name, value)).await;
        assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{name}: {}", run.stderr);
        assert!(run.stderr.contains(problem), "{name}: {}", run.stderr);
        assert!(!run.stderr.contains("passwort"), "{name}: {}", run.stderr);
    }
    let mut none = command(&sandbox, "job");
    none.env_remove("HUAWEICLOUD_SDK_AK").env_remove("HUAWEICLOUD_SDK_SK");
    let run = finish(&mut none).await;
    assert_eq!(run.status, 2);
    assert!(run.stderr.contains("error: credentials: none found; env: none of HUAWEICLOUD_SDK_AK, "), "{}", run.stderr);
    assert_eq!(sandbox.requests().len(), 0);
}

#[tokio::test]
async fn an_empty_variable_counts_as_unset() {
    let sandbox = sandbox([("job", Story::new().succeeds())]).await;
    let run = finish(command(&sandbox, "job").env("DCS_WAIT_TIMEOUT", "").env("DCS_WAIT_MAX_OUTAGE", "")).await;
    assert_eq!(run.status, 0, "{}", run.stderr);
    assert!(run.stderr.contains("at most 30m"), "{}", run.stderr);
}

#[tokio::test]
async fn an_unknown_region_is_a_warning() {
    let sandbox = sandbox([("job", Story::new().succeeds())]).await;
    let unknown = run(&sandbox, "job --region xx-nowhere-7").await;
    assert_eq!(unknown.status, 0, "{}", unknown.stderr);
    assert!(unknown.stderr.contains("unknown region"), "{}", unknown.stderr);
    assert!(!unknown.stderr.contains("did you mean"), "{}", unknown.stderr);
    let slip = run(&sandbox, "job --region cn-nort-4").await;
    assert!(slip.stderr.contains("unknown region; did you mean cn-north-4?"), "{}", slip.stderr);
    let known = finish(command(&sandbox, "job").env("OS_REGION_NAME", "cn-north-4")).await;
    assert!(!known.stderr.contains("region"), "{}", known.stderr);
}

#[tokio::test]
async fn an_id_that_begins_with_a_dash_stands_behind_two() {
    let sandbox = sandbox([("-odd", Story::new().succeeds())]).await;
    let good = run(&sandbox, "-- -odd").await;
    assert_eq!((good.status, good.stdout.split("  ").next()), (0, Some("-odd")), "{}", good.stderr);
    assert_eq!(run(&sandbox, "-odd").await.status, 2);
}

#[tokio::test]
async fn an_invalid_id_is_an_outcome_in_the_library_and_no_request() {
    use dcs_wait::Event;
    use futures_util::StreamExt as _;

    let sandbox = sandbox([]).await;
    let client = sandbox.client().build().unwrap();
    assert_eq!(crate::support::kind(&client.job("../x").await), "invalid");
    assert_eq!(crate::support::kind(&client.wait_for_job("../x").await), "invalid");
    let events: Vec<Event> = client.wait_for_job("../x").events().collect().await;
    assert!(matches!(&events[..], [Event::Outcome(outcome)] if outcome.result.is_err()));
    assert_eq!(sandbox.requests().len(), 0);
}
