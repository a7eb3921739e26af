//! `/sys`: the processors and the few switches that runtimes look at.

use super::proc::Global;
use super::virt::{Fixed, Made, Text};

/// The directory with one subdirectory per processor.
pub(crate) const PROCESSORS: &str = "/sys/devices/system/cpu";

/// What is in `/sys`, besides the processors. There is one memory node and so no `node` directory, and no cgroup.
pub(crate) const FILES: &[Fixed] = &[
    global("/sys/devices/system/cpu/online", Global::Processors),
    global("/sys/devices/system/cpu/possible", Global::Processors),
    global("/sys/devices/system/cpu/present", Global::Processors),
    text("/sys/devices/system/cpu/kernel_max", "8191\n"),
    text("/sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]\n"),
    text("/sys/kernel/mm/transparent_hugepage/defrag", "always defer defer+madvise madvise [never]\n"),
    text("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size", "2097152\n"),
    text("/sys/kernel/mm/transparent_hugepage/shmem_enabled", "always within_size advise [never] deny force\n"),
    Fixed { path: "/sys/fs/cgroup", mode: 0o555, made: Made::Empty },
];

const fn global(path: &'static str, what: Global) -> Fixed {
    Fixed { path, mode: 0o444, made: Made::Text(Text::Global(what)) }
}
const fn text(path: &'static str, what: &'static str) -> Fixed {
    Fixed { path, mode: 0o444, made: Made::Text(Text::Constant(what)) }
}
