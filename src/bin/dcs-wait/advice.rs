//! What to do about what went wrong: whose fault it looks like, and the next step. Found from an error alone; told with the
//! settings that it concerns.

mod signs;

use std::mem;
use std::time::Duration;

use dcs_wait::text::{duration, one_line};
use dcs_wait::{Error, ServiceError, TransportErrorKind};

use self::signs::{clock_error, how_it_failed, is_a_page, is_uuid, is_wrong_place, says};
use crate::settings::{Setting, Settings};
use crate::verdict::{Ending, Verdict};

/// What it looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Advice {
    /// How, if that is the same for all jobs.
    OperationFailed(Option<String>),
    Unfinished,
    Interrupted,
    NoSuchJob,
    /// An instance's id was given.
    InstanceId(String),
    WrongPlace,
    OtherProject,
    Permission,
    LockedKey,
    /// The machine's clock is behind the answer's, or ahead of it.
    Clock(Duration, bool),
    NoSuchKey,
    RefusedKey,
    /// A page, or a way to one.
    NotTheService,
    ProxyCredentials,
    Certificate,
    /// What answers does not speak TLS.
    NoTls,
    Network,
    Trouble,
    Throttled,
    BadRequest,
}

impl Advice {
    /// For a job that did not succeed.
    pub(crate) fn of(verdict: &Verdict) -> Option<Self> {
        match verdict.ending {
            Ending::Succeeded | Ending::Abandoned => None,
            Ending::Interrupted => Some(Self::Interrupted),
            Ending::Failed => Some(Self::OperationFailed(Some(how_it_failed(verdict.job.as_ref())))),
            Ending::Denied | Ending::NotFound | Ending::Rejected | Ending::Unreachable | Ending::TimedOut => {
                Self::of_error(verdict.error.as_ref()?, &verdict.job_id)
            }
        }
    }

    /// For an error about a job, or about none.
    pub(crate) fn of_error(error: &Error, job_id: &str) -> Option<Self> {
        Some(match error {
            Error::TimedOut(_) | Error::Abandoned(_) => Self::Unfinished,
            Error::Unreachable(known) => match &known.last_error {
                Some(error) => return Self::of_error(error, job_id),
                None => Self::Network,
            },
            Error::Denied(answer) | Error::NotFound(answer) | Error::Rejected(answer) | Error::Unavailable(answer)
                if is_a_page(answer) =>
            {
                Self::NotTheService
            }
            Error::Denied(answer) => Self::of_refusal(answer),
            Error::NotFound(_) | Error::Rejected(_) if is_uuid(job_id) && !is_wrong_place(error) => {
                Self::InstanceId(job_id.to_owned())
            }
            Error::NotFound(_) => Self::NoSuchJob,
            Error::Rejected(_) if is_wrong_place(error) => Self::WrongPlace,
            Error::Rejected(answer) if says(answer, "project") => Self::OtherProject,
            Error::Rejected(_) => Self::BadRequest,
            Error::Unavailable(answer) if answer.http_status == 429 => Self::Throttled,
            Error::Unavailable(_) => Self::Trouble,
            Error::Transport(trouble) => match trouble.kind {
                TransportErrorKind::Certificate => Self::Certificate,
                TransportErrorKind::ProxyAuthentication => Self::ProxyCredentials,
                // The words of the TLS library for an answer in the clear.
                _ if trouble.detail.contains("InvalidContentType") => Self::NoTls,
                _ => Self::Network,
            },
            _ => return None,
        })
    }

    /// For 401 and 403: by the words of the service, as far as they are published, and by its clock.
    fn of_refusal(answer: &ServiceError) -> Self {
        let clock = answer.service_time.filter(|_| answer.http_status == 401).and_then(clock_error);
        match clock {
            _ if says(answer, "reach the limit") || says(answer, "locked") => Self::LockedKey,
            _ if says(answer, "project") && !says(answer, "policy") => Self::OtherProject,
            _ if answer.http_status == 403 => Self::Permission,
            Some((off, is_behind)) => Self::Clock(off, is_behind),
            None if says(answer, "not exist") => Self::NoSuchKey,
            None => Self::RefusedKey,
        }
    }

