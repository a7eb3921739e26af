//! How many arguments system calls have. What is in the other registers is no argument: it is nowhere told, only hashed
//! with all registers.

/// By count from 0 to 5; every other call has six. syscalls(2)
const BY_COUNT: [&[u16]; 6] = [
    &[
        15,  // rt_sigreturn
        24,  // sched_yield
        34,  // pause
        39,  // getpid
        57,  // fork
        58,  // vfork
        102, // getuid
        104, // getgid
        107, // geteuid
        108, // getegid
        110, // getppid
        111, // getpgrp
        112, // setsid
        152, // munlockall
        162, // sync
        186, // gettid
        219, // restart_syscall
        253, // inotify_init
    ],
    &[
        3,   // close
        12,  // brk
        22,  // pipe
        32,  // dup
        37,  // alarm
        60,  // exit
        63,  // uname
        74,  // fsync
        75,  // fdatasync
        80,  // chdir
        81,  // fchdir
        84,  // rmdir
        87,  // unlink
        95,  // umask
        99,  // sysinfo
        100, // times
        105, // setuid
        106, // setgid
        121, // getpgid
        124, // getsid
        135, // personality
        151, // mlockall
        161, // chroot
        201, // time
        213, // epoll_create
        218, // set_tid_address
        225, // timer_getoverrun
        226, // timer_delete
        231, // exit_group
        284, // eventfd
        291, // epoll_create1
        294, // inotify_init1
        306, // syncfs
    ],
    &[
        4,   // stat
        5,   // fstat
        6,   // lstat
        11,  // munmap
        21,  // access
        33,  // dup2
        35,  // nanosleep
        36,  // getitimer
        48,  // shutdown
        50,  // listen
        62,  // kill
        68,  // msgget
        73,  // flock
        76,  // truncate
        77,  // ftruncate
        79,  // getcwd
        82,  // rename
        83,  // mkdir
        85,  // creat
        86,  // link
        88,  // symlink
        90,  // chmod
        91,  // fchmod
        96,  // gettimeofday
        97,  // getrlimit
        98,  // getrusage
        109, // setpgid
        113, // setreuid
        114, // setregid
        115, // getgroups
        116, // setgroups
        125, // capget
        126, // capset
        127, // rt_sigpending
        130, // rt_sigsuspend
        131, // sigaltstack
        132, // utime
        137, // statfs
        138, // fstatfs
        149, // mlock
        150, // munlock
        158, // arch_prctl
        160, // setrlimit
        200, // tkill
        224, // timer_gettime
        227, // clock_settime
        228, // clock_gettime
        229, // clock_getres
        235, // utimes
        273, // set_robust_list
        283, // timerfd_create
        287, // timerfd_gettime
        290, // eventfd2
        293, // pipe2
        319, // memfd_create
        324, // membarrier
        435, // clone3
    ],
    &[
        0,   // read
        1,   // write
        2,   // open
        7,   // poll
        8,   // lseek
        10,  // mprotect
        16,  // ioctl
        19,  // readv
        20,  // writev
        26,  // msync
        27,  // mincore
        28,  // madvise
        29,  // shmget
        30,  // shmat
        38,  // setitimer
        41,  // socket
        42,  // connect
        43,  // accept
        46,  // sendmsg
        47,  // recvmsg
        49,  // bind
        51,  // getsockname
        52,  // getpeername
        59,  // execve
        65,  // semop
        72,  // fcntl
        78,  // getdents
        89,  // readlink
        92,  // chown
        93,  // fchown
        94,  // lchown
        117, // setresuid
        118, // getresuid
        119, // setresgid
        120, // getresgid
        203, // sched_setaffinity
        204, // sched_getaffinity
        217, // getdents64
        222, // timer_create
        234, // tgkill
        254, // inotify_add_watch
        258, // mkdirat
        263, // unlinkat
        266, // symlinkat
        268, // fchmodat
        269, // faccessat
        274, // get_robust_list
        282, // signalfd
        285, // fallocate
        292, // dup3
        309, // getcpu
        318, // getrandom
        436, // close_range
        437, // openat2
    ],
    &[
        13,  // rt_sigaction
        14,  // rt_sigprocmask
        17,  // pread64
        18,  // pwrite64
        40,  // sendfile
        53,  // socketpair
        61,  // wait4
        128, // rt_sigtimedwait
        221, // fadvise64
        223, // timer_settime
        230, // clock_nanosleep
        232, // epoll_wait
        233, // epoll_ctl
        257, // openat
        262, // newfstatat
        264, // renameat
        267, // readlinkat
        277, // sync_file_range
        280, // utimensat
        286, // timerfd_settime
        288, // accept4
        289, // signalfd4
        297, // rt_tgsigqueueinfo
        302, // prlimit64
        307, // sendmmsg
        334, // rseq
        439, // faccessat2
    ],
    &[
        23,  // select
        25,  // mremap
        54,  // setsockopt
        55,  // getsockopt
        56,  // clone
        157, // prctl
        247, // waitid
        260, // fchownat
        265, // linkat
        271, // ppoll
        295, // preadv
        296, // pwritev
        299, // recvmmsg
        303, // name_to_handle_at
        316, // renameat2
        322, // execveat
        332, // statx
    ],
];

const COUNTS: [u8; 512] = {
    let mut counts = [6; 512];
    let mut count = 0;
    while count < BY_COUNT.len() {
        let mut i = 0;
        while i < BY_COUNT[count].len() {
            counts[BY_COUNT[count][i] as usize] = count as u8;
            i += 1;
        }
        count += 1;
    }
    counts
};

/// How many arguments the call of this number has; six if it is not known.
pub fn argument_count(number: u16) -> usize {
    COUNTS.get(usize::from(number)).map_or(6, |count| usize::from(*count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_have_as_many_arguments_as_their_manual_says() {
        for (number, count) in [(0, 3), (3, 1), (9, 6), (39, 0), (56, 5), (202, 6), (257, 4), (511, 6), (9999, 6)] {
            assert_eq!(argument_count(number), count, "call {number}");
        }
    }
}
