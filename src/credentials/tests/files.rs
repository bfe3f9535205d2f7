//! Profiles in files: of the SDKs and of KooCLI.

mod broken;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::super::{CredentialsSource as _, Environment, Found, Lookup, SourceKind};

/// An empty home folder, removed on drop.
struct Home(PathBuf);

impl Home {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("dcs-wait-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(path.join(".huaweicloud")).unwrap();
        fs::create_dir_all(path.join(".hcloud")).unwrap();
        Self(path)
    }

    fn profile(&self) -> PathBuf {
        self.0.join(".huaweicloud/credentials")
    }

    fn koocli(&self) -> PathBuf {
        self.0.join(".hcloud/config.json")
    }

    fn with(self, path: fn(&Self) -> PathBuf, text: impl AsRef<[u8]>) -> Self {
        fs::write(path(&self), text).unwrap();
        self
    }

    fn lookup(&self, vars: &[(&str, &str)]) -> Lookup {
        Lookup::new().environment(Environment::new(vars.iter().copied(), Some(self.0.clone())))
    }

    fn problem(&self) -> String {
        let text = self.lookup(&[]).find().unwrap_err().to_string();
        text.replace(&self.0.display().to_string(), "~")
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const BASIC: &str = "[basic]\nak = PROFILEKEY0000000000\nsk = profile;Secret#1=x\n";

fn koocli(extra: &str) -> String {
    format!(
        r#"{{"current":"work"{extra},"profiles":[
            {{"name":"home","mode":"AKSK","accessKeyId":"HOMEKEY0000000000000","secretAccessKey":"homeSecret"}},
            {{"name":"work","mode":"AKSK","accessKeyId":"WORKKEY0000000000000","secretAccessKey":"workSecret",
              "securityToken":"","region":"cn-north-4","projectId":"workproject"}},
            {{"name":"sso","mode":"SSO"}},
            {{"name":"half","accessKeyId":"HALFKEY0000000000000"}},
            {{"name":"empty","mode":"AKSK"}}]}}"#
    )
}

fn key(found: &Found) -> Vec<String> {
    found.login().unwrap().credentials.secrets().into_iter().map(str::to_owned).collect()
}

#[test]
fn the_sdks_profile_is_read_as_it_stands() {
    let text =
        format!("; a comment\n{BASIC}security_token: tok=en\nproject_id=p1\niam_endpoint = https://iam.example\n");
    let found = Home::new().with(Home::profile, text).lookup(&[]).find().unwrap();
    assert_eq!(key(&found), ["profile;Secret#1=x", "tok=en", "PROFILEKEY0000000000"]);
    let login = found.login().unwrap();
    assert_eq!((login.project_id.as_deref(), login.iam_endpoint.as_deref()), (Some("p1"), Some("https://iam.example")));
    assert!(found.origin().ends_with("/.huaweicloud/credentials, [basic]"), "{}", found.origin());
}

#[test]
fn a_variable_moves_the_sdks_profile() {
    let home = Home::new().with(Home::koocli, BASIC);
    let moved = home.koocli().display().to_string();
    let found = home.lookup(&[("HUAWEICLOUD_SDK_CREDENTIALS_FILE", &moved)]).find().unwrap();
    assert_eq!(found.origin(), format!("{moved}, [basic]"));
}

#[test]
fn koocli_gives_its_current_profile_or_the_named_one_with_region_and_project() {
    for encrypt in ["", r#","authEncrypt":"false""#, r#","authEncrypt":false"#] {
        let home = Home::new().with(Home::koocli, koocli(encrypt));
        let found = home.lookup(&[]).find().unwrap();
        assert_eq!(key(&found), ["workSecret", "WORKKEY0000000000000"]);
        let login = found.login().unwrap();
        assert_eq!((login.region.as_deref(), login.project_id.as_deref()), (Some("cn-north-4"), Some("workproject")));
        assert!(found.origin().ends_with("/.hcloud/config.json, profile \"work\""), "{}", found.origin());
        // Whoever names a profile means it, whatever else is set.
        let named = home.lookup(&[("HW_AUTH_TOKEN", "t")]).profile("home").find().unwrap();
        assert_eq!(key(&named), ["homeSecret", "HOMEKEY0000000000000"]);
    }
}

