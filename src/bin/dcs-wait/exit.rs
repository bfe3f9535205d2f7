//! The exit statuses, and which one several outcomes make.

use std::process::ExitCode;

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
