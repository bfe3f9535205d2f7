//! Which answer comes when.

use super::*;

/// The statuses that a story added at 0 gives at these times, in seconds.
fn statuses(story: Story, times: &[u64]) -> Vec<String> {
    let added = Instant::now();
    let mut playing = story.begin(added);
    let at = |seconds: &u64| {
        let (answer, _) = playing.next("job", added + Duration::from_secs(*seconds), 0).unwrap();
        let Body::Job(status) = answer.body else { panic!("no job") };
        status
    };
    times.iter().map(at).collect()
}

fn story() -> Story {
    let seconds = Duration::from_secs;
    Story::new().init().until(seconds(10)).running().until(seconds(60)).succeeds()
}

#[test]
fn until_counts_from_when_the_job_was_added() {
    assert_eq!(statuses(story(), &[9, 10, 59, 60]), ["INIT", "RUNNING", "RUNNING", "SUCCESS"]);
    assert_eq!(statuses(story(), &[58, 61]), ["RUNNING", "SUCCESS"], "what was not asked for is over all the same");
    assert_eq!(statuses(story(), &[3600]), ["SUCCESS"]);
}

#[test]
fn lasting_counts_from_the_first_request_that_meets_it() {
    let story = Story::new().running().lasting(Duration::from_secs(10)).succeeds();
    assert_eq!(statuses(story, &[100, 109, 110]), ["RUNNING", "RUNNING", "SUCCESS"]);
}
