//! What the system gives this process, and what it must not keep of it.

use std::io;

/// So many files are open at most before the first connection: the runtime's, its signals', a reply of the resolver.
#[cfg(unix)]
const DESCRIPTORS: usize = 8;

/// Access keys are in memory: a core file would show them.
pub(crate) fn leave_no_core_file() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        // Where even this is forbidden, nothing better can be done.
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    }
    // A core that is handed to a program knows no limit of its size.
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// Whether enough files can be opened to begin with. What has begun bears that there are none.
///
/// # Errors
///
/// What the system says.
pub(crate) fn check_descriptors() -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd as _;
        let stdin = io::stdin();
        let more: io::Result<Vec<_>> = (0..DESCRIPTORS).map(|_| stdin.as_fd().try_clone_to_owned()).collect();
        more?;
    }
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};

    #[test]
    fn neither_a_file_nor_a_program_gets_a_core() {
        super::leave_no_core_file();
        assert_eq!(getrlimit(Resource::Core).current, Some(0));
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
    }
}
