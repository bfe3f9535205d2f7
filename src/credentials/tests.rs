//! Where credentials are found, what is wrong with bad ones, and that no secret is shown.

mod files;

use super::*;

fn from(vars: &[(&str, &str)]) -> Result<Credentials> {
    let environment = Environment::new(vars.iter().copied(), None);
    match env::load(&environment)? {
        Ok((_, credentials)) => Ok(credentials),
        Err(nothing) => Err(Error::invalid("credentials", nothing)),
    }
}

fn message(vars: &[(&str, &str)]) -> String {
    from(vars).unwrap_err().to_string()
}

fn secrets(vars: &[(&str, &str)]) -> Vec<String> {
    from(vars).unwrap().secrets().into_iter().map(str::to_owned).collect()
}

#[test]
fn all_families_of_names_are_known() {
    for (access_key, secret_key) in [
        ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK"),
        ("HW_ACCESS_KEY", "HW_SECRET_KEY"),
        ("OS_ACCESS_KEY", "OS_SECRET_KEY"),
        ("CLOUD_SDK_AK", "CLOUD_SDK_SK"),
    ] {
        assert_eq!(secrets(&[(access_key, "AK"), (secret_key, "SK")]), ["SK", "AK"]);
    }
    for (access_key, secret_key, token) in [
        ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "HUAWEICLOUD_SDK_SECURITY_TOKEN"),
        ("HW_ACCESS_KEY", "HW_SECRET_KEY", "HW_SECURITY_TOKEN"),
    ] {
        assert_eq!(secrets(&[(access_key, "AK"), (secret_key, "SK"), (token, "T")]), ["SK", "T", "AK"]);
    }
    for token in ["HW_AUTH_TOKEN", "OS_AUTH_TOKEN"] {
        assert!(matches!(from(&[(token, "T")]).unwrap().0, Kind::Token(_)));
    }
}

#[test]
fn the_first_family_of_which_anything_is_set_is_used_and_a_token_goes_before_a_key() {
    let both =
        [("HW_ACCESS_KEY", "B"), ("HW_SECRET_KEY", "b"), ("HUAWEICLOUD_SDK_AK", "A"), ("HUAWEICLOUD_SDK_SK", "a")];
    assert_eq!(secrets(&both), ["a", "A"]);
    assert_eq!(secrets(&[("HW_ACCESS_KEY", "B"), ("HW_SECRET_KEY", "b"), ("HW_AUTH_TOKEN", "T")]), ["T"]);
}

#[test]
fn half_of_a_key_is_an_error_that_names_the_other_half() {
    assert_eq!(
        message(&[("HUAWEICLOUD_SDK_AK", "AK"), ("HUAWEICLOUD_SDK_SK", "")]),
        "HUAWEICLOUD_SDK_SK: not set, but HUAWEICLOUD_SDK_AK is; set both"
    );
    assert_eq!(message(&[("HW_SECRET_KEY", "SK")]), "HW_ACCESS_KEY: not set, but HW_SECRET_KEY is; set both");
}

#[test]
fn a_security_token_alone_is_a_part_of_a_key_too() {
    assert_eq!(
        message(&[("HUAWEICLOUD_SDK_SECURITY_TOKEN", "T"), ("CLOUD_SDK_AK", "A"), ("CLOUD_SDK_SK", "a")]),
        "HUAWEICLOUD_SDK_AK: not set, but HUAWEICLOUD_SDK_SECURITY_TOKEN is (CLOUD_SDK_AK is set, but belongs to another key); \
         set both"
    );
}

#[test]
fn halves_of_two_keys_are_an_error_that_names_both() {
    assert_eq!(
        message(&[("HUAWEICLOUD_SDK_AK", "AK"), ("HW_SECRET_KEY", "SK")]),
        "HUAWEICLOUD_SDK_SK: not set, but HUAWEICLOUD_SDK_AK is (HW_SECRET_KEY is set, but belongs to another key); set both"
    );
}

#[test]
fn none_at_all_says_what_to_set() {
    let text = message(&[("HUAWEICLOUD_SDK_AK", "")]);
    assert!(text.starts_with("credentials: none of HUAWEICLOUD_SDK_AK, HW_ACCESS_KEY"), "{text}");
}

#[test]
fn a_bad_value_is_an_error_that_names_the_variable_and_never_the_value() {
    let cases = [
        ("value\n", "has a line break in it"),
        ("va\rlue", "has a line break in it"),
        (" value", "has a blank in it"),
        ("value\t", "has a blank in it"),
        ("välue", "has a character in it that no key has"),
        ("val\u{7f}ue", "has a character in it that no key has"),
    ];
    for (value, problem) in cases {
        for name in ["HW_ACCESS_KEY", "HW_SECRET_KEY", "HW_SECURITY_TOKEN", "HW_AUTH_TOKEN"] {
            let mut vars = vec![("HW_ACCESS_KEY", "AK"), ("HW_SECRET_KEY", "SK")];
            vars.retain(|(set, _)| *set != name);
            vars.push((name, value));
            assert_eq!(message(&vars), format!("{name}: {problem}"));
        }
    }
    assert_eq!(Credentials::key("", "SK").unwrap_err().to_string(), "access key: empty");
    assert_eq!(Credentials::token("a b").unwrap_err().to_string(), "token: has a blank in it");
}

#[test]
fn the_debug_text_shows_no_secret() {
    let shown = |credentials: Result<Credentials>| format!("{:?}", credentials.unwrap());
    assert_eq!(shown(Credentials::key("EXAMPLEAK0000000WXYZ", "secret")), "Credentials(access key …WXYZ)");
    assert_eq!(
        shown(Credentials::temporary_key("EXAMPLEAK0000000WXYZ", "secret", "token")),
        "Credentials(temporary access key …WXYZ)"
    );
    assert_eq!(
        shown(Credentials::key("SHORTKEY", "secret")),
        "Credentials(access key …)",
        "half of a short one is too much"
    );
    assert_eq!(shown(Credentials::token("token")), "Credentials(token)");
    let login = Login::from(Credentials::token("topsecret").unwrap());
    assert_eq!(
        format!("{login:?}"),
        "Login { credentials: Credentials(token), region: None, project_id: None, iam_endpoint: None, expires_at: None }"
    );
    let environment = Environment::new([("HW_AUTH_TOKEN", "topsecret")], Some("/home/me".into()));
    assert_eq!(format!("{environment:?}"), "Environment { home: Some(\"/home/me\"), .. }");
    let found = Lookup::new().environment(environment).find().unwrap();
    assert_eq!(format!("{found:?}"), format!("Found {{ origin: \"HW_AUTH_TOKEN\", login: Some({login:?}), .. }}"));
}
