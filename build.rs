//! Finds out which commit is built, for `dcs-wait --version`: what DCS_WAIT_COMMIT says, else what `cargo package` noted, else
//! what git says if this folder is a clone. If nobody knows, the version stands alone.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=DCS_WAIT_COMMIT");
    let mut version = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    // Only the command shows it.
    if env::var_os("CARGO_FEATURE_CLI").is_some()
        && let Some(commit) = given().or_else(packaged).or_else(cloned)
    {
        version += &format!(" ({commit})");
    }
    println!("cargo::rustc-env=DCS_WAIT_VERSION={version}");
}

fn given() -> Option<String> {
    short(&env::var("DCS_WAIT_COMMIT").ok()?)
}

fn packaged() -> Option<String> {
    let noted = fs::read_to_string(".cargo_vcs_info.json").ok()?;
    short(noted.split_once("\"sha1\"")?.1.split('"').nth(1)?)
}

fn cloned() -> Option<String> {
    // Not a folder above it: a package that is unpacked in another project's clone is none of its commits. And no debug
    // build: each commit would build everything anew.
    if !Path::new(".git").exists() || env::var("PROFILE").is_ok_and(|profile| profile == "debug") {
        return None;
    }
    for file in [".git/HEAD", ".git/logs/HEAD"] {
        if Path::new(file).exists() {
            println!("cargo::rerun-if-changed={file}");
        }
    }
    let output = Command::new("git").args(["rev-parse", "HEAD"]).output().ok().filter(|it| it.status.success())?;
    short(&String::from_utf8(output.stdout).ok()?)
}

fn short(commit: &str) -> Option<String> {
    let commit = commit.trim();
    let is_hash = commit.len() >= 7 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then(|| commit.chars().take(12).collect())
}
