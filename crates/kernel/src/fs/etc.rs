//! Files of `/etc` that describe the machine: the host's own would leak it into the run.

use crate::world::Kernel;
use model::ServiceId;
use model::plan::User;
use std::fmt::Write as _;

/// Names that are absent even if the image has them: the zone is UTC and nothing is preloaded.
pub(super) const ABSENT: [&str; 3] = ["localtime", "timezone", "ld.so.preload"];

impl Kernel {
    /// The files of `/etc` that every service has of its own.
    pub(super) fn etc_files(&self, service: ServiceId) -> [(&'static str, String); 7] {
        let mut hosts = "127.0.0.1\tlocalhost\n".to_owned();
        for (i, host) in self.config.hosts.iter().enumerate() {
            let address = self.net.address(ServiceId(i as u16)).to_be_bytes();
            let [a, b, c, d] = address;
            let _ = writeln!(hosts, "{a}.{b}.{c}.{d}\t{}", host.name);
        }
        let User { name, uid, gid, home } = self.user(service);
        let passwd = format!(
            "root:x:0:0:root:/root:/bin/sh\n{name}:x:{uid}:{gid}:{name}:{home}:/bin/sh\n\
             nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
        );
        let identity = self.boot_identity(service).iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        [
            ("hosts", hosts),
            ("hostname", format!("{}\n", self.service(service).name)),
            ("resolv.conf", "nameserver 127.0.0.1\n".to_owned()),
            (
                "nsswitch.conf",
                "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nnetworks: files\nprotocols: files\n\
                 services: files\n"
                    .to_owned(),
            ),
            ("passwd", passwd),
            ("group", format!("root:x:0:\ntty:x:5:\n{name}:x:{gid}:\nnogroup:x:65534:\n")),
            ("machine-id", format!("{identity}\n")),
        ]
    }
}
