//! Files that are there but not usable.

use super::*;

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
            && unknown.ends_with("no profile \"nope\"; there are: \"home\", \"work\", \"sso\", \"half\", \"empty\""),
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
