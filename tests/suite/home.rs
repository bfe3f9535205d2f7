//! A home folder with profiles in it.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use dcs_wait::Environment;
use dcs_wait::sandbox::{ACCESS_KEY, PROJECT_ID, SECRET_KEY, Sandbox};
use tokio::process::Command;

use crate::support::command;

/// A home folder of its own with one file in it, removed on drop.
pub(crate) struct Home(pub(crate) PathBuf);

impl Home {
    pub(crate) fn new(file: &str, text: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("home-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let home = Self(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name));
        home.write(file, text);
        home
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.0.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        self.set_mode(file, 0o600);
    }

    pub(crate) fn set_mode(&self, file: &str, mode: u32) {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(self.0.join(file), fs::Permissions::from_mode(mode)).unwrap();
        }
    }

    pub(crate) fn environment(&self) -> Environment {
        Environment::new::<&str, &str>([], Some(self.0.clone()))
    }

    /// The command with this home, the sandbox as endpoint and IAM, and no credentials in its environment.
    pub(crate) fn command(&self, sandbox: &Sandbox, args: &str) -> Command {
        let mut command = command(sandbox, args);
        for name in ["HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "HUAWEICLOUD_SDK_PROJECT_ID"] {
            command.env_remove(name);
        }
        command.env("HOME", &self.0).env("HUAWEICLOUD_SDK_IAM_ENDPOINT", sandbox.endpoint());
        command
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) const PROFILE: &str = ".huaweicloud/credentials";
pub(crate) const KOOCLI: &str = ".hcloud/config.json";

pub(crate) fn profile(secret_key: &str) -> String {
    format!("[basic]\nak = {ACCESS_KEY}\nsk = {secret_key}\nproject_id = {PROJECT_ID}\n")
}

pub(crate) fn koocli(project_id: &str) -> String {
    format!(
        r#"{{"current":"work","authEncrypt":"false","profiles":[{{"name":"work","mode":"AKSK","accessKeyId":"{ACCESS_KEY}",
        "secretAccessKey":"{SECRET_KEY}","region":"cn-north-4","projectId":"{project_id}"}}]}}"#
    )
}
