//! The exit statuses, and which one several outcomes make.

use std::process::ExitCode;

/// The section of `--help` about them.
pub(crate) const HELP: &str = "\
Exit status:
  0    every job succeeded (with --any: one did)
  1    a job failed
  2    usage or configuration: bad option, no credentials, unreadable id
  3    denied: authentication or permission
  4    no such job, or the service rejects the request
  5    no usable answer: unreachable or unavailable for longer than allowed, certificate not trusted
  124  the deadline passed and a job was still unfinished
  130  interrupted (SIGINT)
  143  terminated (SIGTERM)
With several jobs the lowest of 1, 3, 4, 5, 124 wins; those that --any or --fail-fast gave up do not count;
an interruption always gives 130 or 143.";

/// How the command ends. Ordered: of several, the least but `Success` is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    Success,
    JobFailed,
    Usage,
    Denied,
    Rejected,
    Unreachable,
    TimedOut,
    Interrupted,
    /// The reader of standard output has gone: as if by SIGPIPE.
    ClosedPipe,
    Terminated,
}

impl Exit {
    pub(crate) fn status(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::JobFailed => 1,
            Self::Usage => 2,
            Self::Denied => 3,
            Self::Rejected => 4,
            Self::Unreachable => 5,
            Self::TimedOut => 124,
            Self::Interrupted => 130,
            Self::ClosedPipe => 141,
            Self::Terminated => 143,
        }
    }

    /// The exit of several.
    pub(crate) fn of(all: impl IntoIterator<Item = Self>) -> Self {
        all.into_iter().filter(|exit| *exit != Self::Success).min().unwrap_or(Self::Success)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.status())
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn with_several_jobs_the_lowest_status_but_zero_wins() {
        assert_eq!(Exit::of([]), Exit::Success);
        assert_eq!(Exit::of([Exit::Success, Exit::Success]), Exit::Success);
        assert_eq!(Exit::of([Exit::TimedOut, Exit::Success, Exit::Unreachable, Exit::Denied]), Exit::Denied);
        assert_eq!(Exit::of([Exit::Rejected, Exit::JobFailed]), Exit::JobFailed);
    }
}
