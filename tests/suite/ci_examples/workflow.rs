//! The workflow of GitHub Actions, run as its runner would: steps in order, outputs from step to step, conditions.

use std::collections::HashMap;
use std::fs;

use dcs_wait::sandbox::Story;
use yaml_rust2::Yaml;

use super::folder::Folder;
use super::{endings, yaml};
use crate::support::{Run, sandbox};

/// The steps that have run, by name, and what they printed.
async fn steps(story: Story) -> Vec<(String, Run)> {
    let workflow = yaml("github-actions.yml");
    let sandbox = sandbox([("job-1", story)]).await;
    let folder = Folder::new(&sandbox);
    let mut known: HashMap<String, String> = HashMap::new();
    let (mut ran, mut has_failed) = (Vec::new(), false);
    for step in workflow["jobs"]["swap"]["steps"].as_vec().expect("steps") {
        let Some(script) = step["run"].as_str() else { continue };
        assert!(!script.contains("${{"), "a text of the service in a script is a command: {script}");
        let is_for_failure = match step["if"].as_str() {
            Some("failure()") => true,
            None => false,
            Some(other) => panic!("not known here: {other}"),
        };
        if is_for_failure != has_failed {
            continue;
        }
        let variables = variables(&step["env"], &known);
        let (outputs, summary) = (folder.write("outputs", ""), folder.write("summary", ""));
        let (outputs_path, summary_path) = (outputs.display().to_string(), summary.display().to_string());
        let mut environment = vec![
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_OUTPUT", outputs_path.as_str()),
            ("GITHUB_STEP_SUMMARY", summary_path.as_str()),
        ];
        environment.extend(variables.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        // The runner's own way to start a script.
        let run = folder.run(&["bash", "-e", "step.sh"], &[("step.sh", script)], &environment).await;
        has_failed |= run.status != 0;
        if let Some(id) = step["id"].as_str() {
            for (name, value) in fs::read_to_string(&outputs).unwrap().lines().filter_map(|line| line.split_once('=')) {
                known.insert(format!("steps.{id}.outputs.{name}"), value.to_owned());
            }
            assert!(fs::read_to_string(&summary).unwrap().contains("| <code>job&#45;1</code> |"));
        }
        ran.push((step["name"].as_str().expect("a name").to_owned(), run));
    }
    ran
}

/// The variables of a step, their expressions replaced by what is known.
fn variables(env: &Yaml, known: &HashMap<String, String>) -> Vec<(String, String)> {
    let Some(env) = env.as_hash() else { return Vec::new() };
    let value = |text: &str| {
        let expression = text.strip_prefix("${{ ").and_then(|rest| rest.strip_suffix(" }}")).expect("an expression");
        known.get(expression).unwrap_or_else(|| panic!("no output {expression}")).clone()
    };
    let text = |yaml: &Yaml| yaml.as_str().expect("a text").to_owned();
    env.iter().map(|(name, given)| (text(name), value(&text(given)))).collect()
}

#[tokio::test]
async fn the_workflow_goes_on_after_a_success_and_tells_of_a_failure_by_the_outputs() {
    let [good, bad] = endings().map(|(story, _)| story);
    let names = |steps: &[(String, Run)]| steps.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    let good = steps(good).await;
    assert_eq!(names(&good), ["Start the operation", "Wait for its job", "Go on"]);
    let bad = steps(bad).await;
    assert_eq!(names(&bad), ["Start the operation", "Wait for its job", "Say what became of it"]);
    let wait = &bad[1].1;
    assert!(
        wait.status == 1 && wait.stderr.contains("::error title=dcs-wait%3A job job-1 failed::"),
        "{}",
        wait.stderr
    );
    assert_eq!(bad[2].1.stdout, "job job-1: failed\nreason: no `memory` $(x)\n");
}

#[test]
fn secrets_and_region_are_variables_that_the_command_reads() {
    let workflow = yaml("github-actions.yml");
    let env = workflow["jobs"]["swap"]["env"].as_hash().expect("variables");
    let names: Vec<&str> = env.keys().filter_map(Yaml::as_str).collect();
    assert_eq!(names, ["HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "HW_REGION_NAME"]);
}