    /// Whether it is of the same kind, for whatever job.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        mem::discriminant(self) == mem::discriminant(other)
    }

    /// What of it holds for another job as well.
    pub(crate) fn widen(&mut self, other: &Self) {
        if let (Self::OperationFailed(how), Self::OperationFailed(too)) = (self, other)
            && how != too
        {
            *how = None;
        }
    }

    /// In words, with the settings that it concerns.
    pub(crate) fn text(&self, settings: &Settings) -> String {
        let used = |setting: Option<&Setting>, unknown: &str| match setting {
            Some(Setting { value, origin }) => format!("{} (from {})", one_line(value), one_line(origin)),
            None => unknown.to_owned(),
        };
        let by_region = settings.region.as_ref().map(|region| Setting {
            value: format!("dcs.{}.myhuaweicloud.com", region.value),
            origin: region.origin.clone(),
        });
        let endpoint = used(settings.endpoint.as_ref().or(by_region.as_ref()), "the endpoint");
        let project = used(settings.project_id.as_ref(), "the one that IAM has for the region");
        match self {
            Self::OperationFailed(how) => format!(
                "the operation failed on the service's side{}: see to the reason, then start it anew; waiting again does \
                 not help",
                how.as_ref().map(|how| format!(" ({how})")).unwrap_or_default()
            ),
            Self::Unfinished => {
                "nothing is known to be wrong, and the job goes on by itself; wait again, or longer with --timeout"
                    .to_owned()
            }
            Self::Interrupted => "only the wait was interrupted, the job goes on by itself".to_owned(),
            Self::NoSuchJob => format!(
                "the id may be mistyped, of another region, of another project than {project}, or so old that the \
                 service has forgotten the job"
            ),
            Self::InstanceId(id) => format!(
                "{id} looks like the id of an instance; that of a job has no dashes, and is the job_id in the answer of \
                 the call that started the operation"
            ),
            Self::WrongPlace => format!(
                "the configuration looks wrong, not the job: there is no DCS at {endpoint}; take the region in which the \
                 instance is, dcs-wait --explain shows what is used"
            ),
            Self::OtherProject => format!(
                "the project looks wrong, not the key: {project} must be of the region of {endpoint} and of this \
                 account; left out, it is looked up"
            ),
            Self::Permission => format!(
                "the key is good but may not do this: have the permission dcs:job:get granted to its user or agency, in \
                 the project {project}"
            ),
            Self::LockedKey => {
                "the key was refused more than five times in a row, here or elsewhere, and is locked for five \
                 minutes: stop what uses it with a wrong secret, then try again after that time"
                    .to_owned()
            }
            Self::Clock(off, is_behind) => format!(
                "this machine's clock is {} {} that of the answer, and the service bears 15 minutes: set it, for example by \
                 NTP; if the key is refused then too, it is wrong",
                duration(*off),
                if *is_behind { "behind" } else { "ahead of" }
            ),
            Self::NoSuchKey => {
                "the access key looks deleted, or of another site: Huawei Cloud's international, Chinese and \
                 European sites and partners' clouds have accounts of their own"
                    .to_owned()
            }
            Self::RefusedKey => {
                "the secret key looks wrong, or the token or temporary key has ended: get a new one; each try \
                 with a wrong one counts, and more than five lock the key for five minutes"
                    .to_owned()
            }
            Self::NotTheService => format!(
                "that is no answer of the service: a proxy, a firewall or a login page may stand between; see HTTPS_PROXY \
                 and NO_PROXY, and whether {endpoint} may be reached from here"
            ),
            Self::ProxyCredentials => {
                "the proxy wants a user name and a password: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT".to_owned()
            }
            Self::Certificate => {
                "the certificate is of an authority that this machine does not trust, such as a company's \
                 proxy or private cloud has: --ca-cert FILE (PEM) trusts one more root"
                    .to_owned()
            }
            Self::NoTls => {
                "what answers there, or a proxy on the way (HTTPS_PROXY), does not speak TLS: is its address one with \
                 http://? (a proxy's may be so, of the rest only what is on loopback)"
                    .to_owned()
            }
            Self::Network => format!(
                "it looks like the network between here and {endpoint}: its name, a firewall, a proxy (HTTPS_PROXY); the \
                 job goes on by itself"
            ),
            Self::Trouble => {
                "the service has trouble, the job may go on by itself: wait again when it is back, or longer with \
                 --max-outage; a support ticket should name the request id"
                    .to_owned()
            }
            Self::Throttled => {
                "too many requests, of this account or of others that use it: try a lower --max-rate or a \
                 longer --max-interval"
                    .to_owned()
            }
            Self::BadRequest => {
                "the service does not take this request, and asking again does not help: see its message; a \
                 support ticket should name the request id"
                    .to_owned()
            }
        }
    }
}

/// For a setting that is missing or not usable, where more can be said than that.
pub(crate) fn for_setting(error: &Error) -> Option<&'static str> {
    let Error::Invalid(input) = error else { return None };
    if input.name == "credentials" && input.problem.starts_with("none found") {
        return Some(
            "set HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK; in CI, a secret that is not handed to this step is an empty \
             variable; dcs-wait --explain shows where it looked",
        );
    }
    input.problem.ends_with("set both").then_some(
        "a key has two halves, and both come from one place; in CI, a secret that is not handed to this step is an empty \
         variable",
    )
}
