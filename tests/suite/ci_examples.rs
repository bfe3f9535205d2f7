//! examples/ci: what a machine without those services can run of them. Shell parts run against the sandbox, under dash and
//! bash; YAML is read; a workflow's steps run one after another as its runner would run them.

mod folder;
mod workflow;

use std::fs;
use std::path::Path;

use dcs_wait::sandbox::Story;
use yaml_rust2::{Yaml, YamlLoader};

use self::folder::Folder;
use crate::support::sandbox;

/// How an operation's job may end, and the status of the wait for it.
fn endings() -> [(Story, i32); 2] {
    [(Story::new().running().succeeds(), 0), (Story::new().running().fails("no `memory` $(x)"), 1)]
}

fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ci").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn yaml(name: &str) -> Yaml {
    let mut documents = YamlLoader::load_from_str(&example(name)).expect("it is YAML");
    assert_eq!(documents.len(), 1, "{name}");
    documents.remove(0)
}

fn texts(list: &Yaml) -> Vec<String> {
    list.as_vec().expect("a list").iter().map(|item| item.as_str().expect("a text").to_owned()).collect()
}

#[tokio::test]
async fn the_script_has_the_status_of_the_wait_in_every_shell() {
    for shell in ["dash", "bash", "sh"] {
        for (story, status) in endings() {
            let sandbox = sandbox([("job-1", story)]).await;
            let folder = Folder::new(&sandbox);
            let run = folder.run(&[shell, "wait.sh"], &[("wait.sh", &example("wait.sh"))], &[]).await;
            assert_eq!(run.status, status, "{shell}: {}", run.stderr);
            assert!(run.stdout.starts_with("job-1  "), "{shell}: {}", run.stdout);
            assert_eq!(run.stdout.ends_with("over: the deployment goes on\n"), status == 0, "{}", run.stdout);
            assert_eq!(run.stderr.contains("the operation has to be started anew"), status == 1, "{}", run.stderr);
        }
    }
}

#[tokio::test]
async fn the_script_knows_nothing_to_do_a_job_that_is_not_over_and_a_missing_key() {
    let sandbox = sandbox([("job-1", Story::new().running())]).await;
    let folder = Folder::new(&sandbox);
    let script = example("wait.sh");
    let files = [("wait.sh", script.as_str())];
    let late = folder.run(&["sh", "wait.sh"], &files, &[("DCS_WAIT_TIMEOUT", "50ms")]).await;
    assert!(late.status == 124 && late.stderr.ends_with("wait for it again later\n"), "{}", late.stderr);
    let no_key = folder.run(&["sh", "wait.sh"], &files, &[("HUAWEICLOUD_SDK_SK", "")]).await;
    assert!(no_key.status == 2 && no_key.stderr.contains("not asked properly"), "{}", no_key.stderr);
    let nothing = [("wait.sh", script.as_str()), ("start-operation.sh", "#!/bin/sh\n")];
    assert_eq!(folder.run(&["sh", "wait.sh"], &nothing, &[]).await.status, 0);
    let broken = [("wait.sh", script.as_str()), ("start-operation.sh", "#!/bin/sh\nexit 7\n")];
    assert_eq!(folder.run(&["sh", "wait.sh"], &broken, &[]).await.status, 7);
}

#[tokio::test]
async fn the_job_of_gitlab_keeps_the_outcome_and_fails_with_the_job() {
    let job = &yaml("gitlab-ci.yml")["swap"];
    assert_eq!(texts(&job["artifacts"]["paths"]), ["outcome.json"]);
    for (story, status) in endings() {
        let sandbox = sandbox([("job-1", story)]).await;
        let folder = Folder::new(&sandbox);
        // As its runner does: the lines joined, until one fails.
        let script = format!("set -e\n{}\n", texts(&job["script"]).join("\n"));
        let run = folder.run(&["sh", "-c", &script], &[], &[]).await;
        assert_eq!(run.status, status, "{}", run.stderr);
        assert_eq!(run.stdout.contains("the deployment goes on"), status == 0, "{}", run.stdout);
        let after = folder.run(&["sh", "-c", &texts(&job["after_script"]).join("\n")], &[], &[]).await;
        let outcome = if status == 0 { "succeeded" } else { "failed" };
        assert_eq!(after.json()[0]["outcome"], outcome, "{}", after.stdout);
    }
}

#[tokio::test]
async fn the_stage_of_jenkins_runs_a_script_with_the_status_of_the_wait() {
    let file = example("Jenkinsfile");
    let script = file.split("'''").nth(1).expect("a script").to_owned();
    assert!(file.matches('{').count() == file.matches('}').count() && file.contains("status == 124"));
    for (story, status) in endings() {
        let sandbox = sandbox([("job-1", story)]).await;
        let run = Folder::new(&sandbox).run(&["sh", "-xec", &script], &[], &[]).await;
        assert_eq!(run.status, status, "{}", run.stderr);
    }
    let sandbox = sandbox([]).await;
    let broken = [("start-operation.sh", "#!/bin/sh\nexit 7\n")];
    let run = Folder::new(&sandbox).run(&["sh", "-xec", &script], &broken, &[]).await;
    assert_eq!((run.status, sandbox.requests().len()), (7, 0));
}

#[tokio::test]
async fn the_command_of_terraform_fails_with_the_job_and_with_the_start() {
    let file = example("main.tf");
    let command =
        file.split("<<-EOT\n").nth(1).and_then(|rest| rest.split("EOT").next()).expect("a command").to_owned();
    assert!(file.contains("INSTANCE_ID = var.instance_id"));
    for (story, status) in endings() {
        let sandbox = sandbox([("job-1", story)]).await;
        let folder = Folder::new(&sandbox);
        let run = folder.run(&["/bin/sh", "-c", &command], &[], &[("INSTANCE_ID", "instance-1")]).await;
        assert_eq!(run.status, status, "{}", run.stderr);
        let broken = [("start-operation.sh", "#!/bin/sh\n[ \"$1\" = instance-1 ] && exit 7\n")];
        let run = folder.run(&["/bin/sh", "-c", &command], &broken, &[("INSTANCE_ID", "instance-1")]).await;
        assert_eq!(run.status, 7, "{}", run.stderr);
    }
}

#[tokio::test]
async fn the_task_of_ansible_takes_the_answer_and_gives_an_outcome() {
    let play = &yaml("ansible.yml")[0];
    let tasks = play["tasks"].as_vec().expect("tasks");
    let command = |index: usize| &tasks[index]["ansible.builtin.command"];
    assert_eq!(command(1)["stdin"].as_str(), Some("{{ start.stdout }}"));
    assert_eq!(tasks[0]["register"].as_str(), Some("start"));
    for (story, status) in endings() {
        let sandbox = sandbox([("job-1", story)]).await;
        let folder = Folder::new(&sandbox);
        let argv = texts(&command(0)["argv"]);
        let start = folder.run(&argv.iter().map(String::as_str).collect::<Vec<_>>(), &[], &[]).await;
        let argv = texts(&command(1)["argv"]);
        let wait = folder.pipe(&argv.iter().map(String::as_str).collect::<Vec<_>>(), start.stdout.trim_end()).await;
        assert_eq!(wait.status, status, "{}", wait.stderr);
        assert!(wait.json().len() == 1 && wait.json()[0]["duration_ms"].is_u64(), "{}", wait.stdout);
    }
}
