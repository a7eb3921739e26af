//! Files of `/proc` about the machine.

use super::{Global, RELEASE, VERSION};
use crate::process::ThreadState;
use crate::time::Clock;
use crate::world::Kernel;
use model::{ServiceId, VirtualTime};
use std::fmt::Write as _;

/// `net/tcp` and `net/udp` without sockets.
pub(super) const SOCKETS: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  \
                                  timeout inode                                                     \n";
/// `net/tcp6` and `net/udp6` without sockets.
pub(super) const SOCKETS_6: &str = "  sl  local_address                         remote_address                        \
                                    st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
/// `net/route`: everything is in one network.
pub(super) const ROUTES: &str = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
                                 eth0\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0\n";

const INTERFACES: &str = "Inter-|   Receive                                                |  Transmit\n \
    face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier \
    compressed\n    lo:       0       0    0    0    0     0          0         0        0       0    0    0    0     \
    0       0          0\n  eth0:       0       0    0    0    0     0          0         0        0       0    0    \
    0    0     0       0          0\n";

const FLAGS: &str = "fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 \
                     ht syscall nx lm constant_tsc rep_good nopl cpuid pni pclmulqdq ssse3 cx16 sse4_1 sse4_2 popcnt \
                     aes hypervisor lahf_lm";

impl Kernel {
    pub(super) fn render_global(&mut self, service: ServiceId, what: Global) -> String {
        match what {
            Global::CpuInfo => self.cpu_info(service),
            Global::MemInfo => memory_info(self.memory_use(service)),
            Global::Stat => self.machine_stat(service),
            Global::Uptime => {
                let up = self.clock.monotonic() / 10_000_000;
                format!("{0}.{1:02} {0}.{1:02}\n", up / 100, up % 100)
            }
            Global::LoadAverage => {
                let threads = self.threads.keys().filter(|t| t.service == service).count();
                let last = self.next_tid.get(&service).map_or(1, |n| n - 1);
                format!("0.00 0.00 0.00 {}/{threads} {last}\n", self.runnable(service))
            }
            Global::Version => format!("Linux version {RELEASE} (fbsim) {VERSION}\n"),
            Global::Uuid => {
                let mut bytes = [0; 16];
                self.device_random(&mut bytes);
                uuid(bytes)
            }
            Global::BootId => uuid(self.boot_identity(service)),
            Global::HostName => format!("{}\n", self.service(service).name),
            Global::Interfaces => INTERFACES.to_owned(),
            Global::Processors => match self.processors(service) {
                1 => "0\n".to_owned(),
                n => format!("0-{}\n", n - 1),
            },
        }
    }
    fn runnable(&self, service: ServiceId) -> usize {
        self.threads.values().filter(|t| t.id.service == service && t.state == ThreadState::Runnable).count()
    }
    fn cpu_info(&self, service: ServiceId) -> String {
        let (mut out, n) = (String::new(), self.processors(service));
        for i in 0..n {
            let _ = writeln!(
                out,
                "processor\t: {i}\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 60\nmodel name\t: fbsim virtual \
                 processor\nstepping\t: 1\nmicrocode\t: 0x1\ncpu MHz\t\t: 1000.000\ncache size\t: 4096 KB\nphysical \
                 id\t: 0\nsiblings\t: {n}\ncore id\t\t: {i}\ncpu cores\t: {n}\napicid\t\t: {i}\ninitial apicid\t: \
                 {i}\nfpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: 13\nwp\t\t: yes\nflags\t\t: {FLAGS}\nbugs\t\t:\n\
                 bogomips\t: 2000.00\nclflush size\t: 64\ncache_alignment\t: 64\naddress sizes\t: 46 bits physical, 48 \
                 bits virtual\npower management:\n"
            );
        }
        out
    }
    fn machine_stat(&self, service: ServiceId) -> String {
        let ticks = self.clock.monotonic() / 10_000_000;
        let calls: u64 = self.processes.values().filter(|p| p.id.service == service).map(|p| p.calls).sum();
        let busy = (calls / 10_000).min(ticks);
        let n = u64::from(self.processors(service));
        let mut out = format!("cpu  {busy} 0 0 {} 0 0 0 0 0 0\n", ticks * n - busy);
        for i in 0..n {
            let busy = if i == 0 { busy } else { 0 };
            let _ = writeln!(out, "cpu{i} {busy} 0 0 {} 0 0 0 0 0 0", ticks - busy);
        }
        let booted = (VirtualTime::EPOCH.0 - Clock::UPTIME.0) / 1_000_000_000;
        let made = self.next_tid.get(&service).copied().unwrap_or(1);
        let running = self.runnable(service);
        let _ = writeln!(
            out,
            "intr 0\nctxt {calls}\nbtime {booted}\nprocesses {made}\nprocs_running {running}\nprocs_blocked 0\nsoftirq 0 \
             0 0 0 0 0 0 0 0 0 0"
        );
        out
    }
}

/// `meminfo` of a machine with so much memory, of which so much is promised to programs.
fn memory_info((total, used): (u64, u64)) -> String {
    let free = total.saturating_sub(used);
    let rows = [
        ("MemTotal", total),
        ("MemFree", free),
        ("MemAvailable", free),
        ("Buffers", 0),
        ("Cached", 0),
        ("SwapCached", 0),
        ("Active", used),
        ("Inactive", 0),
        ("SwapTotal", 0),
        ("SwapFree", 0),
        ("Dirty", 0),
        ("Writeback", 0),
        ("AnonPages", used),
        ("Mapped", 0),
        ("Shmem", 0),
        ("Slab", 0),
        ("SReclaimable", 0),
        ("SUnreclaim", 0),
        ("PageTables", 0),
        ("CommitLimit", total),
        ("Committed_AS", used),
        ("VmallocTotal", 1 << 45),
        ("VmallocUsed", 0),
    ];
    let mut out = String::new();
    for (name, bytes) in rows {
        let _ = writeln!(out, "{:<16}{:>8} kB", format!("{name}:"), bytes >> 10);
    }
    out.push_str("HugePages_Total:       0\nHugePages_Free:        0\nHugepagesize:       2048 kB\n");
    out
}

/// Random bytes in the form of a version 4 UUID.
fn uuid(mut bytes: [u8; 16]) -> String {
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut out = String::with_capacity(37);
    for (i, byte) in bytes.iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        let _ = write!(out, "{byte:02x}");
    }
    out.push('\n');
    out
}
