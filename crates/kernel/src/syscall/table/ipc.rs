//! System V interprocess communication.

use super::{Row, emulated};
use crate::ipc;

pub(super) const ROWS: &[Row] = &[
    emulated(29, "shmget", ipc::shmget),
    emulated(30, "shmat", ipc::shmat),
    emulated(31, "shmctl", ipc::shmctl),
    emulated(64, "semget", ipc::semget),
    emulated(65, "semop", ipc::semop),
    emulated(66, "semctl", ipc::semctl),
    emulated(67, "shmdt", ipc::shmdt),
    emulated(68, "msgget", ipc::msgget),
    emulated(69, "msgsnd", ipc::msgsnd),
    emulated(70, "msgrcv", ipc::msgrcv),
    emulated(71, "msgctl", ipc::msgctl),
    emulated(220, "semtimedop", ipc::semtimedop),
];