#[test]
fn the_order_is_env_then_profile_then_koocli_and_each_look_is_told() {
    let home = Home::new().with(Home::profile, BASIC).with(Home::koocli, koocli(""));
    let env = [("HW_ACCESS_KEY", "ENVKEY"), ("HW_SECRET_KEY", "envSecret")];
    assert_eq!(key(&home.lookup(&env).find().unwrap()), ["envSecret", "ENVKEY"]);
    assert_eq!(home.lookup(&env).find().unwrap().origin(), "HW_ACCESS_KEY, HW_SECRET_KEY");
    assert_eq!(key(&home.lookup(&[]).find().unwrap())[1], "PROFILEKEY0000000000");
    fs::remove_file(home.profile()).unwrap();
    let search = home.lookup(&[]).search();
    assert_eq!(key(&search.result.unwrap())[1], "WORKKEY0000000000000");
    let tried: Vec<_> = search.tried.iter().map(|tried| tried.source).collect();
    assert_eq!(tried, [SourceKind::Env, SourceKind::Profile, SourceKind::KooCli]);
    assert!(search.tried[1].what.ends_with("credentials: no such file"), "{}", search.tried[1].what);
    for (only, key_id) in [(SourceKind::Env, "ENVKEY"), (SourceKind::KooCli, "WORKKEY0000000000000")] {
        assert_eq!(key(&home.lookup(&env).only(only).find().unwrap())[1], key_id);
    }
}

#[test]
fn nothing_anywhere_says_what_was_looked_at() {
    assert_eq!(
        Home::new().problem(),
        "credentials: none found; env: none of HUAWEICLOUD_SDK_AK, HW_ACCESS_KEY, HW_AUTH_TOKEN, OS_ACCESS_KEY, \
         OS_AUTH_TOKEN, CLOUD_SDK_AK is set; profile: ~/.huaweicloud/credentials: no such file; koocli: \
         ~/.hcloud/config.json: no such file"
    );
    let no_home = Lookup::new().environment(Environment::new::<&str, &str>([], None));
    assert!(no_home.find().unwrap_err().to_string().contains("profile: no home folder; koocli: no home folder"));
}

#[tokio::test]
async fn a_key_that_is_replaced_in_its_file_is_found_by_loading_again() {
    let home = Home::new().with(Home::profile, BASIC);
    let found = home.lookup(&[]).find().unwrap();
    fs::write(home.profile(), BASIC.replace("PROFILE", "REPLACE")).unwrap();
    let login = found.load().await.unwrap();
    assert_eq!(login.credentials.secrets()[1], "REPLACEKEY0000000000");
    fs::remove_file(home.profile()).unwrap();
    assert!(found.load().await.is_err());
}

#[test]
fn the_debug_texts_show_no_secret() {
    let home = Home::new().with(Home::profile, BASIC);
    let lookup = home.lookup(&[("HW_AUTH_TOKEN", "topsecret")]);
    let search = lookup.search();
    let shown = format!("{lookup:?} {search:?} {:?}", home.lookup(&[]).find());
    assert!(!shown.contains("topsecret") && !shown.contains("Secret#1"), "{shown}");
    assert!(shown.contains("Credentials(token)") && shown.contains("Credentials(access key …0000)"), "{shown}");
}

#[test]
fn a_named_profile_of_another_source_is_refused() {
    let home = Home::new().with(Home::profile, BASIC);
    for source in [SourceKind::Env, SourceKind::Profile, SourceKind::Metadata] {
        let problem = home.lookup(&[]).only(source).profile("work").find().unwrap_err().to_string();
        assert_eq!(problem, format!("profile: profiles with a name are KooCLI's, but the source is to be {source}"));
    }
}
