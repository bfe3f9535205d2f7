//! What the system gives this process, and what it must not keep of it.

use std::fs::File;
use std::io;

/// So many files are open at most before the first connection: the runtime's, its signals', a reply of the resolver.
const DESCRIPTORS: usize = 8;

/// Access keys are in memory: a core file would show them.
pub(crate) fn leave_no_core_file() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        // Where even this is forbidden, nothing better can be done.
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    }
}

/// Whether enough files can be opened to begin with. What has begun bears that there are none.
///
/// # Errors
///
/// What the system says.
pub(crate) fn check_descriptors() -> io::Result<()> {
    let file = if cfg!(unix) { File::open("/dev/null")? } else { return Ok(()) };
    let more: io::Result<Vec<File>> = (1..DESCRIPTORS).map(|_| file.try_clone()).collect();
    more.map(drop)
}
