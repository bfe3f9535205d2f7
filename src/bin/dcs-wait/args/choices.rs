//! What can be chosen by a word.

use clap::ValueEnum;
use dcs_wait::SourceKind;

/// Where credentials are taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Source {
    /// env, then profile, then koocli; touches no network
    Auto,
    /// environment variables
    Env,
    /// the SDKs' ~/.huaweicloud/credentials
    Profile,
    /// KooCLI's ~/.hcloud/config.json
    Koocli,
    /// the agency of this instance
    Metadata,
}

impl Source {
    pub(crate) fn kind(self) -> Option<SourceKind> {
        match self {
            Self::Auto => None,
            Self::Env => Some(SourceKind::Env),
            Self::Profile => Some(SourceKind::Profile),
            Self::Koocli => Some(SourceKind::KooCli),
            Self::Metadata => Some(SourceKind::Metadata),
        }
    }
}

/// What stands on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// a line a job: id, status, type, duration
    Text,
    /// an object a job
    Json,
    /// an object a step
    Events,
}

/// What stands on standard error while it waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Progress {
    /// drawn at a terminal, lines elsewhere and where CI is set
    Auto,
    /// a line whenever something changes, nothing is drawn; for screen readers
    Plain,
    /// nothing
    None,
}
