//! Profiles in files: of the SDKs, of KooCLI, and whatever else may lie in their places.

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

#[test]
fn a_broken_profile_stops_the_search_and_is_named_with_its_line() {
    for (text, problem) in [
        ("[basic]\nak=A\n", "~/.huaweicloud/credentials: ak without sk in [basic]"),
        ("[basic]\nsk=A\nak=\n", "~/.huaweicloud/credentials: sk without ak in [basic]"),
        ("[basic]\nak=A B\nsk=secretsecret\n", "~/.huaweicloud/credentials: access key: has a blank in it"),
        (
            "[basic\nak=A\n",
            "~/.huaweicloud/credentials: line 1: Found opening bracket for section name but no closing bracket",
        ),
    ] {
        let home = Home::new().with(Home::profile, text).with(Home::koocli, koocli(""));
        assert_eq!(home.problem(), format!("credentials: {problem}"));
    }
    for (text, problem) in [
        ("garbage\n", "no section [basic]"),
        ("ak=A\nsk=secretsecret\n", "no section [basic]"),
        ("[basic]\nsecurity_token=x\n", "neither ak nor sk in [basic]"),
    ] {
        let home = Home::new().with(Home::profile, text).with(Home::koocli, koocli(""));
        assert_eq!(home.problem(), format!("credentials: ~/.huaweicloud/credentials: {problem}"));
    }
    for (text, nothing) in
        [("", "no section [basic]"), ("[global]\nak=A\n", "no section [basic]"), ("[basic]\n", "nothing in [basic]")]
    {
        assert!(Home::new().with(Home::profile, text).problem().contains("none found; env: "), "{text}");
        assert!(Home::new().with(Home::profile, text).problem().contains(nothing), "{text}");
    }
}

#[test]
fn a_koocli_profile_that_is_not_usable_says_why() {
    let problem = |text: &str| Home::new().with(Home::koocli, text).problem();
    let encrypted = "its secrets are encrypted; `hcloud configure set --cli-auth-encrypt=false` stores them readable";
    for flag in [r#","authEncrypt":"true""#, r#","authEncrypt":true"#] {
        assert_eq!(
            problem(&koocli(flag)),
            format!("credentials: ~/.hcloud/config.json: profile \"work\": {encrypted}")
        );
    }
    assert!(problem(&koocli("").replace("WORKKEY0000000000000", "AAEC/+gibberish=")).ends_with(encrypted));
    assert!(
        problem(&koocli("").replace(r#""current":"work""#, r#""current":"sso""#))
            .contains("mode \"SSO\" is not supported here, only AKSK is")
    );
    assert!(
        problem(&koocli("").replace(r#""current":"work""#, r#""current":"half""#))
            .contains("accessKeyId without secretAccessKey")
    );
    assert!(problem("{\"current\":").contains("~/.hcloud/config.json: EOF while parsing a value at line 1 column 11"));
    assert!(problem("{}").contains("koocli: ~/.hcloud/config.json: no current profile"));
    assert!(
        problem(&koocli("").replace(r#""current":"work""#, r#""current":"empty""#))
            .contains("profile \"empty\" has no access key")
    );
    let unknown =
        Home::new().with(Home::koocli, koocli("")).lookup(&[]).profile("nope").find().unwrap_err().to_string();
    assert!(
        unknown.starts_with("profile: KooCLI's ")
            && unknown.ends_with("no profile \"nope\"; there are: home, work, sso, half, empty"),
        "{unknown}"
    );
}

#[test]
fn no_secret_is_in_an_error_about_a_file() {
    for text in [
        "[basic]\nak = AB\nsk = topsecret withblank\n",
        "topsecret\n[basic\n",
        "[basic]\nsk = topsecret\n",
        "= topsecret\n",
    ] {
        let problem = Home::new().with(Home::profile, text).problem();
        assert!(!problem.contains("topsecret"), "{problem}");
    }
    for text in [r#"{"current":"work","profiles":[{"name":"work","secretAccessKey":"topsecret"}]}"#, r#"{"topsecret"}"#]
    {
        let problem = Home::new().with(Home::koocli, text).problem();
        assert!(!problem.contains("topsecret"), "{problem}");
    }
}

#[cfg(unix)]
#[test]
fn whatever_lies_in_a_files_place_is_named_and_nothing_is_waited_for() {
    use std::process::Command;

    for path in [Home::profile as fn(&Home) -> PathBuf, Home::koocli] {
        let place = |lay: &dyn Fn(&Path)| {
            let home = Home::new();
            lay(&path(&home));
            home.problem()
        };
        assert!(place(&|path| fs::create_dir(path).unwrap()).ends_with(": not a file"));
        assert!(
            place(&|path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success()))
                .ends_with(": not a file")
        );
        assert!(place(&|path| std::os::unix::fs::symlink("/dev/zero", path).unwrap()).ends_with(": not a file"));
        assert!(
            place(&|path| fs::write(path, vec![b' '; (1 << 20) + 1]).unwrap())
                .ends_with("longer than 1 MiB, no such file is")
        );
        assert!(place(&|path| fs::write(path, b"[basic]\nak=\xff\n").unwrap()).ends_with(": not UTF-8"));
        assert!(place(&|path| std::os::unix::fs::symlink("nowhere", path).unwrap()).contains("no such file"));
    }
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
