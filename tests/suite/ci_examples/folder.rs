//! A folder to run scripts in, with the command on the path and the sandbox in the environment.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};

use dcs_wait::sandbox::Sandbox;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::support::{self, Run, environment, finish};

/// Prints what the call that starts an operation answers.
const START: &str = "#!/bin/sh\necho '{\"job_id\": \"job-1\"}'\n";

pub(super) struct Folder {
    path: PathBuf,
    environment: Vec<(String, String)>,
}

impl Folder {
    pub(super) fn new(sandbox: &Sandbox) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("ci-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).expect("a folder");
        let mut environment = environment(sandbox);
        let more = [
            ("PATH", support::path()),
            ("HOME", path.display().to_string()),
            ("HW_REGION_NAME", "cn-north-4".to_owned()),
        ];
        environment.extend(more.map(|(name, value)| (name.to_owned(), value)));
        let folder = Self { path, environment };
        folder.write("start-operation.sh", START);
        folder
    }

    pub(super) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path.join(name);
        fs::write(&path, text).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a command");
        path
    }

    /// Runs a command with these files and variables besides.
    pub(super) async fn run(&self, argv: &[&str], files: &[(&str, &str)], variables: &[(&str, &str)]) -> Run {
        self.write("start-operation.sh", START);
        for (name, text) in files {
            self.write(name, text);
        }
        finish(self.command(argv).envs(variables.iter().copied())).await
    }

    /// Runs a command with this on its standard input.
    pub(super) async fn pipe(&self, argv: &[&str], input: &str) -> Run {
        let mut child = self.command(argv).stdin(Stdio::piped()).spawn().expect("it can be started");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(input.as_bytes()).await.expect("it reads");
        drop(stdin);
        child.wait_with_output().await.expect("it ends").into()
    }

    fn command(&self, argv: &[&str]) -> Command {
        let mut command = Command::new(argv[0]);
        command.args(&argv[1..]).current_dir(&self.path).env_clear();
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}
